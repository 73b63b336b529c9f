// An upload in parts: item.partsSent says how much of each is at the store (number -> bytes), item.partsLeft which are to be sent.

import { get, post } from './api.js';
import { put } from './upload-transfer.js';

/** [{number, size}]: what the store has. */
export const partsOf = async ({ mediaId }) => (await get(`media/${mediaId}/parts`)).parts;

/** What is not whole is sent again. */
export function planParts(item) {
  const { part_size: size, parts } = item.multipart;
  item.partsLeft = [];
  for (let number = 1; number <= parts; number++) {
    if (item.partsSent.get(number) !== Math.min(size, item.size - (number - 1) * size)) {
      item.partsSent.delete(number);
      item.partsLeft.push(number);
    }
  }
  countParts(item);
}

export function dropPart(item, number) {
  item.partsSent.delete(number);
  countParts(item);
}

function countParts(item) {
  item.sent = 0;
  for (const bytes of item.partsSent.values())
    item.sent += bytes;
}

/** progress(bytes of the item that are sent); hash: of the worker. */
export async function sendPart(item, number, hash, progress, signal) {
  const { part_size: size } = item.multipart;
  const blob = item.file.slice((number - 1) * size, number * size);
  const sha256 = await hash(blob, undefined, signal);
  const { parts: [upload] } = await post(`media/${item.mediaId}/parts`, { parts: [{ number, sha256 }] });
  const count = (bytes) => {
    const before = item.partsSent.get(number) ?? 0;
    item.partsSent.set(number, bytes);
    progress(item.sent - before + bytes);
  };
  await put(upload, blob, count, signal);
  count(blob.size);
}
