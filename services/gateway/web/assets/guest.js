// The guest's page: a code opens the photos that were chosen for it, until their time is over.

import { Problem, explain, get, post, remove, serverNow } from './api.js';
import { startCodeField, codeIn, isCode } from './access-code.js';
import { startCountdown } from './countdown.js';
import { busyWhile, byId, say } from './dom.js';
import { bytes, count, moment } from './format.js';
import { linkIsGood } from './links.js';
import { createGrid } from './photo-grid.js';
import { createViewer } from './photo-viewer.js';
import { createSelection } from './selection.js';

const [, account, slug] = location.pathname.toLowerCase().split('/');
const PLACE = `guest/${account}/${slug}`;
const MARK = `pierrot.${PLACE}`; // there was a session here: a stranger's visit asks the server nothing
const RETRY_MS = 20_000;
const SOON_MS = 3_600_000;

const message = byId('message');
const form = byId('code-form');
const sections = ['entry', 'album', 'closed'].map(byId);

function showSection(name) {
  for (const section of sections)
    section.hidden = section.id !== name;
  byId('main').removeAttribute('aria-busy');
  byId('session').hidden = name !== 'album';
}

// --- the code ---

const field = startCodeField(form.elements.access_code, (text) => {
  byId('code-note').textContent = text;
  fault('');
}, () => enter());
let waiting = null; // what stops it

function fault(text) {
  byId('code-error').textContent = text;
  if (text)
    form.elements.access_code.setAttribute('aria-invalid', 'true');
  else
    form.elements.access_code.removeAttribute('aria-invalid');
}

function showEntry(text = '') {
  close();
  showSection('entry');
  say(message, text, 'plain');
  document.title = 'Photos · Pierrot';
  form.elements.access_code.focus({ preventScroll: true });
}

async function enter() {
  if (waiting)
    return;
  fault('');
  if (!isCode(field.code)) {
    fault(field.code ? 'A code has at least 6 letters and digits.' : 'Please type your code.');
    form.elements.access_code.focus();
    return;
  }
  await busyWhile(byId('open'), async () => {
    say(message, '');
    try {
      await post(`${PLACE}/access`, { access_code: field.code });
      localStorage.setItem(MARK, '1');
      field.set('');
      await openAlbum();
    } catch (problem) {
      refused(problem);
    }
  });
}

function refused(problem) {
  const input = form.elements.access_code;
  if (problem.status === 410) {
    showClosed();
  } else if (problem.status === 429) {
    wait(problem.retryAfterS ?? 10);
  } else if ([400, 401, 404].includes(problem.status)) {
    fault('No photos open with this code here. Compare it with the one you were given, letter by letter.');
    input.focus();
    input.select();
  } else {
    fault(explain(problem));
  }
}

/** Too many wrong codes came from here, or for this event: the same code is tried again by itself. */
function wait(seconds) {
  const until = performance.now() + seconds * 1000;
  const bar = byId('waiting-bar');
  byId('waiting').hidden = false;
  byId('waiting-text').textContent = 'Too many codes were tried. Yours is tried again by itself in';
  byId('open').disabled = true;
  function tick() {
    const left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
    byId('waiting-time').textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
    bar.style.transform = `scaleX(${left / seconds})`;
    if (left > 0)
      return;
    waiting();
    if (isCode(field.code))
      enter();
  }
  const timer = setInterval(tick, 250);
  waiting = () => {
    clearInterval(timer);
    waiting = null;
    byId('waiting').hidden = true;
    byId('open').disabled = false;
  };
  tick();
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  enter();
});

/** A code in the fragment of the link: no server sees it there, and it leaves the address bar at once. */
function takeFragment() {
  const text = location.hash.slice(1).replace(/%[0-9a-f]{2}/gi, ' '); // a blank, most likely; codes have no other
  if (!text || text === 'main')
    return false;
  history.replaceState(null, '', location.pathname);
  showEntry();
  field.set(codeIn(text));
  enter();
  return true;
}
addEventListener('hashchange', takeFragment);

// --- the photos ---

let album = null; // {event, label, photos}
let refreshing = null, refreshedAt = 0, stopCountdown = () => {}, retry = 0;
let selecting = false;
let closings = 0;

const selection = createSelection(() => showSelection());
const grid = createGrid(byId('grid'), {
  selection,
  selectable: () => album?.event.download,
  open: (index) => viewer.open(album.photos, index),
  fresh: () => linksAreGood() || (refresh(), false),
  failed: () => {
    clearTimeout(retry);
    retry = setTimeout(refresh, linksAreGood() ? Math.max(0, refreshedAt + RETRY_MS - Date.now()) : 0);
  },
});

