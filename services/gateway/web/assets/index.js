import { get } from './api.js';
import { byId } from './dom.js';
import { attempt, loggedInBefore, sayNote } from './session.js';

const MODES = {
  invite: 'Signing up takes an invitation: a link from whoever runs this server.',
  closed: 'This server takes no new accounts.',
};

if (loggedInBefore())
  location.replace('/account');
sayNote(byId('message'));

const server = await attempt(byId('message'), () => get('server'));
byId('signup-mode').textContent = MODES[server?.signup] ?? '';
if (server && server.signup !== 'open') {
  byId('hero-signup').remove();
  byId('nav-signup').remove();
  document.querySelector('.hero .button').classList.add('primary');
}
