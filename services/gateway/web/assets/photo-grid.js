// A wall of photos in justified rows. Only the rows around the window are in the page, each photo blurred at once;
// previews are fetched for what is near, and not while the wall flies past.

import { h } from './dom.js';
import { playTime } from './format.js';
import { justify, ratioOf, rowAt, tilesOf, wishedHeight } from './justify.js';
import { onLongPress } from './long-press.js';
import { thumbHashCanvas } from './thumbhash.js';

const FAST = 3; // pixels in a millisecond: nobody sees single photos
const CALM_MS = 90;
const FRAME_MS = 6; // for new rows, of the 16 between two frames
const BLURRED_PX = 20; // of a placeholder's longer side

/** host: an empty element. selection: of createSelection; selectable() is false where there is nothing to select for.
 *  open(index) shows one. fresh(photos) says whether the links of these previews are good still; if not, or when one fails
 *  and failed() is called, a list with others is to be shown. picks: a click selects, two open. note(photo) gives what else
 *  is to be said of one: {shown, tone, text}, text for who cannot see it. scroller: what it scrolls in. */
export function createGrid(host, {
  selection, selectable, open, fresh, failed, picks = false, note = () => null, scroller = document.scrollingElement,
}) {
  let photos = [], ratios = [], rows = [], width = 0, gap = 0;
  let active = 0; // the one tile that Tab leads to
  let selecting = false;
  const shown = new Map(); // row's index -> its element
  const tiles = new Map(); // photo -> its element, while rows are laid anew
  let lastY = scroller.scrollTop, lastAt = 0, frame = 0, calm = 0, flying = false;

  host.setAttribute('role', 'grid');
  host.classList.add('photo-grid');
  host.classList.toggle('picks', picks);

  // --- where everything is ---

  const top = () => host.getBoundingClientRect().top;

  function lay() {
    width = host.clientWidth;
    gap = width < 600 ? 3 : 6;
    rows = width > 0 ? justify(ratios, width, wishedHeight(width), gap) : [];
    const last = rows.at(-1);
    host.style.height = `${last ? last.top + last.height : 0}px`;
    host.setAttribute('aria-rowcount', rows.length);
    const hadFocus = host.contains(document.activeElement);
    for (const row of shown.values()) {
      for (const element of row.children)
        tiles.set(element.photo, element);
      row.remove();
    }
    shown.clear();
    render();
    tiles.clear();
    if (hadFocus)
      tileOf(active)?.focus({ preventScroll: true });
  }

  const rowOf = (index) => {
    let low = 0, high = rows.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (rows[middle].start <= index)
        low = middle;
      else
        high = middle - 1;
    }
    return low;
  };

  const stillAt = (id, otherwise) => {
    const index = photos.findIndex((photo) => photo.id === id);
    return index >= 0 ? index : otherwise;
  };

  /** Lays again, with the photo at the window's upper edge staying where it is. */
  function layAround(change = () => {}) {
    const above = -top();
    const row = rows[rowAt(rows, above)];
    const kept = above > 0 && row ? photos[row.start].id : null;
    const below = kept ? row.top - above : 0;
    change();
    lay();
    const index = kept ? stillAt(kept, -1) : -1;
    if (index >= 0)
      scroller.scrollBy({ top: top() + rows[rowOf(index)].top - below, behavior: 'instant' });
    render();
  }

  // --- what is in the page ---

  function render() {
    frame = 0;
    if (rows.length === 0 || host.clientWidth === 0)
      return;
    const above = -top();
    const margin = innerHeight * (isFlying() ? 0.2 : 1);
    const [first, last] = [rowAt(rows, above - margin), rowAt(rows, above + innerHeight + margin)];
    if (!host.contains(document.activeElement) && tiles.size === 0) // Tab leads to what is on the screen
      activate(firstSeen(above));
    const kept = rowOf(active);
    for (const [index, element] of shown) {
      if ((index < first || index > last) && index !== kept)
        forget(index, element);
    }
    shown.has(kept) || add(kept);
    if (!addRows(first, last, above))
      frame ||= requestAnimationFrame(render); // the others a frame later
    if (!flying)
      load(above);
  }

  /** The first photo of a row that is seen whole. */
  const firstSeen = (above) => rows[Math.min(rowAt(rows, above) + (above > 0 ? 1 : 0), rows.length - 1)].start;

  /** What is seen first; false when there was no time for all. */
  function addRows(first, last, above) {
    const until = performance.now() + FRAME_MS;
    const seen = rowAt(rows, above);
    const missing = [];
    for (let index = first; index <= last; index++)
      shown.has(index) || missing.push(index);
    missing.sort((a, b) => (a < seen) - (b < seen) || Math.abs(a - seen) - Math.abs(b - seen));
    return missing.every((index, i) => {
      const inTime = i === 0 || performance.now() < until;
      if (inTime)
        add(index);
      return inTime;
    });
  }

  /** Whether the wall moves too fast to see single photos; once it does not, it is rendered again. */
  function isFlying() {
    const now = performance.now();
    flying = Math.abs(scroller.scrollTop - lastY) / Math.max(1, now - lastAt) > FAST;
    [lastY, lastAt] = [scroller.scrollTop, now];
    clearTimeout(calm);
    if (flying)
      calm = setTimeout(render, CALM_MS);
    return flying;
  }

  function add(index) {
    const row = rows[index];
    const places = tilesOf(row, ratios, width, gap);
    const element = h('div', { role: 'row', class: 'photo-row', 'aria-rowindex': index + 1 },
      ...places.map((place, i) => tile(row.start + i, place)));
    element.style.transform = `translateY(${row.top}px)`;
    element.style.height = `${row.height}px`;
    const after = [...shown.keys()].filter((other) => other > index);
    host.insertBefore(element, after.length > 0 ? shown.get(Math.min(...after)) : null);
    shown.set(index, element);
  }

  function forget(index, element) {
    for (const image of element.querySelectorAll('img:not([data-loaded])'))
      image.removeAttribute('src'); // else it is still fetched
    element.remove();
    shown.delete(index);
  }

  function tile(index, { left, width: wide }) {
    const photo = photos[index];
    const isVideo = photo.content_type?.startsWith('video/');
    const { shown: noted, tone, text } = note(photo) ?? {};
    const element = tiles.get(photo) ?? h('div', {
      role: 'gridcell', class: isVideo ? 'tile film' : 'tile', 'aria-selected': selectable() && String(selection.has(photo)),
    },
    thumbHashCanvas(photo.placeholder, BLURRED_PX),
    isVideo && h('span', { class: 'play-time', 'data-icon': 'play', 'aria-hidden': 'true' },
      photo.duration_ms ? playTime(photo.duration_ms) : 'Video'),
    noted && h('span', { class: 'tile-note', 'data-tone': tone, 'aria-hidden': 'true' }, noted),
    selectable() && h('button', {
      class: 'mark', type: 'button', tabindex: '-1', 'data-icon': 'check', 'aria-label': `Select ${photo.filename}`,
      'aria-pressed': String(selection.has(photo)),
    }));
    element.photo = photo;
    element.dataset.index = index;
    element.tabIndex = index === active ? 0 : -1;
    element.setAttribute('aria-label',
      `${photo.filename}, ${isVideo ? 'video' : 'photo'} ${index + 1} of ${photos.length}${text ? `, ${text}` : ''}`);
    element.style.left = `${left}px`;
    element.style.width = `${wide}px`;
    return element;
  }

  // --- previews ---

  /** Of the rows in the page; what is seen first. */
  function load(above) {
    const middle = above + innerHeight / 2;
    const distance = (index) => Math.abs(rows[index].top + rows[index].height / 2 - middle);
    const near = [...shown.keys()].filter((index) => distance(index) < 1.5 * innerHeight);
    const bare = near.sort((a, b) => distance(a) - distance(b))
      .flatMap((index) => [...shown.get(index).children])
      .filter((element) => photos[element.dataset.index].preview_url && !element.querySelector('img'));
    if (bare.length > 0 && fresh(bare.map((element) => photos[element.dataset.index])))
      bare.forEach((element) => loadTile(element, photos[element.dataset.index]));
  }

  function loadTile(element, photo) {
    const image = h('img', {
      alt: '', decoding: 'async', draggable: 'false',
      load: () => {
        image.dataset.loaded = '';
        setTimeout(() => element.querySelector('canvas')?.remove(), 400); // it shone through until now
      },
      error: () => {
        if (image.isConnected && image.hasAttribute('src')) {
          image.remove();
          failed();
        }
      },
      src: photo.preview_url,
    });
    element.prepend(image);
    const canvas = element.querySelector('canvas');
    canvas && element.prepend(canvas);
  }

  // --- the keyboard: one stop for Tab, arrows within ---

  function activate(index) {
    tileOf(active)?.setAttribute('tabindex', '-1');
    active = Math.max(0, Math.min(index, photos.length - 1));
    tileOf(active)?.setAttribute('tabindex', '0');
  }

  const tileOf = (index) => photos[index] && shown.get(rowOf(index))?.querySelector(`[data-index="${index}"]`);

  /** The active tile, or one that is seen where that is not. */
  function here() {
    const row = rows[rowOf(active)];
    const y = row ? top() + row.top : 0;
    return row && (y + row.height < 0 || y > innerHeight) ? firstSeen(-top()) : active;
  }

  function focus(index = here()) {
    if (host.clientWidth !== width) // it was hidden until now
      lay();
    activate(index);
    const row = rows[rowOf(active)];
    if (!row)
      return;
    const y = top() + row.top;
    const air = Math.min(96, innerHeight / 8); // of the bars above and below
    if (y < air)
      scroller.scrollBy({ top: y - air, behavior: 'instant' });
    else if (y + row.height > innerHeight - air)
      scroller.scrollBy({ top: y + row.height - innerHeight + air, behavior: 'instant' });
    shown.has(rowOf(active)) || add(rowOf(active));
    tileOf(active).focus({ preventScroll: true });
    tileOf(active).scrollIntoView({ block: 'nearest', behavior: 'instant' }); // the scroller may be smaller than the window
    render();
  }

  /** The tile above or below by so many rows, nearest to the middle of this one. */
  function beside(index, by) {
    const from = rowOf(index), to = Math.min(Math.max(from + by, 0), rows.length - 1);
    if (to === from)
      return by < 0 ? 0 : photos.length - 1;
    const middle = ({ left, width: wide }) => left + wide / 2;
    const here = middle(tilesOf(rows[from], ratios, width, gap)[index - rows[from].start]);
    const far = tilesOf(rows[to], ratios, width, gap).map((place) => Math.abs(middle(place) - here));
    return rows[to].start + far.indexOf(Math.min(...far));
  }

  function keyed(event) {
    const index = Number(event.target.closest('.tile')?.dataset.index ?? active);
    const screenful = Math.max(1, Math.floor(innerHeight / (rows[0]?.height ?? 200)) - 1);
    const to = {
      ArrowRight: () => index + 1, ArrowLeft: () => index - 1, ArrowDown: () => beside(index, 1), ArrowUp: () => beside(index, -1),
      PageDown: () => beside(index, screenful), PageUp: () => beside(index, -screenful), Home: () => 0, End: () => photos.length - 1,
    }[event.key];
    if (to && !event.altKey && !event.metaKey) {
      const next = Math.min(Math.max(to(), 0), photos.length - 1);
      if (event.shiftKey && selectable()) {
        selection.size > 0 || selection.beginAt(index);
        selection.extendTo(next);
      }
      focus(next);
    } else if (event.key === 'Enter' && !event.target.closest('.mark')) {
      open(index);
    } else if (event.key === ' ' && selectable()) {
      if (event.shiftKey)
        selection.extendTo(index);
      else
        selection.toggle(index);
    } else if (event.key === ' ') {
      open(index);
    } else if (event.key === 'a' && (event.ctrlKey || event.metaKey) && selectable()) {
      selection.all();
    } else if (event.key === 'Escape' && selection.size > 0) {
      selection.clear();
    } else {
      return;
    }
    event.preventDefault();
  }

  // --- pointers ---

  function clicked(event) {
    const element = event.target.closest('.tile');
    if (!element)
      return;
    const index = Number(element.dataset.index);
    activate(index);
    if (selectable() && event.shiftKey)
      selection.extendTo(index);
    else if (selectable() && (picks || event.target.closest('.mark') || selecting || event.ctrlKey || event.metaKey))
      selection.toggle(index);
    else
      open(index);
  }

  host.addEventListener('click', clicked);
  host.addEventListener('dblclick', ({ target }) => {
    const element = picks && target.closest('.tile');
    element && open(Number(element.dataset.index));
  });
  host.addEventListener('keydown', keyed);
  host.addEventListener('focusin', ({ target }) => {
    const element = target.closest('.tile');
    element && activate(Number(element.dataset.index));
  });
  host.addEventListener('dragstart', (event) => event.preventDefault());
  onLongPress(host, ({ target }) => {
    const element = selectable() && target.closest('.tile');
    element && selection.toggle(Number(element.dataset.index));
  });
  addEventListener('scroll', () => { frame ||= requestAnimationFrame(render); }, { passive: true, capture: true });
  new ResizeObserver(() => {
    if (host.clientWidth !== width)
      layAround();
    else
      frame ||= requestAnimationFrame(render);
  }).observe(host);

  return {
    /** The photo at an index; without one, that which had it last, or another where that is out of sight. */
    focus,
    /** The photo of that id, wherever it is by now. */
    focusOn: (id) => focus(stillAt(id)),
    /** Another list, or the same one with other links: what is on the screen stays there. */
    show(list) {
      const looksSame = (a, b, i) => a === b || a.id === b.id && ratioOf(a) === ratios[i] && note(a)?.text === note(b)?.text;
      if (list.length === photos.length && list.every((photo, i) => looksSame(photo, photos[i], i))) {
        photos = list;
        load(-top());
        return;
      }
      host.setAttribute('aria-multiselectable', String(Boolean(selectable())));
      const activeId = photos[active]?.id;
      layAround(() => {
        photos = list;
        ratios = list.map(ratioOf);
        active = stillAt(activeId, Math.min(active, Math.max(0, list.length - 1)));
      });
    },
    /** The selection has changed; in selecting mode a click selects. */
    mark(mode) {
      selecting = mode;
      host.classList.toggle('selecting', mode);
      for (const element of host.querySelectorAll('.tile')) {
        const selected = String(selection.has(photos[element.dataset.index]));
        const mark = element.querySelector('.mark');
        mark && element.setAttribute('aria-selected', selected);
        mark?.setAttribute('aria-pressed', selected);
      }
    },
  };
}
