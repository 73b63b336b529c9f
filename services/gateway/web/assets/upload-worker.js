// Hashes files beside the page: {id, blob} is answered by {id, done} as it goes on, then by {id, sha256} (hex) or
// {id, error}; {id, stop} ends it. Sleeps too, since a page in the background is woken once a minute: {id, sleep} (ms).

import { createSha256, hex } from './sha256.js';

const WHOLE_MAX = 64 * 1024 * 1024; // up to here the browser's own is quicker, where it is
const PIECE = 4 * 1024 * 1024;

const stopped = new Set();

onmessage = async ({ data: { id, blob, stop, sleep } }) => {
  if (stop) {
    stopped.add(id);
  } else if (sleep !== undefined) {
    setTimeout(() => postMessage({ id }), sleep);
  } else {
    try {
      postMessage({ id, sha256: await hash(id, blob) });
    } catch (error) {
      postMessage({ id, error: error.name });
    }
    stopped.delete(id);
  }
};

async function hash(id, blob) {
  if (crypto.subtle && blob.size <= WHOLE_MAX)
    return hex(new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer())));
  const sha = createSha256();
  let next = blob.slice(0, PIECE).arrayBuffer();
  for (let at = 0; at < blob.size && !stopped.has(id); at += PIECE) {
    const piece = await next;
    if (at + PIECE < blob.size)
      next = blob.slice(at + PIECE, at + 2 * PIECE).arrayBuffer(); // is read while this one is worked on
    sha.update(new Uint8Array(piece));
    postMessage({ id, done: Math.min(at + PIECE, blob.size) });
  }
  return hex(sha.digest());
}
