// The administrator's invitations.

import { create, get, remove } from './api.js';
import { busyWhile, byId, h, say } from './dom.js';
import { onSubmit } from './form.js';
import { ago } from './format.js';
import { secretCard } from './secret.js';
import { attempt } from './session.js';

export function startInvites() {
  const form = byId('invite-form');
  const list = byId('invite-list');
  const message = byId('invite-message');

  async function load() {
    const page = await attempt(message, () => get('invites'));
    if (!page)
      return;
    list.replaceChildren(...page.items.map(row));
    list.hidden = page.items.length === 0;
  }

  function row(invite) {
    const name = `${invite.tier} ${invite.role}`;
    return h('li', {},
      h('span', { class: 'icon', 'data-icon': 'letter' }),
      h('div', {},
        h('p', {}, h('b', {}, name), ' ', invite.used_at && h('span', { class: 'badge good' }, 'used')),
        h('p', { class: 'hint' }, 'made ', ago(invite.created_at), ' · ',
          ...(invite.used_at ? ['used ', ago(invite.used_at)] : ['expires ', ago(invite.expires_at)]))),
      !invite.used_at && h('button', {
        class: 'button small', type: 'button', 'aria-label': `Revoke the invitation for a ${name}`,
        click: ({ currentTarget }) => busyWhile(currentTarget, () => attempt(message, async () => {
          await remove(`invites/${invite.id}`);
          byId('new-invite').replaceChildren();
          await load();
          say(message, 'The invitation is revoked.');
          form.querySelector('.button').focus(); // the one that had it is gone
        })),
      }, 'Revoke'));
  }

  onSubmit(form, async (values) => {
    const invite = await create('invites', {
      tier: values.get('tier'), role: values.get('role'), expires_in: Number(values.get('expires_in')),
    });
    byId('new-invite').replaceChildren(secretCard('Your new invitation', 'link', invite.url));
    byId('new-invite').firstChild.focus();
    await load();
  });

  load();
}
