// The photographer's events.

import { create, get } from './api.js';
import { byId, busyWhile, h, say } from './dom.js';
import { askStay, stay } from './extend.js';
import { onSubmit } from './form.js';
import { count } from './format.js';
import { attempt, requireAccount, sayNote } from './session.js';

const PAGE = 60;
const TICK_MS = 30_000;

/** What the API calls what guests may download. */
export const downloads = (choice) => ({ download: choice !== 'none', originals: choice === 'originals' });

const message = byId('message');
const list = byId('event-list');
const more = byId('more-events');
const shown = new Map(); // id -> {event, tell}
let cursor = null;

await requireAccount(message);
sayNote(message);

function card(event) {
  const facts = h('p', { class: 'hint' });
  const badge = h('span', { class: 'badge' });
  const extend = h('button', {
    class: 'button small', type: 'button', 'aria-label': `Extend ${event.name}`, click: () => prolong(event.id),
  }, 'Extend…');
  const cover = h('div', { class: 'cover' }, event.cover_url &&
    h('img', { src: event.cover_url, alt: '', loading: 'lazy', decoding: 'async', error: ({ target }) => target.remove() }));
  const element = h('li', { class: 'event-card' },
    cover,
    h('div', { class: 'event-text' },
      h('h2', {}, h('a', { href: `/events/${event.id}` }, event.name)),
      facts,
      h('div', { class: 'event-stay' }, badge, extend)));

  function tell() {
    const { text, tone } = stay(event);
    facts.textContent = event.photos > 0 ? count(event.photos, 'photo') : 'No photos yet';
    badge.textContent = tone === 'over' ? 'Closed: photos go soon' : text;
    badge.dataset.tone = tone;
    extend.hidden = tone === '';
  }
  tell();
  shown.set(event.id, { event, tell, element });
  return element;
}

async function load() {
  const query = new URLSearchParams({ limit: PAGE, ...(cursor && { cursor }) });
  const page = await attempt(message, () => get(`events?${query}`));
  if (!page)
    return;
  list.append(...page.items.map(card));
  cursor = page.next_cursor;
  more.hidden = !cursor;
  showEmpty();
}

function showEmpty() {
  const none = shown.size === 0;
  byId('events-empty').hidden = !none;
  byId('new-event').hidden = none;
}

async function prolong(id) {
  const { event, element } = shown.get(id);
  const changed = await askStay(event);
  if (!changed)
    return;
  const fresh = card({ ...event, ...changed });
  element.replaceWith(fresh);
  fresh.querySelector('a').focus();
  say(message, `${changed.name}: ${stay(changed).text}.`);
}

const dialog = byId('create-dialog');
const form = byId('create-form');
for (const id of ['new-event', 'first-event'])
  byId(id).addEventListener('click', () => dialog.showModal());
dialog.querySelector('[data-close]').addEventListener('click', () => dialog.close());
onSubmit(form, async (values) => {
  const { event } = await create('events', {
    name: values.get('name').trim(), seconds_to_live: Number(values.get('seconds_to_live')), ...downloads(values.get('downloads')),
  });
  location.assign(`/events/${event.id}`);
});

more.addEventListener('click', ({ currentTarget }) => busyWhile(currentTarget, load));
setInterval(() => shown.forEach(({ tell }) => tell()), TICK_MS);
await load();
