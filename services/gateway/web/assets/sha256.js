// SHA-256 (FIPS 180-4), piece by piece: the browser's own wants all of a file in memory, and is there under TLS alone.

const K = new Int32Array(64);
const START = new Int32Array(8);

// The first 32 bits of the fractions of the primes' cube and square roots.
for (let n = 2, found = 0; found < 64; n++) {
  let prime = true;
  for (let i = 2; i * i <= n && prime; i++)
    prime = n % i !== 0;
  if (!prime)
    continue;
  if (found < 8)
    START[found] = n ** (1 / 2) % 1 * 2 ** 32;
  K[found++] = n ** (1 / 3) % 1 * 2 ** 32;
}

const W = new Int32Array(64), KW = new Int32Array(64);

/** Works all whole blocks of the bytes into the state; gives how many bytes those are. */
function compress(state, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.byteLength - bytes.byteLength % 64;
  let [s0, s1, s2, s3, s4, s5, s6, s7] = state;
  for (let at = 0; at < end; at += 64) {
    for (let i = 0; i < 16; i++)
      W[i] = view.getInt32(at + 4 * i);
    for (let i = 16; i < 64; i++) {
      const x = W[i - 15], y = W[i - 2];
      W[i] = ((W[i - 16] + W[i - 7] | 0) + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ x >>> 3) | 0) +
        ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ y >>> 10) | 0;
    }
    let a = s0, b = s1, c = s2, d = s3, e = s4, f = s5, g = s6, h = s7;
    for (let i = 0; i < 64; i++)
      KW[i] = K[i] + W[i] | 0;
    for (let i = 0; i < 64; i += 8) { // written out, the names turning: half as fast again
      h = (((h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) | 0) + (g ^ e & (f ^ g)) | 0) + KW[i] | 0);
      d = d + h | 0;
      h = (h + ((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) | 0) + (a & b ^ c & (a ^ b)) | 0;
      g = (((g + ((d >>> 6 | d << 26) ^ (d >>> 11 | d << 21) ^ (d >>> 25 | d << 7)) | 0) + (f ^ d & (e ^ f)) | 0) + KW[i + 1] | 0);
      c = c + g | 0;
      g = (g + ((h >>> 2 | h << 30) ^ (h >>> 13 | h << 19) ^ (h >>> 22 | h << 10)) | 0) + (h & a ^ b & (h ^ a)) | 0;
      f = (((f + ((c >>> 6 | c << 26) ^ (c >>> 11 | c << 21) ^ (c >>> 25 | c << 7)) | 0) + (e ^ c & (d ^ e)) | 0) + KW[i + 2] | 0);
      b = b + f | 0;
      f = (f + ((g >>> 2 | g << 30) ^ (g >>> 13 | g << 19) ^ (g >>> 22 | g << 10)) | 0) + (g & h ^ a & (g ^ h)) | 0;
      e = (((e + ((b >>> 6 | b << 26) ^ (b >>> 11 | b << 21) ^ (b >>> 25 | b << 7)) | 0) + (d ^ b & (c ^ d)) | 0) + KW[i + 3] | 0);
      a = a + e | 0;
      e = (e + ((f >>> 2 | f << 30) ^ (f >>> 13 | f << 19) ^ (f >>> 22 | f << 10)) | 0) + (f & g ^ h & (f ^ g)) | 0;
      d = (((d + ((a >>> 6 | a << 26) ^ (a >>> 11 | a << 21) ^ (a >>> 25 | a << 7)) | 0) + (c ^ a & (b ^ c)) | 0) + KW[i + 4] | 0);
      h = h + d | 0;
      d = (d + ((e >>> 2 | e << 30) ^ (e >>> 13 | e << 19) ^ (e >>> 22 | e << 10)) | 0) + (e & f ^ g & (e ^ f)) | 0;
      c = (((c + ((h >>> 6 | h << 26) ^ (h >>> 11 | h << 21) ^ (h >>> 25 | h << 7)) | 0) + (b ^ h & (a ^ b)) | 0) + KW[i + 5] | 0);
      g = g + c | 0;
      c = (c + ((d >>> 2 | d << 30) ^ (d >>> 13 | d << 19) ^ (d >>> 22 | d << 10)) | 0) + (d & e ^ f & (d ^ e)) | 0;
      b = (((b + ((g >>> 6 | g << 26) ^ (g >>> 11 | g << 21) ^ (g >>> 25 | g << 7)) | 0) + (a ^ g & (h ^ a)) | 0) + KW[i + 6] | 0);
      f = f + b | 0;
      b = (b + ((c >>> 2 | c << 30) ^ (c >>> 13 | c << 19) ^ (c >>> 22 | c << 10)) | 0) + (c & d ^ e & (c ^ d)) | 0;
      a = (((a + ((f >>> 6 | f << 26) ^ (f >>> 11 | f << 21) ^ (f >>> 25 | f << 7)) | 0) + (h ^ f & (g ^ h)) | 0) + KW[i + 7] | 0);
      e = e + a | 0;
      a = (a + ((b >>> 2 | b << 30) ^ (b >>> 13 | b << 19) ^ (b >>> 22 | b << 10)) | 0) + (b & c ^ d & (b ^ c)) | 0;
    }
    s0 = s0 + a | 0;
    s1 = s1 + b | 0;
    s2 = s2 + c | 0;
    s3 = s3 + d | 0;
    s4 = s4 + e | 0;
    s5 = s5 + f | 0;
    s6 = s6 + g | 0;
    s7 = s7 + h | 0;
  }
  state.set([s0, s1, s2, s3, s4, s5, s6, s7]);
  return end;
}

/** update(bytes) as often as wanted, then digest() once. */
export function createSha256() {
  const state = START.slice();
  const rest = new Uint8Array(64); // of a block that is not full yet
  let restLength = 0, total = 0;

  function update(bytes) {
    total += bytes.byteLength;
    if (restLength > 0) {
      const taken = Math.min(64 - restLength, bytes.byteLength);
      rest.set(bytes.subarray(0, taken), restLength);
      restLength += taken;
      bytes = bytes.subarray(taken);
      if (restLength < 64)
        return;
      compress(state, rest);
      restLength = 0;
    }
    const done = compress(state, bytes);
    rest.set(bytes.subarray(done));
    restLength = bytes.byteLength - done;
  }

  function digest() {
    const bits = total * 8; // right up to 1 PB
    const last = new Uint8Array(restLength < 56 ? 64 : 128);
    last.set(rest.subarray(0, restLength));
    last[restLength] = 0x80;
    const view = new DataView(last.buffer);
    view.setUint32(last.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(last.length - 4, bits % 2 ** 32);
    compress(state, last);
    const out = new DataView(new ArrayBuffer(32));
    state.forEach((word, i) => out.setInt32(4 * i, word));
    return new Uint8Array(out.buffer);
  }

  return { update, digest };
}

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
