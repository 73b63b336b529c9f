// Uploads to an event: files in, photos there.
//
//     missing -> waiting -> hashing -> hashed -> announced -> sending -> finalizing -> done
//                                       |  \-> existing (the event has it already)
//                                       \-> twin (of one on its way), then existing
//     any -> failed (again: waiting), any but finalizing -> gone (cancelled)
//
// All that is not done is kept in the store, so that a reload goes on. Hashed files are announced many at a time and sent
// four at a time, big ones in parts. What fails for a while (no connection, a busy server) holds all of it back for a
// growing time; what fails for good fails that file alone.

import { Problem, explain, get, post, remove, serverNow } from './api.js';
import { linkEnd } from './links.js';
import { createIntake } from './upload-intake.js';
import { dropPart, partsOf, planParts, sendPart } from './upload-parts.js';
import { openUploadStore } from './upload-store.js';
import { createRate, totalsOf } from './upload-sums.js';
import { put, startWorker } from './upload-transfer.js';

const TRANSFERS = 4, HASHES = 2, FINALIZES = 4;
const BATCH_FILES = 500, BATCH_BYTES = 1024 ** 3; // no more than its links live for
const ENOUGH_ANNOUNCED = 8;
const IN_PARTS_BYTES = 64 * 1024 * 1024;
const TRIES = 8, NEW_BEGINNINGS = 2;
const GONE = { store: [403, 404], server: [404, 409, 410] }; // the link, or the upload
const OTHER_BYTES = { store: 400, server: 422 }; // than those that were hashed
const BACKOFF_MS = 1000, BACKOFF_MAX_MS = 30_000;
const ASK_AGAIN_MS = 2000;

const FINISHED = new Set(['done', 'existing', 'failed']);

/** changed(item or null) is called after each change, arrived(media) when the server has finalized one, ended() when the
 *  session is over. Gives what the page may do; its items have {name, size, state, sent, hashedBytes, fault}. */
