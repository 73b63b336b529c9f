// The account page's list of browsers.

import { get, remove } from './api.js';
import { busyWhile, byId, confirmed, h, say } from './dom.js';
import { ago, browser, isPhone } from './format.js';
import { attempt, leave } from './session.js';

export function startSessions() {
  const list = byId('session-list');
  const message = byId('session-message');

  async function load() {
    const page = await attempt(message, () => get('sessions'));
    if (page)
      list.replaceChildren(...page.items.map(row));
  }

  function row(session) {
    const name = browser(session.agent);
    return h('li', {},
      h('span', { class: 'icon', 'data-icon': isPhone(session.agent) ? 'phone' : 'computer' }),
      h('div', {},
        h('p', {}, h('b', { title: session.agent }, name), ' ',
          session.current && h('span', { class: 'badge good' }, 'this one')),
        h('p', { class: 'hint' }, session.address, ' · used ', ago(session.last_used_at ?? session.created_at),
          ' · since ', ago(session.created_at))),
      !session.current && h('button', {
        class: 'button small', type: 'button', 'aria-label': `Revoke ${name}, ${session.address}`,
        click: ({ currentTarget }) => busyWhile(currentTarget, () => attempt(message, async () => {
          await remove(`sessions/${session.id}`);
          await load();
          say(message, `${name} is logged out.`);
          byId('revoke-sessions').focus(); // the button that had it is gone
        })),
      }, 'Revoke'));
  }

  byId('revoke-sessions').addEventListener('click', async ({ currentTarget }) => {
    if (!await confirmed('Log out everywhere?', 'Every browser is logged out, this one too. Tokens stay.', 'Log out everywhere'))
      return;
    await busyWhile(currentTarget, () => attempt(message, async () => {
      await remove('sessions');
      leave('/', 'You are logged out everywhere.');
    }));
  });

  load();
  return { load };
}
