// The account page's API tokens.

import { create, get, remove } from './api.js';
import { busyWhile, byId, confirmed, h, say } from './dom.js';
import { fault, onSubmit } from './form.js';
import { ago } from './format.js';
import { secretCard } from './secret.js';
import { attempt } from './session.js';

export function startTokens(account) {
  const form = byId('token-form');
  const list = byId('token-list');
  const message = byId('token-message');
  byId('scope-admin').hidden = account.role !== 'admin';

  async function load() {
    const page = await attempt(message, () => get('tokens'));
    if (!page)
      return;
    list.replaceChildren(...page.items.map(row));
    list.hidden = page.items.length === 0;
  }

  function row(token) {
    return h('li', {},
      h('span', { class: 'icon', 'data-icon': 'key' }),
      h('div', {},
        h('p', {}, h('b', {}, token.name), ' ', ...token.scopes.flatMap((scope) => [h('span', { class: 'badge' }, scope), ' '])),
        h('p', { class: 'hint' }, ...(token.last_used_at ? ['used ', ago(token.last_used_at)] : ['never used']),
          ' · made ', ago(token.created_at), ' · expires ', ago(token.expires_at))),
      h('button', {
        class: 'button small', type: 'button', 'aria-label': `Revoke ${token.name}`,
        click: ({ currentTarget }) => revoke(token, currentTarget),
      }, 'Revoke'));
  }

  async function revoke(token, button) {
    if (!await confirmed(`Revoke “${token.name}”?`, 'Programs that use it are refused from now on.', 'Revoke'))
      return;
    await busyWhile(button, () => attempt(message, async () => {
      await remove(`tokens/${token.id}`);
      byId('new-token').replaceChildren();
      await load();
      say(message, `${token.name} is revoked.`);
      form.querySelector('.button').focus(); // the one that had it is gone
    }));
  }

  onSubmit(form, async (values) => {
    const scopes = values.getAll('scopes');
    if (scopes.length === 0)
      throw fault('scopes', 'Choose at least one.');
    const token = await create('tokens', {
      name: values.get('name').trim(), scopes, expires_in: Number(values.get('expires_in')),
    });
    form.reset();
    byId('new-token').replaceChildren(secretCard(`Your new token: ${token.name}`, 'token', token.token,
      scopes.includes('read') && `curl -H 'Authorization: Bearer ${token.token}' ${location.origin}/api/accounts/me`));
    byId('new-token').firstChild.focus();
    await load();
  });

  load();
}
