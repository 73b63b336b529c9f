// How far all uploads are, and how fast they go.

const SAMPLE_MS = 250, RATE_MS = 15_000;

/** Of how many files and bytes how many are where. */
export function totalsOf(items) {
  const out = { files: items.size, done: 0, existing: 0, finalizing: 0, failed: 0, missing: 0, askable: 0, bytes: 0, bytesDone: 0, bytesLeft: 0 };
  for (const { state, size, sent: bytes, handle } of items.values()) {
    if (state in out)
      out[state]++;
    if (state === 'missing') {
      out.askable += handle ? 1 : 0;
      continue;
    }
    out.bytes += state === 'failed' ? 0 : size;
    out.bytesDone += state === 'failed' ? 0 : bytes;
  }
  out.unfinished = out.files - out.done - out.existing - out.failed - out.missing;
  out.bytesLeft = out.bytes - out.bytesDone;
  return out;
}

/** count(bytes) what was sent; now(): bytes a second of late, 0 when it is not known. */
export function createRate() {
  const samples = []; // [when, bytes sent by then]
  let sent = 0;
  return {
    count(bytes) {
      sent += bytes;
      const now = Date.now();
      if (now - (samples.at(-1)?.[0] ?? 0) > SAMPLE_MS)
        samples.push([now, sent]);
      while (samples[0][0] < now - RATE_MS)
        samples.shift();
    },
    forget() {
      samples.length = 0;
    },
    now() {
      const [first, last] = [samples[0], samples.at(-1)];
      return first && last[0] - first[0] > 1000 ? (last[1] - first[1]) * 1000 / (last[0] - first[0]) : 0;
    },
  };
}