const linksAreGood = () => linkIsGood(album?.photos.find((photo) => photo.preview_url)?.preview_url);

/** The list; null when the album was closed while it was asked for: nobody is to see it any more. */
async function askList() {
  const asked = closings;
  const list = await get(PLACE).catch((problem) => {
    if (asked === closings)
      throw problem;
  });
  return asked === closings ? list : null;
}

async function openAlbum() {
  const list = await askList();
  if (!list)
    return;
  showSection('album');
  showAlbum(list);
  byId('event-name').focus({ preventScroll: true });
}

function showAlbum(list) {
  const { event, label, photos } = album = list;
  refreshedAt = Date.now();
  document.title = `${event.name} · Pierrot`;
  byId('event-name').textContent = event.name;
  byId('label').textContent = label ? `For ${label}` : '';
  byId('photo-count').textContent = countAll(photos);
  byId('empty').hidden = photos.length > 0;
  byId('album-actions').hidden = !event.download || photos.length === 0;
  byId('viewer-download').hidden = byId('viewer-select').hidden = !event.download;
  byId('all-size').textContent = bytes(sizeOf(photos));
  byId('download-all-text').textContent = photos.length === 1 ? 'Download' : 'Download all';
  byId('select').hidden = photos.length < 2;
  byId('grid-help').textContent =
    `Arrow keys move between photos, Enter opens one${event.download ? ', Space selects it' : ''}.`;
  selection.of(photos);
  grid.show(photos);
  if (viewer.isOpen)
    viewer.renew(photos);
  countDown(Date.parse(event.expires_at));
}

const isVideo = ({ content_type: type }) => type.startsWith('video/');
const sizeOf = (photos) => photos.reduce((sum, { size }) => sum + (size ?? 0), 0);

function countAll(photos) {
  const films = photos.filter(isVideo).length;
  const parts = [photos.length > films && count(photos.length - films, 'photo'), films > 0 && count(films, 'video')];
  return parts.filter(Boolean).join(' and ') || 'No photos yet';
}

function countDown(until) {
  stopCountdown();
  byId('countdown').title = `until ${moment(until)}`;
  stopCountdown = startCountdown(until, (text, left) => {
    byId('countdown').textContent = `${text} left`;
    byId('countdown').parentElement.classList.toggle('soon', left < SOON_MS);
  }, over);
}

/** Unless it was extended meanwhile. */
async function over() {
  await refresh();
  if (album && Date.parse(album.event.expires_at) <= serverNow())
    showClosed();
}

/** The list again: its links have ended, or a photo may have been added or withdrawn. Quietly. */
function refresh() {
  refreshing ??= askList().then((list) => list && showAlbum(list), (problem) => {
    if (!lost(problem)) {
      clearTimeout(retry);
      retry = setTimeout(refresh, 1000 * (problem.retryAfterS ?? RETRY_MS / 1000));
    }
  }).finally(() => { refreshing = null; });
  return refreshing;
}

/** True when the problem is that the code opens nothing any more. */
function lost(problem) {
  if (problem.status === 410) {
    showClosed();
  } else if (problem.status === 401) {
    localStorage.removeItem(MARK);
    showEntry('Your code does not open these photos any more. If you have another one, type it here.');
  } else {
    return false;
  }
  return true;
}

/** Nothing of the album stays behind. */
function close() {
  closings++;
  refreshing = null;
  clearTimeout(retry);
  stopCountdown();
  viewer.close();
  if (!album)
    return;
  album = null;
  selecting = false;
  infos.clear();
  selection.of([]);
  grid.show([]);
}

function showClosed() {
  close();
  localStorage.removeItem(MARK);
  document.title = 'Photos · Pierrot';
  say(message, '');
  showSection('closed');
  byId('closed-title').focus();
}

byId('another-code').addEventListener('click', () => showEntry());

byId('leave').addEventListener('click', ({ currentTarget }) => busyWhile(currentTarget, async () => {
  try {
    await remove(`${PLACE}/access`);
  } catch (problem) {
    if (problem.status !== 401) {
      say(message, explain(problem), 'bad');
      return;
    }
  }
  localStorage.removeItem(MARK);
  showEntry('You have left. The code opens the photos again.');
}));

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && album && !linksAreGood())
    refresh();
});
addEventListener('pageshow', ({ persisted }) => persisted && album && refresh());

// --- one photo ---

