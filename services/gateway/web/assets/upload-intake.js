// How files come to be items of the queue: chosen by people, or left by a visit before.

import { get } from './api.js';
import { isLitter, safeName, typeOf } from './files.js';
import { partsOf } from './upload-parts.js';

const ADDED_AT_ONCE = 100;
const THERE = new Set(['finalized', 'ready']); // states of media whose bytes the server has and has checked

const faceOf = ({ name, size, modified }) => `${size} ${modified} ${name}`; // the same file chosen another way, most likely

/** queue: of upload.js, what an item is given over to. */
export function createIntake(eventId, { items, store, sleep, ...queue }) {
  function itemOf({ key, name, path, size, modified, type, sha256, mediaId, multipart }) {
    return { key, name, path, size, modified, type, sha256, mediaId, multipart,
      sent: 0, hashedBytes: 0, sendingNow: 0, tries: 0, renewed: 0, twins: [], stop: new AbortController(), state: 'missing' };
  }

  const isMissing = (item) => item.state === 'missing' && items.has(item.key);

  /** [{file, path, handle}] -> {added, again, refused: [names]}. The page has its turn in between: to tell a file's size, the
   *  browser goes to the disk. */
  async function add(found) {
    const out = { added: 0, again: 0, refused: [] };
    const open = new Map();
    for (const item of items.values()) {
      if (!queue.isFinished(item))
        open.set(faceOf(item), [...open.get(faceOf(item)) ?? [], item]);
    }
    for (const [i, one] of found.entries()) {
      if (!isLitter(one.file))
        addOne(one, open, out);
      if (i % ADDED_AT_ONCE === ADDED_AT_ONCE - 1) {
        queue.pump();
        await sleep(0);
      }
    }
    queue.pump();
    return out;
  }

  /** open: what is not finished, by its face. */
  function addOne({ file, path, handle }, open, out) {
    const type = typeOf(file);
    if (!type || file.size === 0) {
      out.refused.push(file.name);
      return;
    }
    const facts = { name: safeName(file.name), path, size: file.size, modified: file.lastModified, type };
    const alike = open.get(faceOf(facts)) ?? [];
    const known = alike.find(isMissing);
    if (!known && alike.some((item) => item.path === path))
      return; // chosen twice
    const item = known ?? itemOf({ key: newKey(), ...facts });
    Object.assign(item, { file, handle });
    known || items.set(item.key, item);
    out[known ? 'again' : 'added']++;
    store.put(item);
    store.keep(item.key, file, handle);
    queue.take(item);
  }

  /** What a reload has left: goes on by itself where the bytes can be read, or are at the server. */
  async function restore() {
    if (!await alone(`pierrot-uploads ${eventId}`))
      return; // another tab is at it
    for (const { source, ...known } of await store.load()) {
      const item = itemOf(known);
      items.set(item.key, item);
      queue.changed(item);
      if (source instanceof File)
        item.file = source;
      else if (source) {
        item.handle = source;
        await reach(item, (handle) => handle.queryPermission({ mode: 'read' }));
      }
      if (item.file && isMissing(item))
        queue.take(item);
    }
    queue.pump();
    for (const item of items.values()) {
      if (isMissing(item) && item.mediaId)
        await recognize(item).catch(() => {}); // then it is still missing
    }
  }

  /** Another tab or device may have sent it all meanwhile, and the server goes on with what it has. */
  async function recognize(item) {
    const { media } = await get(`media/${item.mediaId}`);
    const isWhole = item.multipart && media.state === 'created' && (await partsOf(item)).length === item.multipart.parts;
    if (!isMissing(item))
      return;
    if (THERE.has(media.state)) {
      queue.isThere(item, media);
    } else if (isWhole) {
      queue.wasSent(item);
      queue.pump();
    }
  }

  async function reach(item, permission) {
    try {
      if (await permission(item.handle) !== 'granted')
        return;
      const file = await item.handle.getFile();
      if (file.size === item.size && file.lastModified === item.modified)
        item.file = file;
      else
        delete item.handle;
    } catch {
      delete item.handle; // moved or deleted
    }
  }

  /** After a click: asks for the files whose handles the browser has kept. */
  async function allow() {
    for (const item of items.values()) {
      if (item.state !== 'missing' || !item.handle)
        continue;
      await reach(item, (handle) => handle.requestPermission({ mode: 'read' }));
      if (item.file && isMissing(item))
        queue.take(item);
    }
    queue.pump();
  }

  return { add, restore, allow };
}

const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/** True in one tab alone, for as long as it lives. */
function alone(name) {
  if (!navigator.locks)
    return true;
  return new Promise((resolve) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock && new Promise(() => {});
    });
  });
}
