// What is not uploaded yet, kept through a reload in IndexedDB: in "items" what is known of each file, in "files" its
// handle, or the file itself while they are few. Where there is no IndexedDB (a private window) all of it does nothing.

const FILES_MAX_BYTES = 256 * 1024 * 1024; // the browser copies them
const FLUSH_MS = 300, FLUSH_MOST = 200;

const asked = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

function open() {
  const request = indexedDB.open('pierrot-uploads', 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('items', { keyPath: 'key' }).createIndex('event', 'event_id');
    request.result.createObjectStore('files');
  };
  return asked(request);
}

const record = ({ key, name, path, size, modified, type, sha256, mediaId, multipart }) =>
  ({ key, name, path, size, modified, type, sha256, mediaId, multipart });

/** Of one event. */
export async function openUploadStore(eventId) {
  const db = await open().catch(() => null);
  const changed = new Map(); // key -> record, or null when it goes
  const newFiles = new Map();
  const kept = new Map(); // key -> bytes of files kept whole
  let keptBytes = 0, timer = 0;

  /** Writes what has changed: all, or the first so many. */
  function flush(most = Infinity) {
    timer = 0;
    if (!db)
      return;
    const items = db.transaction('items', 'readwrite').objectStore('items');
    const files = db.transaction('files', 'readwrite').objectStore('files'); // by itself: the disk may be full
    files.transaction.onabort = (event) => event.stopPropagation();
    for (const [key, known] of firstOf(changed, most)) {
      if (known) {
        items.put({ ...known, event_id: eventId });
      } else {
        items.delete(key);
        files.delete(key);
      }
    }
    for (const [key, source] of firstOf(newFiles, most))
      files.put(source, key).onerror = (event) => event.preventDefault();
    if (changed.size + newFiles.size > 0)
      later();
  }

  function later() {
    timer ||= setTimeout(flush, FLUSH_MS, FLUSH_MOST);
  }

  /** What is kept under the key now: a file, or what takes no room. */
  function count(key, source) {
    keptBytes -= kept.get(key) ?? 0;
    kept.delete(key);
    if (source instanceof File) {
      kept.set(key, source.size);
      keptBytes += source.size;
    }
  }

  return {
    /** [{...record, source}] of before; source is a File, a handle, or undefined. */
    async load() {
      if (!db)
        return [];
      const transaction = db.transaction(['items', 'files']);
      const records = await asked(transaction.objectStore('items').index('event').getAll(eventId));
      const files = transaction.objectStore('files');
      const sources = await Promise.all(records.map(({ key }) => asked(files.get(key)).catch(() => undefined)));
      return records.map((known, i) => {
        count(known.key, sources[i]);
        return { ...known, source: sources[i] };
      });
    },
    put(item) {
      changed.set(item.key, record(item));
      later();
    },
    /** So that a reload finds the bytes again, if that costs little. */
    keep(key, file, handle) {
      count(key, null);
      if (!handle && keptBytes + file.size > FILES_MAX_BYTES)
        return;
      count(key, handle ?? file);
      newFiles.set(key, handle ?? file);
      later();
    },
    remove(key) {
      count(key, null);
      newFiles.delete(key);
      changed.set(key, null);
      later();
    },
    flush: () => flush(),
  };
}

/** Takes that many out of the map. */
function firstOf(map, most) {
  const entries = [...map].slice(0, most);
  entries.forEach(([key]) => map.delete(key));
  return entries;
}