const infos = new Map(); // photo's id -> {links, the promise of them}

function info({ id }) {
  const known = infos.get(id);
  if (known?.links.every(linkIsGood))
    return known.promise;
  const entry = { links: [], promise: get(`${PLACE}/photos/${id}?for=view`) };
  infos.set(id, entry);
  entry.promise.then(({ large, video }) => { entry.links = [large?.url, video?.url]; }, () => infos.delete(id));
  return entry.promise;
}

const viewer = createViewer(byId('viewer'), {
  info,
  moved(photo) {
    byId('viewer-trouble').textContent = isVideo(photo) && !album.event.download ?
      'There are no downloads here, and videos can only be watched where there are.' : '';
    byId('viewer-size').textContent = album.event.download ? bytes(photo.size) : '';
    showChosen(photo);
  },
  closed: (id) => album && grid.focusOn(id),
  failed(problem) {
    if (problem instanceof Problem && lost(problem))
      return;
    if (problem.status === 404) // withdrawn meanwhile
      refresh();
    byId('viewer-trouble').textContent = problem instanceof Problem && problem.status !== 404 ? explain(problem) :
      'This one cannot be shown in full right now.';
  },
});

function showChosen(photo) {
  byId('viewer-select').setAttribute('aria-pressed', String(selection.has(photo)));
}

byId('viewer-select').addEventListener('click', () => {
  selection.toggle(album.photos.indexOf(viewer.photo));
  showChosen(viewer.photo);
});
byId('viewer-download').addEventListener('click', ({ currentTarget }) => busyWhile(currentTarget, () =>
  downloadOne(viewer.photo, (text) => { byId('viewer-trouble').textContent = text; })));

// --- selecting ---

function showSelection() {
  if (!album)
    selecting = false;
  const chosen = selection.photos;
  const on = selecting || chosen.length > 0;
  byId('bar').hidden = !on;
  grid.mark(on);
  if (!album)
    return;
  const whole = chosen.length === album.photos.length;
  byId('chosen-count').textContent = chosen.length > 0 ? `${chosen.length.toLocaleString('en')} selected` : 'Choose photos';
  byId('chosen-size').textContent = chosen.length > 0 ? bytes(sizeOf(chosen)) : '';
  byId('said').textContent = on ? `${byId('chosen-count').textContent}. ${byId('chosen-size').textContent}` : '';
  byId('download-chosen').disabled = chosen.length === 0;
  byId('select-all').hidden = whole;
}

byId('select').addEventListener('click', () => {
  selecting = true;
  showSelection();
});
byId('end-selection').addEventListener('click', () => {
  selecting = false;
  selection.clear();
  byId('select').focus({ preventScroll: true });
});
byId('select-all').addEventListener('click', selection.all);
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !byId('bar').hidden && !viewer.isOpen && !event.defaultPrevented)
    byId('end-selection').click();
});

// --- downloading ---

async function zipUrl(photos) {
  if (photos.length === album.photos.length)
    return `/api/${PLACE}/zip`;
  const { selection: chosen } = await post(`${PLACE}/selections`, { ids: photos.map(({ id }) => id) });
  return chosen.zip_url;
}

/** The browser's own download, which it can resume. */
function save(url) {
  const link = document.createElement('a');
  link.href = url;
  link.download = '';
  link.click();
}

async function downloadOne(photo, complain) {
  try {
    const { download } = await get(`${PLACE}/photos/${photo.id}`);
    save(download.url);
  } catch (problem) {
    lost(problem) || complain(explain(problem));
  }
}

async function download(photos) {
  const complain = (text) => say(message, text, 'bad');
  say(message, '');
  if (photos.length === 1) {
    await downloadOne(photos[0], complain);
    return;
  }
  try {
    save(await zipUrl(photos));
    byId('said').textContent = `The download of ${count(photos.length, 'photo')} begins.`;
  } catch (problem) {
    lost(problem) || complain(explain(problem));
  }
}

byId('download-all').addEventListener('click', ({ currentTarget }) => busyWhile(currentTarget, () => download(album.photos)));
byId('download-chosen').addEventListener('click', ({ currentTarget }) => busyWhile(currentTarget, () => download(selection.photos)));

// --- the beginning ---

if (!takeFragment()) {
  if (localStorage.getItem(MARK) === null)
    showEntry();
  else
    await openAlbum().catch((problem) => lost(problem) || begin(problem));
}

/** The session may live, but the server did not say: say why, and try again when asked to. */
function begin(problem) {
  showEntry();
  say(message, explain(problem), 'bad');
}
