// What people see of the uploads, and how they start, pause and end them.

import { byId, h, say } from './dom.js';
import { ACCEPT, filesOfDrop, filesOfInput } from './files.js';
import { bytes, count } from './format.js';
import { createUploader } from './upload.js';

const PAINT_MS = 250;
const ROWS_MOST = 100; // more of them make every change slow
const FIRST = new Set(['hashing', 'sending', 'finalizing', 'failed']), LAST = new Set(['done', 'existing']);
const WORDS = {
  missing: 'waits for its file', waiting: 'waits', hashing: 'is read', hashed: 'waits', twin: 'waits', announced: 'waits',
  sending: 'uploading', finalizing: 'is checked', done: 'uploaded', existing: 'was here already', failed: 'failed',
};

/** arrived(media) is told of each that the server has. */
export function startUploads(page, { arrived }) {
  const panel = byId('uploads');
  const rows = new Map(); // item -> {element, bar, text}
  const stale = new Set();
  const list = byId('upload-list');
  const details = byId('uploads-details');
  const said = byId('uploads-said');
  let uploader = null, painting = 0, spoken = '';

  const began = createUploader(page.id, { changed, arrived, ended: () => say(byId('photos-message'), 'You are not logged in any more. Log in again to go on.', 'bad') });

  function changed(item) {
    if (item)
      stale.add(item);
    painting ||= setTimeout(paint, PAINT_MS);
  }

  function paint() {
    painting = 0;
    if (!uploader)
      return;
    const sum = uploader.totals();
    panel.hidden = sum.files === 0;
    if (panel.hidden) {
      byId('uploads-title').textContent = spoken = said.textContent = ''; // what was said of others is over
      return;
    }
    const over = sum.unfinished === 0;
    const part = sum.bytes > 0 ? sum.bytesDone / sum.bytes : 0;
    // Full is for what the server has, and for that alone.
    const percent = over && sum.missing + sum.failed === 0 ? 100 : Math.min(99, Math.floor(part * 100));
    const bar = byId('uploads-bar');
    bar.firstElementChild.style.transform = `scaleX(${percent / 100})`;
    bar.setAttribute('aria-valuenow', percent);
    bar.classList.toggle('still', uploader.paused);
    const title = titleOf(sum);
    const text = textOf(sum);
    bar.setAttribute('aria-valuetext', text);
    byId('uploads-title').textContent = title;
    byId('uploads-text').textContent = text;
    speak(title, sum);
    byId('pause-uploads').hidden = over;
    byId('pause-uploads').textContent = uploader.paused ? 'Go on' : 'Pause';
    byId('cancel-uploads').hidden = sum.unfinished - sum.finalizing + sum.missing === 0;
    byId('close-uploads').hidden = !over || sum.missing > 0;
    byId('retry-failed').hidden = sum.failed === 0;
    byId('allow-files').hidden = sum.askable === 0;
    byId('rechoose-files').hidden = sum.missing - sum.askable === 0;
    if (details.open)
      paintRows();
    else
      stale.clear();
  }

  const isHeld = () => uploader.heldUntil > Date.now();

  function titleOf({ unfinished, missing, failed, done, existing }) {
    if (unfinished > 0)
      return uploader.paused ? 'Paused' : isHeld() ? navigator.onLine ? 'Waiting for the server' : 'You are offline' : 'Uploading';
    if (missing > 0)
      return 'Interrupted';
    if (failed > 0)
      return `${count(failed, 'file')} failed`;
    return done === 0 && existing > 0 ? 'All here already' : 'All uploaded';
  }

  function textOf({ files, done, existing, failed, missing, bytes: all, bytesDone, bytesLeft, unfinished }) {
    const parts = [`${(done + existing).toLocaleString('en')} of ${count(files, 'photo')}`];
    if (unfinished > 0) {
      parts.push(`${bytes(bytesDone)} of ${bytes(all)}`);
      const rate = uploader.rate();
      if (rate > 0 && !uploader.paused && !isHeld())
        parts.push(`${timeLeft(bytesLeft / rate)} left`);
    }
    if (isHeld() && unfinished > 0)
      parts.push('it goes on by itself');
    if (existing > 0)
      parts.push(`${existing.toLocaleString('en')} ${existing === 1 ? 'was' : 'were'} here already`);
    if (failed > 0 && unfinished > 0)
      parts.push(`${failed.toLocaleString('en')} failed`);
    if (missing > 0)
      parts.push(`${count(missing, 'file')} of before ${missing === 1 ? 'waits' : 'wait'}: choose the same ones again`);
    return parts.join(' · ');
  }

  /** To who cannot see the bar: what begins, each quarter, what ends. */
  function speak(title, { files, done, existing, unfinished }) {
    const quarter = unfinished > 0 && files >= 8 ? Math.floor(4 * (done + existing) / files) : 0;
    const text = quarter > 0 ? `${title}: ${quarter * 25} percent` : `${title}${unfinished === 0 ? `: ${done + existing} of ${files}` : ''}`;
    if (text === spoken)
      return;
    spoken = text;
    said.textContent = text;
  }

  // --- each file ---

  function rowOf(item) {
    const text = h('span', { class: 'hint' });
    const bar = h('div', { class: 'progress' }, h('i'));
    const again = h('button', { class: 'button small', type: 'button', 'aria-label': `Try ${item.name} again`, click: () => uploader.retry(item) }, 'Again');
    const stop = h('button', { class: 'round small', type: 'button', 'data-icon': 'close', 'aria-label': `Cancel ${item.name}`, click: () => {
      uploader.cancel(item);
      list.focus();
    } });
    const element = h('li', {}, h('span', { class: 'name' }, item.name), text, again, stop, bar);
    return { element, text, bar, again, stop };
  }

  /** What is under way or failed, what comes next, what is done: as many as the list takes. */
  function listed() {
    const place = ({ state }) => FIRST.has(state) ? 0 : LAST.has(state) ? 2 : 1;
    const all = uploader.items;
    return [0, 1, 2].flatMap((n) => all.filter((item) => place(item) === n)).slice(0, ROWS_MOST);
  }

  function paintRows() {
    const wanted = new Set(listed());
    for (const [item, { element }] of rows) {
      if (!wanted.has(item)) {
        element.remove();
        rows.delete(item);
      }
    }
    for (const item of wanted) {
      const isNew = !rows.has(item);
      if (isNew) {
        rows.set(item, rowOf(item));
        list.append(rows.get(item).element);
      }
      if (isNew || stale.has(item))
        paintRow(item);
    }
    stale.clear();
    const more = uploader.items.length - wanted.size;
    byId('upload-list-more').hidden = more === 0;
    byId('upload-list-more').textContent = `and ${count(more, 'file')} more`;
  }

  function paintRow(item) {
    const { element, text, bar, again, stop } = rows.get(item);
    const { state, size, sent, hashedBytes, fault } = item;
    element.dataset.state = state;
    text.textContent = state === 'failed' ? fault : state === 'sending' ? `${bytes(sent)} of ${bytes(size)}` : `${WORDS[state]} · ${bytes(size)}`;
    bar.firstElementChild.style.transform = `scaleX(${(state === 'hashing' ? 0 : LAST.has(state) ? 1 : Math.min(.99, sent / size)) || 0})`;
    bar.classList.toggle('reading', state === 'hashing' && hashedBytes < size);
    again.hidden = state !== 'failed';
    stop.hidden = state === 'finalizing' || LAST.has(state);
  }

  details.addEventListener('toggle', () => {
    list.replaceChildren();
    rows.clear();
    changed(null);
  });

  // --- files in ---

  async function add({ found, unreadable = [] }) {
    const { added, again, refused } = await (await began).add(found);
    const message = byId('photos-message');
    const faults = [];
    if (refused.length > 0)
      faults.push(`${count(refused.length, 'file')} ${refused.length === 1 ? 'is' : 'are'} no photo or video that Pierrot knows: ${some(refused)}`);
    if (unreadable.length > 0)
      faults.push(`${count(unreadable.length, 'file')} cannot be read: ${some(unreadable)}`);
    if (faults.length > 0)
      say(message, faults.join(' · '), 'bad');
    else
      say(message, added + again === 0 ? 'Nothing new was chosen.' : '', 'plain');
    page.showTab('photos');
  }

  const some = (names) => names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');

  const pick = (button, input) => {
    byId(button).addEventListener('click', () => byId(input).click());
    byId(input).addEventListener('change', ({ target }) => {
      const found = filesOfInput(target);
      target.value = '';
      add({ found });
    });
  };
  byId('pick-files').accept = ACCEPT;
  pick('choose-files', 'pick-files');
  pick('choose-folder', 'pick-folder');
  byId('choose-folder').hidden = matchMedia('(hover: none)').matches; // phones have no folders to speak of

  const curtain = byId('drop-here');
  const hasFiles = (event) => event.dataTransfer?.types.includes('Files');
  let entered = 0; // what is dragged enters each element before it leaves the last
  const over = (depth) => {
    entered = Math.max(0, depth);
    curtain.hidden = entered === 0;
  };
  addEventListener('dragenter', (event) => hasFiles(event) && over(entered + 1));
  addEventListener('dragleave', (event) => hasFiles(event) && over(entered - 1));
  addEventListener('dragover', (event) => {
    if (!hasFiles(event))
      return;
    event.preventDefault();
    event.dataTransfer.dropEffect = 'copy';
  });
  addEventListener('drop', async (event) => {
    over(0);
    if (!hasFiles(event))
      return;
    event.preventDefault();
    add(await filesOfDrop(event.dataTransfer));
  });

  // --- buttons ---

  byId('pause-uploads').addEventListener('click', () => uploader.paused ? uploader.resume() : uploader.pause());
  byId('cancel-uploads').addEventListener('click', () => {
    uploader.cancelAll();
    byId('choose-files').focus();
  });
  byId('close-uploads').addEventListener('click', () => {
    uploader.clear();
    list.replaceChildren();
    rows.clear();
    byId('choose-files').focus();
  });
  byId('retry-failed').addEventListener('click', () => uploader.items.filter(({ state }) => state === 'failed').forEach(uploader.retry));
  byId('allow-files').addEventListener('click', () => uploader.allow());
  byId('rechoose-files').addEventListener('click', () => byId('pick-files').click());

  began.then((one) => {
    uploader = one;
    return uploader.restore();
  }).then(() => changed(null));

  return { isBusy: () => Boolean(uploader) && uploader.totals().unfinished > 0 };
}

function timeLeft(seconds) {
  if (seconds < 60)
    return `${Math.max(5, Math.ceil(seconds / 5) * 5)} seconds`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? count(minutes, 'minute') : `${Math.round(minutes / 60)} hours`;
}
