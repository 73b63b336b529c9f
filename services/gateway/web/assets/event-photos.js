// The event's photos: the wall, what is selected on it, and what is uploaded to it.

import { Problem, explain, get, patch, remove } from './api.js';
import { busyWhile, byId, confirmed, say } from './dom.js';
import { startLibrary } from './event-library.js';
import { count } from './format.js';
import { linkIsGood, renditionOf } from './links.js';
import { createGrid } from './photo-grid.js';
import { createViewer } from './photo-viewer.js';
import { createSelection } from './selection.js';
import { attempt, toLogin } from './session.js';
import { createUpdates } from './updates.js';
import { startUploads } from './upload-panel.js';

const PAGE = 100;
const NEWEST = { cursor: null, before: '~' };
const REMOVALS = 6; // at once
const GATHER_MS = 400;
const SHOW_MS = 60, SHOW_ARRIVED_MS = 1000;
const POLL_MS = 5_000; // while something is awaited and the stream says nothing
const RETRY_S = 20; // where the server wishes nothing else
const NOT_ALL = 'Not all photos could be listed. That is tried again by itself.';
const REASONS = { 'checksum mismatch': 'damaged on its way' };

const sleep = (seconds = RETRY_S) => new Promise((resolve) => { setTimeout(resolve, 1000 * seconds); });

/** After what nobody asked for has failed: as long as the server wishes, or until the login comes. */
async function patience(problem) {
  if (problem.status === 401) {
    toLogin();
    await new Promise(() => {});
  }
  if (!(problem instanceof Problem))
    reportError(problem); // ours: let it be seen
  await sleep(problem.retryAfterS);
}

