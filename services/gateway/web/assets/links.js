// Links to the store: they end soon, and say when.

import { serverNow } from './api.js';

const EARLY_MS = 15_000; // what is asked for later than that may come too late

/** When a presigned URL ends, by its own words; never, where there is none. */
export function linkEnd(url) {
  const query = url ? new URL(url, location).searchParams : new URLSearchParams();
  const [, y, m, d, hour, min, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(query.get('X-Amz-Date') ?? '') ?? [];
  return y ? Date.UTC(y, m - 1, d, hour, min, s) + 1000 * Number(query.get('X-Amz-Expires')) : Infinity;
}

/** {url, …} of the media's rendition of that name; undefined, where there is none. */
export const renditionOf = (media, wanted) => media.renditions.find(({ name }) => name === wanted);

export const linkIsGood = (url) => linkEnd(url) - EARLY_MS > serverNow();
