// The administrator's table of accounts: found by part of a name or address, changed where they stand.

import { explain, get, patch } from './api.js';
import { byId, confirmed, h, say } from './dom.js';
import { date } from './format.js';
import { attempt } from './session.js';

const PAGE = 50;
const TYPING_MS = 250;

export function startAccounts(self) {
  const rows = byId('account-rows');
  const message = byId('message');
  const older = byId('older');
  const newer = byId('newer');
  const search = byId('search');
  let cursors = [null]; // of the pages up to the one shown
  let next = null;

  async function load() {
    const query = new URLSearchParams({ limit: PAGE });
    const cursor = cursors.at(-1);
    const wanted = search.value.trim();
    if (wanted)
      query.set('search', wanted);
    if (cursor)
      query.set('cursor', cursor);
    const page = await attempt(message, () => get(`accounts?${query}`));
    if (!page || wanted !== search.value.trim() || cursor !== cursors.at(-1))
      return; // overtaken by a later question
    next = page.next_cursor;
    rows.replaceChildren(...page.items.map(row));
    rows.closest('table').hidden = page.items.length === 0;
    byId('accounts-empty').hidden = page.items.length > 0;
    older.disabled = !next;
    newer.disabled = cursors.length === 1;
    byId('page-number').textContent = cursors.length > 1 || next ? `Page ${cursors.length}` : '';
  }

  function row(account) {
    const you = account.id === self.id;
    return h('tr', { role: 'row' },
      h('th', { role: 'rowheader', scope: 'row' },
        h('b', {}, account.name), you && h('span', { class: 'badge good' }, 'you'),
        h('span', { class: 'hint' }, account.email ?? 'no address: cannot log in')),
      cell('Tier', choice(account, 'tier', ['free', 'premium', 'business'])),
      cell('Role', choice(account, 'role', ['user', 'admin'])),
      cell('Disabled', h('input', {
        type: 'checkbox', class: 'switch', role: 'switch', 'aria-label': `${account.name} is disabled`, checked: account.disabled,
        change: ({ target }) => change(account, { disabled: target.checked }, target),
      })),
      cell('Since', date(account.created_at)));
  }

  function choice(account, member, values) {
    return h('select', {
      'aria-label': `${member} of ${account.name}`,
      change: ({ target }) => change(account, { [member]: target.value }, target),
    }, ...values.map((value) => h('option', { selected: value === account[member] }, value)));
  }

  async function change(account, changes, control) {
    if (await allowed(account, changes)) {
      try {
        Object.assign(account, (await patch(`accounts/${account.id}`, changes)).account);
        say(message, `${account.name} is now ${state(account, changes)}.`);
      } catch (problem) {
        say(message, `${account.name}: ${explain(problem)}`, 'bad');
      }
    }
    const [member] = Object.keys(changes); // the control shows what is so
    if (member === 'disabled')
      control.checked = account.disabled;
    else
      control.value = account[member];
  }

  function allowed(account, changes) {
    const loses = changes.disabled || changes.role === 'user';
    return account.id !== self.id || !loses ||
      confirmed('Shut yourself out?', 'This is your own account: you will not be an administrator any more.', 'Do it');
  }

  function turn(pages) {
    cursors = pages;
    load();
  }

  let typing;
  search.addEventListener('input', () => {
    clearTimeout(typing);
    typing = setTimeout(turn, TYPING_MS, [null]);
  });
  byId('search-form').addEventListener('submit', (event) => event.preventDefault());
  older.addEventListener('click', () => turn([...cursors, next]));
  newer.addEventListener('click', () => turn(cursors.slice(0, -1)));
  load();
}

// The label is the column's name, which a phone shows beside the value.
function cell(label, content) {
  return h('td', { role: 'cell', 'data-label': label }, content);
}

function state(account, changes) {
  if ('disabled' in changes)
    return account.disabled ? 'disabled' : 'enabled';
  if ('role' in changes)
    return account.role === 'admin' ? 'an administrator' : 'a user';
  return account.tier;
}
