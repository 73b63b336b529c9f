import { Problem, create, get, post } from './api.js';
import { byId, say } from './dom.js';
import { addReveals, onSubmit } from './form.js';
import { attempt, enter, leave } from './session.js';

const form = byId('signup');
const mode = byId('mode');

// An invitation comes in the fragment, which no server sees. It leaves the address bar, but outlives a reload.
const fragment = new URLSearchParams(location.hash.slice(1)).get('invite');
if (fragment)
  history.replaceState({ invite: fragment }, '', location.pathname);
const invite = history.state?.invite;

addReveals();
byId('origin').textContent = location.host;
form.elements.name.addEventListener('input', ({ target }) => {
  byId('slug').textContent = target.value || 'name';
});

onSubmit(form, async (values) => {
  const { name, email, password } = Object.fromEntries(values);
  try {
    await create('accounts', { name, email, password, ...(invite && { invite }) });
  } catch (problem) {
    if (problem.field !== 'invite')
      throw problem;
    throw new Problem(403, { detail: `this invitation ${problem.detail}: ask for another` });
  }
  history.replaceState(null, '', location.pathname);
  try {
    await post('sessions', { email, password });
  } catch {
    leave('/login', 'Your account is made. Log in to begin.');
    return;
  }
  enter();
});

const server = await attempt(mode, () => get('server'));
if (server?.signup === 'closed') {
  say(mode, 'This server takes no new accounts.', 'plain');
} else if (server?.signup === 'invite' && !invite) {
  say(mode, 'Signing up takes an invitation here. Ask whoever runs this server for a link, and open it.', 'plain');
} else if (server) {
  form.hidden = false;
  if (invite)
    say(mode, 'You are invited. Choose a name and a password.', 'good');
}
