import { get } from './api.js';
import { byId } from './dom.js';
import { startAccounts } from './accounts.js';
import { startInvites } from './invites.js';
import { attempt, requireAccount } from './session.js';

const message = byId('message');
const account = await requireAccount(message, 'admin');

function showTab() {
  const wanted = location.hash === '#invitations' ? 'invitations' : 'accounts';
  for (const link of document.querySelectorAll('.tabs a')) {
    const name = link.hash.slice(1);
    byId(name).hidden = name !== wanted;
    if (name === wanted)
      link.setAttribute('aria-current', 'page');
    else
      link.removeAttribute('aria-current');
  }
}

addEventListener('hashchange', showTab);
showTab();
startAccounts(account);
startInvites();

const MODES = {
  open: '; on this server anybody may without one',
  invite: ', and nobody signs up without one',
  closed: ', but this server takes no new accounts now',
};
const server = await attempt(message, () => get('server'));
byId('signup-mode').textContent = MODES[server?.signup] ?? '';