/** codes: of startCodes; counted(n) is told how many photos there are. */
export function startPhotos(page, { codes, counted }) {
  const message = byId('photos-message');
  const photos = new Map(); // id -> photo; one that looks different is another object
  const pages = []; // {cursor, before, last} as they were listed, latest first: photos before one id, to the last
  let list = [], loaded = false, gathering = 0, heardAt = 0;
  let choosing = null; // the code whose photos are being chosen

  // --- what there is ---

  function photoOf(media) {
    const { id, filename, width, height, content_type, placeholder, duration_ms, state, event_id: eventId } = media;
    return {
      id, filename, width, height, content_type, placeholder, duration_ms, state, preview_url: renditionOf(media, 'preview')?.url,
      reason: media.reject_reason, isLinked: eventId !== page.id, isCover: id === page.event.cover_id,
    };
  }

  function take(media) {
    if (media.state === 'created')
      return;
    const old = photos.get(media.id);
    const fresh = photoOf(media);
    if (old && old.state === fresh.state && old.isCover === fresh.isCover)
      old.preview_url = fresh.preview_url;
    else
      photos.set(media.id, fresh);
  }

  /** A page of the list, and where the next one begins; what should be on it and is not has gone. */
  async function fetchPage({ cursor, before }) {
    const query = new URLSearchParams({ limit: PAGE, ...(cursor && { cursor }) });
    const { items, next_cursor: next } = await get(page.path(`/media?${query}`));
    const last = next ? items.at(-1).id : '';
    const there = new Set(items.map(({ id }) => id));
    for (const [id, { at = 0 }] of photos) {
      if (id < before && id >= last && !there.has(id) && at < Date.now() - POLL_MS)
        photos.delete(id);
    }
    items.forEach(take);
    pages.unshift({ cursor, before, last });
    pages.length = Math.min(pages.length, 500);
    return { items, next: next && { cursor: next, before: last } };
  }

  /** From the newest on, until enough(items of a page). */
  async function walk(enough) {
    let at = NEWEST;
    do {
      const { items, next } = await fetchPage(at);
      at = next;
      show();
      if (enough(items))
        return;
    } while (at);
  }

  let listing = null;
  /** All of them, to the end. */
  function listAll() {
    return listing ??= walk(() => false).then(() => {
      loaded = true;
      if (message.textContent === NOT_ALL)
        say(message, '');
      show();
    }).finally(() => { listing = null; });
  }

  async function keepListing() {
    while (!loaded) {
      await listAll().catch((problem) => {
        say(message, NOT_ALL, 'bad');
        return patience(problem);
      });
    }
  }

  const awaited = () => [...photos.values()].filter(({ state }) => state === 'finalized');

  /** What is awaited, again. */
  async function refresh() {
    heardAt = Date.now();
    const wanted = awaited();
    if (wanted.length > 0 && wanted.length <= 3) {
      for (const { id } of wanted)
        await get(`media/${id}`).then(({ media }) => take(media), ({ status }) => status === 404 && photos.delete(id));
    } else {
      const oldest = wanted.reduce((least, { id }) => id < least ? id : least, '~');
      await walk((items) => (items.at(-1)?.id ?? '') <= oldest);
    }
    show();
  }

  let refreshing = null;
  const refreshOnce = () => refreshing ??= refresh().catch(() => {}).finally(() => { refreshing = null; });

  function gather() {
    gathering ||= setTimeout(async () => {
      gathering = 0;
      await refreshOnce();
    }, GATHER_MS);
  }

  const updates = createUpdates({
    told({ id, state }) {
      heardAt = Date.now();
      if (state === 'deleted') {
        photos.delete(id);
        show();
      } else if (photos.get(id)?.state === 'finalized') {
        gather();
      }
    },
    opened: () => loaded && gather(),
  });

  setInterval(() => {
    const waits = awaited().length > 0;
    updates.want(waits || uploads.isBusy());
    if (waits && Date.now() - heardAt > POLL_MS)
      refreshOnce();
  }, 1000);

  // --- the wall ---

  const selection = createSelection(() => showSelection());
  const grid = createGrid(byId('grid'), {
    selection,
    selectable: () => true,
    picks: true,
    open: (index) => viewer.open(list, index),
    fresh: renewLinks,
    failed: () => setTimeout(() => renewLinks(list), POLL_MS),
    note,
  });

  function note({ state, reason = 'unknown kind', isCover }) {
    if (state === 'finalized')
      return { shown: 'Preparing…', tone: 'busy', text: 'being prepared' };
    if (state === 'rejected')
      return { shown: `Unusable: ${REASONS[reason] ?? reason}`, tone: 'bad', text: `cannot be used: ${reason}` };
    return isCover ? { shown: 'Cover', tone: 'plain', text: 'cover' } : null;
  }

  let painting = 0;
  function show(withinMs = SHOW_MS) {
    painting ||= setTimeout(paint, withinMs);
  }

  function paint() {
    clearTimeout(painting);
    painting = 0;
    list = [...photos.values()].sort((a, b) => a.id < b.id ? 1 : -1);
    selection.of(list);
    grid.show(list);
    loaded && counted(list.length); // until then the event knows better
    byId('photos-empty').hidden = !loaded || list.length > 0;
    byId('grid-tools').hidden = list.length === 0;
    byId('add').classList.toggle('slim', list.length > 0);
  }

  let renewing = null; // or waiting until it may be tried again
  /** True when these previews can be fetched; else their pages are listed again first. */
  function renewLinks(wanted) {
    const old = wanted.filter(({ preview_url: url }) => !linkIsGood(url));
    if (old.length === 0)
      return true;
    renewing ??= renew(old).catch(patience).finally(() => {
      renewing = null;
      show();
    });
    return false;
  }

  async function renew(old) {
    const theirs = new Set(old.map(({ id }) => pages.find(({ before, last }) => id < before && id >= last) ?? NEWEST));
    await Promise.all([...theirs].slice(0, 4).map(fetchPage));
    if (!old.some(({ id }) => linkIsGood(photos.get(id)?.preview_url)))
      await sleep(); // it was no use
  }

  // --- what is selected ---

  const bar = byId('selection-bar');

  function showSelection() {
    const n = selection.size;
    grid.mark(choosing !== null || n > 0);
    bar.hidden = choosing === null && n === 0;
    document.body.classList.toggle('has-selection-bar', !bar.hidden);
    byId('selection-text').textContent = choosing ? `${count(n, 'photo')} for ${choosing.label}` : `${count(n, 'photo')} selected`;
    for (const id of ['code-from-selection', 'remove-selected'])
      byId(id).hidden = choosing !== null;
    byId('save-code-photos').hidden = choosing === null;
    byId('view-selected').hidden = n !== 1;
    byId('make-cover').hidden = choosing !== null || n !== 1 || selection.photos[0]?.state !== 'ready';
    byId('clear-selection').textContent = choosing ? 'Cancel' : 'Clear';
    byId('select-all').textContent = n === list.length && n > 0 ? 'Select none' : 'Select all';
  }

  function endChoosing() {
    const code = choosing;
    choosing = null;
    selection.clear();
    return code;
  }

  const clickOn = (id, work) => byId(id).addEventListener('click', ({ currentTarget }) =>
    busyWhile(currentTarget, () => attempt(message, () => work(currentTarget))));

  clickOn('code-from-selection', () => codes.ask(selection.photos.map(({ id }) => id)));
  codes.onMade(() => selection.clear());
  clickOn('clear-selection', () => {
    if (endChoosing())
      page.showTab('codes');
    else
      grid.focus();
  });
  clickOn('select-all', () => selection.size === list.length ? selection.clear() : selection.all());
  clickOn('save-code-photos', async () => {
    const ids = selection.photos.map(({ id }) => id);
    await codes.setPhotos(choosing, ids);
    endChoosing();
    page.showTab('codes');
  });
  clickOn('view-selected', () => viewer.open(list, list.indexOf(selection.photos[0])));
  clickOn('make-cover', async () => {
    const [photo] = selection.photos;
    const { event } = await patch(page.path(), { cover_id: photo.id });
    page.set(event);
    for (const other of list) {
      if (other.isCover !== (other.id === event.cover_id))
        photos.set(other.id, { ...other, isCover: other.id === event.cover_id });
    }
    selection.clear();
    paint();
    grid.focus(); // the button that had it is gone
    say(message, `${photo.filename} is the cover.`);
  });
  clickOn('remove-selected', async () => {
    const chosen = selection.photos;
    const linked = chosen.filter(({ isLinked }) => isLinked).length;
    const text = [chosen.length > linked && `${count(chosen.length - linked, 'photo')} uploaded here ${
      chosen.length - linked === 1 ? 'is' : 'are'} deleted for good.`,
    linked > 0 && `${count(linked, 'photo')} from your library ${linked === 1 ? 'stays' : 'stay'} there.`].filter(Boolean).join(' ');
    if (!await confirmed(`Remove ${count(chosen.length, 'photo')} from this event?`, text, 'Remove'))
      return;
    let left = [...chosen];
    let problem = null;
    await Promise.all(Array.from({ length: REMOVALS }, async () => {
      while (left.length > 0 && !problem) {
        const { id } = left.shift();
        await remove(page.path(`/media/${id}`)).catch((error) => {
          if (error.status !== 404)
            throw error;
        }).then(() => photos.delete(id), (error) => { problem = error; });
      }
    }));
    paint();
    if (problem)
      throw problem;
    say(message, `${count(chosen.length, 'photo')} removed.`);
    list.length > 0 ? grid.focus() : byId('choose-files').focus(); // the button that had it is gone
  });

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !bar.hidden && !choosing && !document.querySelector('dialog[open]') && bar.contains(event.target)) {
      selection.clear();
      grid.focus();
    }
  });

  // --- one photo ---

  const trouble = byId('viewer-trouble');
  const viewer = createViewer(byId('viewer'), {
    async info({ id }) {
      const { media } = await get(`media/${id}`);
      return { large: renditionOf(media, 'large'), video: media.download };
    },
    moved: (photo) => {
      trouble.textContent = photo.state === 'rejected' ? 'This file cannot be shown.' : '';
      byId('viewer-select').setAttribute('aria-pressed', String(selection.has(photo)));
    },
    closed: grid.focusOn,
    failed: (problem) => {
      trouble.textContent = problem instanceof Problem ? explain(problem) : 'This one cannot be shown in full right now.';
    },
  });
  byId('viewer-select').addEventListener('click', () => {
    selection.toggle(list.findIndex(({ id }) => id === viewer.photo.id));
    byId('viewer-select').setAttribute('aria-pressed', String(selection.has(viewer.photo)));
  });

  // --- uploads ---

  function arrived(media) {
    take(media);
    const photo = photos.get(media.id);
    if (photo)
      photo.at = Date.now(); // a list that was asked for before does not have it
    show(SHOW_ARRIVED_MS);
  }

  const uploads = startUploads(page, { arrived });
  startLibrary(page, { added: (list) => list.forEach(arrived) });

  page.heard(() => loaded && counted(list.length));

  byId('photos-hint').textContent = matchMedia('(hover: none)').matches ? 'Tap photos to select them.' :
    'A click selects, Shift all in between; two clicks show one.';

  keepListing();

  return {
    /** For a code; ids: what it opens now, null for all. Throws where not all photos could be listed: those that were not
     *  seen would be taken out of it. */
    async choose(code, ids) {
      if (!loaded || ids?.some((id) => !photos.has(id)))
        await listAll();
      paint();
      page.showTab('photos');
      choosing = code;
      selection.only(ids ?? list.map(({ id }) => id));
      grid.focus(0);
    },
  };
}
