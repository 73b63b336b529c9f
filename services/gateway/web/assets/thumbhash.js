// ThumbHash (Evan Wallace): some 25 bytes that are a blurred picture. https://evanw.github.io/thumbhash/

/** A canvas with the hash, in base64, whose longer side has so many pixels: no more than 32 can be told apart. False
 *  when it is none. */
export function thumbHashCanvas(base64, side) {
  const hash = bytesOf(base64);
  if (hash.length < 5)
    return false;
  const { width, height, rgba } = decode(hash, side);
  const canvas = document.createElement('canvas');
  canvas.setAttribute('aria-hidden', 'true');
  canvas.width = width;
  canvas.height = height;
  // Read frequently: kept out of the graphics card's memory, where a hundred small ones would take long to come to.
  canvas.getContext('2d', { willReadFrequently: true }).putImageData(new ImageData(rgba, width, height), 0, 0);
  return canvas;
}

function bytesOf(base64) {
  try {
    return Uint8Array.from(atob(base64 ?? ''), (c) => c.charCodeAt(0));
  } catch {
    return new Uint8Array();
  }
}

function decode(hash, side) {
  const header = hash[0] | hash[1] << 8 | hash[2] << 16;
  const more = hash[3] | hash[4] << 8;
  const hasAlpha = (header >> 23 & 1) === 1;
  const landscape = more >> 15 === 1;
  const most = hasAlpha ? 5 : 7;
  const columns = Math.max(3, landscape ? most : more & 7);
  const rows = Math.max(3, landscape ? more & 7 : most);
  const ratio = (landscape ? most : more & 7) / (landscape ? more & 7 : most) || 1;
  const width = Math.round(ratio > 1 ? side : side * ratio);
  const height = Math.round(ratio > 1 ? side / ratio : side);

  let nibble = hasAlpha ? 12 : 10;
  const channel = (dc, scale, nx, ny) => {
    const out = new Float32Array(width * height).fill(dc);
    const line = new Float32Array(width);
    for (let y = 0; y < ny; y++) { // along the rows' frequencies first, then along the columns'
      line.fill(0);
      for (let x = y === 0 ? 1 : 0; x * ny < nx * (ny - y); x++, nibble++) {
        const value = ((hash[nibble >> 1] >> ((nibble & 1) << 2) & 15) / 7.5 - 1) * scale * 2;
        const wave = cosines(width, x);
        for (let i = 0; i < width; i++)
          line[i] += value * wave[i];
      }
      const wave = cosines(height, y);
      for (let j = 0, to = 0; j < height; j++) {
        for (let i = 0; i < width; i++, to++)
          out[to] += line[i] * wave[j];
      }
    }
    return out;
  };
  const l = channel((header & 63) / 63, (header >> 18 & 31) / 31, columns, rows);
  const p = channel((header >> 6 & 63) / 31.5 - 1, (more >> 3 & 63) / 63 * 1.25, 3, 3);
  const q = channel((header >> 12 & 63) / 31.5 - 1, (more >> 9 & 63) / 63 * 1.25, 3, 3);
  const a = hasAlpha ? channel((hash[5] & 15) / 15, (hash[5] >> 4) / 15, 5, 5) : null;

  const rgba = new Uint8ClampedArray(width * height * 4); // clamps and rounds by itself
  for (let i = 0, to = 0; i < width * height; i++, to += 4) {
    const blue = l[i] - 2 / 3 * p[i];
    const red = (3 * l[i] - blue + q[i]) / 2;
    rgba[to] = 255 * red;
    rgba[to + 1] = 255 * (red - q[i]);
    rgba[to + 2] = 255 * blue;
    rgba[to + 3] = a ? 255 * a[i] : 255;
  }
  return { width, height, rgba };
}

const waves = new Map();

function cosines(length, frequency) {
  const key = length * 8 + frequency;
  if (!waves.has(key))
    waves.set(key, Float32Array.from({ length }, (_, i) => Math.cos(Math.PI / length * (i + 0.5) * frequency)));
  return waves.get(key);
}