export async function createUploader(eventId, { changed, arrived, ended }) {
  const store = await openUploadStore(eventId);
  const worker = startWorker();
  const items = new Map(); // key -> item, in their order
  const waiting = [], hashed = [], announced = [], sent = []; // for each kind of work
  const bySha = new Map(); // hash -> the unfinished item that has it
  const busy = { hashing: 0, announcing: 0, sending: 0, finalizing: 0 };
  const trouble = { tries: 0, until: 0 };
  const rate = createRate();
  let paused = false;

  // --- items ---

  function move(item, state) {
    item.state = state;
    changed(item);
  }

  /** What of it is under way is given up, and changes nothing when it ends. */
  function halt(item) {
    item.stop.abort();
    item.stop = new AbortController();
    item.sendingNow = 0;
  }

  /** The item goes on from what is known of it. */
  function queue(item) {
    if (item.sha256)
      nextHashed(item);
    else {
      move(item, 'waiting');
      waiting.push(item);
    }
  }

  function nextHashed(item) {
    const first = bySha.get(item.sha256);
    if (first && first !== item) {
      first.twins.push(item);
      move(item, 'twin');
      return;
    }
    bySha.set(item.sha256, item);
    move(item, 'hashed');
    hashed.push(item);
  }

  function finish(item, state) {
    leave(item);
    store.remove(item.key);
    item.sent = item.size;
    move(item, state);
    for (const twin of item.twins.splice(0))
      finish(twin, 'existing');
  }

  function fail(item, why) {
    item.fault = why;
    leave(item);
    move(item, 'failed');
    partTwins(item);
  }

  /** They go on without it. */
  function partTwins(item) {
    for (const twin of item.twins.splice(0))
      nextHashed(twin);
  }

  /** Out of all queues, with nothing of it under way. */
  function leave(item) {
    halt(item);
    const first = bySha.get(item.sha256);
    for (const list of [waiting, hashed, announced, sent, first?.twins ?? []]) {
      const at = list.indexOf(item);
      if (at >= 0)
        list.splice(at, 1);
    }
    if (first === item)
      bySha.delete(item.sha256);
  }

  function again(item, hashAnew = false) {
    leave(item); // by the hash it has
    if (hashAnew) {
      item.sha256 = undefined;
      store.put(item);
      partTwins(item);
    }
    item.sent = 0;
    if (item.file)
      queue(item);
    else
      move(item, 'missing');
  }

  /** True when a new beginning may mend it: the item goes on. */
  function beganAnew(item, { status, store: byStore }) {
    const by = byStore ? 'store' : 'server';
    const isOther = status === OTHER_BYTES[by];
    if (!isOther && !GONE[by].includes(status) || item.renewed === NEW_BEGINNINGS)
      return false;
    item.renewed++;
    again(item, isOther);
    return true;
  }

  // --- trouble ---

  /** Something failed: for a while (all wait), or for good (this one fails). */
  function failed(problem, concerned, retry) {
    if (problem.name === 'AbortError')
      return; // whoever aborted has said what comes next
    if (!(problem instanceof Problem)) {
      concerned.forEach((item) => fail(item, 'The file cannot be read any more.'));
      return;
    }
    const passing = problem.status === 0 || problem.status === 429 || problem.status === 408 || problem.status >= 500;
    if (problem.status === 401 && !problem.store) {
      pause();
      ended();
    }
    if (!passing && problem.status !== 401) {
      const why = problem.store ? `The store refused it (${problem.status}).` : explain(problem);
      concerned.forEach((item) => fail(item, why));
      return;
    }
    if (problem.status >= 500)
      concerned.forEach((item) => item.tries++);
    const [lost, kept] = [concerned.filter(({ tries }) => tries >= TRIES), concerned.filter(({ tries }) => tries < TRIES)];
    lost.forEach((item) => fail(item, explain(problem)));
    kept.forEach(retry);
    holdBack(problem.retryAfterS);
  }

  function holdBack(retryAfterS) {
    if (Date.now() < trouble.until)
      return; // one outage breaks all four
    const grown = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** trouble.tries++);
    const ms = retryAfterS ? retryAfterS * 1000 : grown * (0.5 + Math.random() / 2);
    trouble.until = Date.now() + ms;
    changed(null);
    worker.sleep(ms + 20).then(pump);
  }

  function fine(item) {
    trouble.tries = 0;
    item.tries = 0;
  }

  addEventListener('online', () => {
    trouble.until = 0;
    pump();
  });

  // --- the work ---

  function pump() {
    changed(null);
    if (paused)
      return;
    while (busy.hashing < HASHES && waiting.length > 0)
      run('hashing', hash, waiting.shift());
    if (Date.now() < trouble.until)
      return;
    if (busy.announcing === 0 && hashed.length > 0 && announced.length < ENOUGH_ANNOUNCED)
      run('announcing', announce, batch());
    while (busy.sending < TRANSFERS && announced.length > 0)
      run('sending', send, nextToSend());
    while (busy.finalizing < FINALIZES && sent.length > 0)
      run('finalizing', finalize, sent.shift());
  }

  async function run(kind, work, what) {
    busy[kind]++;
    await work(what);
    busy[kind]--;
    pump();
  }

  async function hash(item) {
    move(item, 'hashing');
    const { signal } = item.stop;
    try {
      item.sha256 = await worker.hash(item.file, (done) => {
        item.hashedBytes = done;
        changed(item);
      }, signal);
      store.put(item);
      nextHashed(item);
    } catch (problem) {
      failed(problem, [item]);
    }
  }

  function batch() {
    let bytes = 0, n = 0;
    while (n < hashed.length && n < BATCH_FILES && (n === 0 || bytes + hashed[n].size <= BATCH_BYTES))
      bytes += hashed[n++].size;
    return hashed.splice(0, n);
  }

  async function announce(list) {
    try {
      const answer = await post('media/batch', {
        event_id: eventId,
        items: list.map(({ name, type, size, sha256 }) =>
          ({ filename: name, content_type: type, size, sha256, ...(size > IN_PARTS_BYTES && { multipart: true }) })),
      });
      for (const [i, item] of list.entries())
        await learn(item, answer.items[i]);
    } catch (problem) {
      const still = list.filter(({ key, state }) => items.has(key) && state === 'hashed');
      failed(problem, still, (item) => hashed.unshift(item));
    }
  }

  async function learn(item, { media, upload, multipart, existing, error }) {
    if (!items.has(item.key))
      return; // cancelled meanwhile
    if (error) {
      fail(item, explain(new Problem(400, error)));
    } else if (existing) {
      finish(item, 'existing');
    } else {
      Object.assign(item, { mediaId: media.id, upload, multipart });
      store.put(item);
      if (!multipart || await learnParts(item))
        toSend(item);
    }
  }

  /** Among the announced; behind them, when the store has all of its parts. */
  function toSend(item, first = false) {
    if (item.multipart && item.partsLeft.length === 0) {
      wasSent(item);
      return;
    }
    if (!announced.includes(item))
      announced.splice(first ? 0 : announced.length, 0, item);
    move(item, 'announced');
  }

  /** Which parts are in the store from before: true when it knows and they are still wanted. */
  async function learnParts(item) {
    try {
      const parts = await partsOf(item);
      item.partsSent = new Map(parts.map(({ number, size }) => [number, size]));
      planParts(item);
      return items.has(item.key);
    } catch (problem) {
      if (items.has(item.key) && !beganAnew(item, problem))
        failed(problem, [item], () => hashed.unshift(item));
      return false;
    }
  }

  /** A whole file, or a part of one that stays in the queue while it has more. */
  function nextToSend() {
    const [item] = announced;
    if (!item.multipart)
      return { item: announced.shift() };
    const number = item.partsLeft.shift();
    if (item.partsLeft.length === 0)
      announced.shift();
    return { item, number };
  }

  async function send({ item, number }) {
    if (!number && linkEnd(item.upload.url) <= serverNow()) {
      again(item); // not told by the refusal: to a page, one without CORS headers is no answer at all
      return;
    }
    const { signal } = item.stop;
    const progress = (bytes) => {
      rate.count(Math.max(0, bytes - item.sent));
      item.sent = bytes;
      changed(item);
    };
    item.sendingNow++;
    move(item, 'sending');
    try {
      if (number)
        await sendPart(item, number, worker.hash, progress, signal);
      else
        await put(item.upload, item.file, progress, signal);
      fine(item);
      item.sendingNow--;
      if (!number || item.partsLeft.length === 0 && item.sendingNow === 0)
        wasSent(item);
    } catch (problem) {
      if (signal.aborted)
        return; // whoever aborted has said what comes next
      item.sendingNow--;
      if (number)
        dropPart(item, number);
      const isReadable = await readable(item);
      if (!signal.aborted)
        notSent(item, number, isReadable ? problem : null);
    }
  }

  function wasSent(item) {
    move(item, 'finalizing');
    sent.push(item);
  }

  /** problem: null when the file is to blame. */
  function notSent(item, number, problem) {
    if (!problem) {
      fail(item, 'The file was changed or moved meanwhile.');
    } else if (!beganAnew(item, problem)) {
      failed(problem, [item], () => {
        if (number)
          item.partsLeft.includes(number) || item.partsLeft.unshift(number);
        else
          item.sent = 0;
        if (!announced.includes(item)) {
          announced.unshift(item);
          item.sendingNow > 0 || move(item, 'announced');
        }
      });
    }
  }

  async function readable(item) {
    try {
      await item.file.slice(0, 1).arrayBuffer();
      return true;
    } catch {
      return false;
    }
  }

  async function finalize(item) {
    try {
      const { media } = await post('media/finalize', { media_id: item.mediaId });
      fine(item);
      if (media.state === 'created') // 202: the store is still at it
        worker.sleep(ASK_AGAIN_MS).then(() => askAgain(item));
      else
        isThere(item, media);
    } catch (problem) {
      if (!beganAnew(item, problem))
        failed(problem, [item], () => sent.push(item));
    }
  }

  function askAgain(item) {
    sent.push(item);
    pump();
  }

  function isThere(item, media) {
    finish(item, 'done');
    arrived(media);
  }

  // --- what people do ---

  const { add, restore, allow } = createIntake(eventId, {
    items, store, changed, pump, isThere, wasSent, take: queue, sleep: worker.sleep, isFinished: ({ state }) => FINISHED.has(state),
  });

  function pause() {
    paused = true;
    for (const item of items.values()) {
      if (item.state !== 'sending' && item.state !== 'hashing')
        continue;
      halt(item);
      if (item.state === 'hashing') {
        move(item, 'waiting');
        waiting.unshift(item);
      } else {
        leaveParts(item);
      }
    }
    rate.forget();
    pump();
  }

  function leaveParts(item) {
    if (item.multipart)
      planParts(item);
    else
      item.sent = 0;
    toSend(item, true);
  }

  function resume() {
    paused = false;
    trouble.until = 0;
    pump();
  }

  function cancel(item) {
    const { state } = item;
    if (state === 'finalizing')
      return; // the store has all of it: it arrives
    leave(item);
    items.delete(item.key);
    store.remove(item.key);
    partTwins(item);
    if (item.mediaId && (item.multipart || state === 'sending'))
      forget(item.mediaId).catch(() => {}); // the server does by itself, later
    changed(item);
  }

  /** What was begun goes from the server; what is there, finished by another tab or device, stays. */
  async function forget(mediaId) {
    const { media } = await get(`media/${mediaId}`);
    if (media.state === 'created')
      await remove(`media/${mediaId}`);
    else
      arrived(media);
  }

  function cancelAll() {
    for (const item of [...items.values()].reverse()) {
      item.twins.length = 0;
      FINISHED.has(item.state) || cancel(item);
    }
    paused = false;
    pump();
  }

  function retry(item) {
    Object.assign(item, { fault: undefined, tries: 0, renewed: 0 });
    again(item);
    pump();
  }

  const totals = () => totalsOf(items);

  addEventListener('beforeunload', (event) => {
    store.flush();
    if (!paused && totals().unfinished > 0)
      event.preventDefault();
  });
  addEventListener('pagehide', () => store.flush());

  return {
    add, allow, restore, pause, resume, cancel, cancelAll, retry, totals, rate: rate.now,
    get items() { return [...items.values()]; },
    has: (item) => items.get(item.key) === item,
    get paused() { return paused; },
    get heldUntil() { return trouble.until; },
    /** What is over is forgotten. */
    clear() {
      for (const item of items.values()) {
        if (FINISHED.has(item.state)) {
          items.delete(item.key);
          store.remove(item.key);
        }
      }
      changed(null);
    },
  };
}
