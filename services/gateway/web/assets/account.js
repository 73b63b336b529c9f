import { patch, post, remove } from './api.js';
import { byId } from './dom.js';
import { addReveals, fault, onSubmit } from './form.js';
import { date } from './format.js';
import { attempt, leave, requireAccount } from './session.js';
import { startSessions } from './sessions.js';
import { startTokens } from './tokens.js';

const message = byId('message');
addReveals();
let account = await requireAccount(message);

function show({ name, tier, role, created_at: since, email }) {
  byId('profile-name').textContent = name;
  byId('profile-tier').textContent = tier;
  byId('profile-role').textContent = role === 'admin' ? 'administrator' : role;
  byId('profile-since').replaceChildren(date(since));
  byId('email').value = email ?? '';
  byId('username').value = email ?? '';
}

show(account);

onSubmit(byId('email-form'), async (values) => {
  ({ account } = await patch('accounts/me', Object.fromEntries(values)));
  show(account);
  return 'Saved.';
});

const sessions = startSessions();
startTokens(account);

const passwordForm = byId('password-form');
onSubmit(passwordForm, async (values) => {
  await post('accounts/me/password', Object.fromEntries(values));
  passwordForm.reset();
  byId('username').value = account.email ?? '';
  sessions.load();
  return 'Changed. Other sessions have ended.';
});

const dialog = byId('delete-dialog');
const deleteForm = byId('delete-form');
byId('confirm-expected').textContent = account.name;
byId('delete-account').addEventListener('click', () => {
  deleteForm.reset();
  dialog.showModal();
});
dialog.querySelector('[data-close]').addEventListener('click', () => dialog.close());
onSubmit(deleteForm, async (values) => {
  if (values.get('confirm') !== account.name)
    throw fault('confirm', `Type ${account.name}, exactly.`);
  await remove('accounts/me');
  leave('/', 'Your account is deleted.');
});
