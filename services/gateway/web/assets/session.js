// Who is logged in. The cookie is out of a script's reach; this browser remembers only that there was a login, so
// that a stranger's visit asks the server nothing.

import { Problem, explain, get, remove } from './api.js';
import { busyWhile, byId, say } from './dom.js';

const MARK = 'pierrot.logged-in';
const NOTE = 'pierrot.note';
const PAGES = /^\/(account|admin|events(\/[0-9a-f-]{36})?)$/; // where a login may lead to

export const loggedInBefore = () => localStorage.getItem(MARK) !== null;

/** After a login: to the page that asked for it. */
export function enter() {
  localStorage.setItem(MARK, '1');
  const asked = new URLSearchParams(location.search).get('next');
  location.assign(PAGES.test(asked) ? asked : '/account');
}

/** To another page, which says the note. */
export function goTo(to, note = '') {
  sessionStorage.setItem(NOTE, note);
  location.assign(to);
}

/** The same, when the session is over. */
export function leave(to, note) {
  localStorage.removeItem(MARK);
  goTo(to, note);
}

/** What the page before wanted said here. */
export function sayNote(region) {
  const note = sessionStorage.getItem(NOTE);
  sessionStorage.removeItem(NOTE);
  if (note)
    say(region, note, 'plain');
}

export function toLogin() {
  leave(`/login?next=${location.pathname}`, 'Please log in.');
}

/** The account that is logged in, of that role if one is given. Where there is none this never ends: another page
 *  comes, or the region says why not. */
export async function requireAccount(region, role) {
  const answer = await attempt(region, () => get('accounts/me'));
  const account = answer?.account;
  if (account && role && account.role !== role)
    location.replace('/account');
  else if (account)
    return begin(account, region);
  return new Promise(() => {});
}

function begin(account, region) {
  byId('nav-admin').hidden = account.role !== 'admin';
  byId('logout').addEventListener('click', ({ currentTarget }) => busyWhile(currentTarget, () => attempt(region, async () => {
    await remove('sessions/current');
    leave('/', 'You are logged out.');
  })));
  document.querySelector('main').removeAttribute('aria-busy');
  addEventListener('pageshow', ({ persisted }) => persisted && location.reload()); // "back", after logging out
  return account;
}

/** What work returns; a Problem is said in the region, or leads to the login, and gives undefined. */
export async function attempt(region, work) {
  try {
    return await work();
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 401)
      toLogin();
    else
      say(region, explain(problem), 'bad');
    return undefined;
  }
}
