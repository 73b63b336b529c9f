// The bytes' way to the store, and the worker that hashes them.

import { Problem } from './api.js';

const SILENCE_MS = 60_000; // then a connection is dead

/** PUTs the blob. progress(bytes sent so far); signal ends it. Throws a Problem with the store's status, 0 for no
 *  answer. That the object is there already (412) is fine: finalizing tells whether it is the right one. */
export function put({ method = 'PUT', url, headers }, blob, progress, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = new XMLHttpRequest();
    let silence;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => request.abort(), SILENCE_MS);
    };
    const stop = () => request.abort();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers ?? {})) {
      if (name.toLowerCase() !== 'content-length') // the browser's own to say
        request.setRequestHeader(name, value);
    }
    request.upload.addEventListener('progress', ({ loaded }) => {
      heard();
      progress(Math.min(loaded, blob.size));
    });
    request.addEventListener('loadend', () => {
      clearTimeout(silence);
      signal.removeEventListener('abort', stop);
      if (signal.aborted)
        reject(signal.reason);
      else if (request.status >= 200 && request.status < 300 || request.status === 412)
        resolve();
      else
        reject(Object.assign(new Problem(request.status, {}, Number(request.getResponseHeader('retry-after')) || undefined),
          { store: true }));
    });
    signal.addEventListener('abort', stop);
    heard();
    request.send(blob);
  });
}

/** {hash(blob, progress, signal), sleep(ms)}, both promises. */
export function startWorker() {
  const worker = new Worker('/assets/upload-worker.js', { type: 'module' });
  const waiting = new Map(); // id -> {resolve, reject, progress}
  let last = 0;

  worker.addEventListener('message', ({ data: { id, done, sha256, error } }) => {
    const { resolve, reject, progress } = waiting.get(id) ?? {};
    if (done !== undefined) {
      progress?.(done);
      return;
    }
    waiting.delete(id);
    if (error)
      reject?.(new DOMException('the file cannot be read', error));
    else
      resolve?.(sha256);
  });

  worker.addEventListener('error', () => {
    for (const { reject } of waiting.values())
      reject(new DOMException('the worker does not run', 'OperationError'));
    waiting.clear();
  });

  function ask(message, progress) {
    const id = ++last;
    worker.postMessage({ id, ...message });
    return { id, answer: new Promise((resolve, reject) => waiting.set(id, { resolve, reject, progress })) };
  }

  return {
    sleep: (sleep) => ask({ sleep }).answer,
    async hash(blob, progress, signal) {
      signal.throwIfAborted();
      const { id, answer } = ask({ blob }, progress);
      const stop = () => worker.postMessage({ id, stop: true });
      signal.addEventListener('abort', stop);
      const sha256 = await answer.finally(() => signal.removeEventListener('abort', stop));
      signal.throwIfAborted();
      return sha256;
    },
  };
}
