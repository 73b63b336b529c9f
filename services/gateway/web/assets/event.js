// One event: its head, and the tabs below it.

import { get } from './api.js';
import { byId, copyButton, h, say } from './dom.js';
import { startCodes } from './event-codes.js';
import { startPhotos } from './event-photos.js';
import { startSettings } from './event-settings.js';
import { askStay, endOf, stay } from './extend.js';
import { count, moment } from './format.js';
import { attempt, goTo, requireAccount } from './session.js';

const TICK_MS = 10_000;
const TABS = ['photos', 'codes', 'settings'];

const [, , id] = location.pathname.split('/');
const message = byId('message');

await requireAccount(message);

/** What the parts of the page share: the event as it was last heard of. */
const page = {
  id,
  event: null,
  /** It has changed. */
  set(event) {
    page.event = { ...page.event, ...event };
    show();
    for (const listener of listeners)
      listener(page.event);
  },
  heard(listener) {
    listeners.push(listener);
  },
  path: (rest = '') => `events/${id}${rest}`,
  /** Without the jump that following a link would be. */
  showTab(name) {
    if (name === tab())
      return;
    history.pushState(null, '', `#${name}`);
    showTab();
  },
};
const listeners = [];
let photoCount = null;

function show() {
  const { event } = page;
  document.title = `${event.name} · Pierrot`;
  byId('event-name').textContent = event.name;
  const link = byId('public-link');
  if (link.href !== event.public_url) {
    link.href = event.public_url;
    link.textContent = event.public_url.replace(/^https?:\/\//, '');
    byId('public-buttons').replaceChildren(copyButton(event.public_url, 'link'), share(event));
  }
  tick();
}

function share({ name, public_url: url }) {
  if (!navigator.share)
    return '';
  return h('button', {
    class: 'button small', type: 'button', 'data-icon': 'share',
    click: () => navigator.share({ title: name, url }).catch(() => {}), // whoever closes the sheet has not failed
  }, 'Share');
}

function tick() {
  const { event } = page;
  const { text, tone } = stay(event);
  byId('event-facts').textContent = `${count(photoCount ?? event.photos, 'photo')} · ${
    tone === 'over' ? 'closed for guests' : `${text}, until ${moment(endOf(event))}`}`;
  byId('warning').hidden = tone === '';
  byId('warning').dataset.tone = tone;
  const said = {
    soon: `It closes in ${text.replace(' left', '')}, and its photos are deleted.`,
    urgent: `It closes in ${text.replace(' left', '')}, and its photos are deleted.`,
    over: 'Guests are shut out. Its photos are deleted soon, unless you extend it now.',
  }[tone] ?? '';
  if (byId('warning-text').textContent !== said)
    byId('warning-text').textContent = said;
}

async function prolong() {
  const event = await askStay(page.event);
  if (!event)
    return;
  page.set(event);
  say(message, `Saved: ${stay(event).text}.`);
}

function tab() {
  const asked = location.hash.slice(1);
  return TABS.includes(asked) ? asked : 'photos';
}

function showTab() {
  const wanted = tab();
  for (const link of document.querySelectorAll('.tabs a')) {
    const name = link.hash.slice(1);
    byId(name).hidden = name !== wanted;
    if (name === wanted)
      link.setAttribute('aria-current', 'page');
    else
      link.removeAttribute('aria-current');
  }
  say(message, '');
}

async function begin() {
  try {
    return (await get(page.path())).event;
  } catch (problem) {
    if (problem.status !== 404)
      throw problem;
    leaveFor('This event is not there any more.');
    return new Promise(() => {});
  }
}

const leaveFor = (note) => goTo('/events', note);

const event = await attempt(message, begin);
if (event) {
  page.set(event);
  addEventListener('popstate', showTab);
  addEventListener('click', (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link || !TABS.includes(link.hash.slice(1)))
      return;
    event.preventDefault();
    page.showTab(link.hash.slice(1));
  });
  showTab();
  setInterval(tick, TICK_MS);
  for (const button of ['warning-extend', 'change-stay'])
    byId(button).addEventListener('click', prolong);
  startSettings(page, { gone: () => leaveFor(`${page.event.name} is deleted.`) });
  const codes = startCodes(page, { choosePhotos: (code, ids) => photos.choose(code, ids) });
  const photos = startPhotos(page, {
    codes,
    counted(n) {
      photoCount = n;
      tick();
    },
  });
}
