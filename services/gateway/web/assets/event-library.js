// Photos of the library are put into the event, too.

import { get, put } from './api.js';
import { busyWhile, byId, say } from './dom.js';
import { fault } from './form.js';
import { count } from './format.js';
import { linkIsGood, renditionOf } from './links.js';
import { createGrid } from './photo-grid.js';
import { createSelection } from './selection.js';
import { attempt } from './session.js';

const PAGE = 60;
const AT_ONCE = 500; // the API takes no more

/** added(photos) is told of what the event has from then on, as the API tells of media. */
export function startLibrary(page, { added }) {
  const dialog = byId('library');
  const message = byId('library-message');
  const [more, selectAll, add] = ['more-library', 'library-all', 'library-add'].map(byId);
  let photos = [], cursor = null, renewing = null;

  const selection = createSelection(showSelection);
  const grid = createGrid(byId('library-grid'), {
    selection,
    selectable: () => true,
    scroller: byId('library-photos'),
    open: selection.toggle,
    fresh: (near) => near.every(({ preview_url: url }) => linkIsGood(url)) || (renew(), false),
    failed() {}, // it is tried again when something scrolls
  });

  function showSelection() {
    const n = selection.size;
    grid.mark(true);
    byId('library-text').textContent = `${count(n, 'photo')} selected`;
    add.disabled = n === 0;
    selectAll.hidden = photos.length === 0;
    selectAll.textContent = n > 0 && n === photos.length ? 'Select none' : 'Select all';
  }

  function show(list, next) {
    [photos, cursor] = [list, next];
    more.hidden = !next;
    byId('library-empty').hidden = list.length > 0;
    selection.of(list);
    grid.show(list);
  }

  /** Until there are so many; those there are stay. */
  async function load(wanted, list = [], next = null) {
    do {
      const query = new URLSearchParams({ linkable_to: page.id, state: 'ready', limit: PAGE, ...(next && { cursor: next }) });
      const { items, next_cursor: following } = await get(`media?${query}`);
      list = [...list, ...items.map((media) => ({ ...media, preview_url: renditionOf(media, 'preview')?.url }))];
      next = following;
    } while (next && list.length < wanted);
    show(list, next);
  }

  /** With other links. */
  function renew() {
    renewing ??= attempt(message, () => load(photos.length)).finally(() => { renewing = null; });
  }

  async function link(some) {
    try {
      await put(page.path('/media'), { media_ids: some.map(({ id }) => id) });
    } catch (problem) {
      if (problem.status !== 422)
        throw problem;
      await load(photos.length);
      throw fault('', 'Some of them are not in your library any more.');
    }
    added(some);
  }

  const clickOn = (button, work) => button.addEventListener('click', () => busyWhile(button, () => attempt(message, work)));

  clickOn(byId('choose-library'), async () => {
    message.textContent = '';
    photos = [];
    selection.clear();
    dialog.showModal();
    await load(1);
    grid.focus(0);
  });
  clickOn(more, async () => {
    const first = photos.length;
    await load(first + 1, photos, cursor);
    grid.focus(first);
  });
  clickOn(selectAll, () => selection.size === photos.length ? selection.clear() : selection.all());
  clickOn(add, async () => {
    const chosen = selection.photos;
    for (let at = 0; at < chosen.length; at += AT_ONCE)
      await link(chosen.slice(at, at + AT_ONCE));
    dialog.close();
    say(byId('photos-message'), `${count(chosen.length, 'photo')} added from your library.`);
  });
  dialog.querySelector('[data-close]').addEventListener('click', () => dialog.close());
}
