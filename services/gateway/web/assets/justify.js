// Rows of photos, each as wide as the page and all about as high as wished.

const NARROWEST = 0.5, WIDEST = 3; // what is thinner or wider is cropped in its tile

/** Width to height of a photo, as its tile shows it. */
export function ratioOf({ width, height }) {
  return width > 0 && height > 0 ? Math.min(WIDEST, Math.max(NARROWEST, width / height)) : 1.5;
}

/** The height of rows for a page of that width: two or three photos a row on a phone. */
export const wishedHeight = (width) => Math.round(Math.min(220, Math.max(120, 90 + width * 0.11)));

/** [{start, end, top, height}] of the photos' ratios; end is not in the row. Whole pixels. */
export function justify(ratios, width, wished, gap) {
  const rows = [];
  let start = 0, sum = 0, top = 0;
  const fitting = (n, total) => (width - gap * (n - 1)) / total;
  const close = (end, height) => {
    rows.push({ start, end, top, height: Math.max(1, Math.round(height)) });
    top += rows.at(-1).height + gap;
    start = end;
    sum = 0;
  };
  for (let i = 0; i < ratios.length; i++) {
    const without = i > start ? fitting(i - start, sum) : Infinity;
    const including = fitting(i - start + 1, sum + ratios[i]);
    if (including <= wished && without - wished < wished - including)
      close(i, without);
    sum += ratios[i];
    const height = fitting(i - start + 1, sum);
    if (height <= wished)
      close(i + 1, height);
  }
  if (start < ratios.length) // the last row is not stretched, unless it nearly fits
    close(ratios.length, Math.min(fitting(ratios.length - start, sum), wished * 1.2));
  return rows;
}

/** [{left, width}] of a row's tiles. */
export function tilesOf(row, ratios, width, gap) {
  const tiles = [];
  const n = row.end - row.start;
  let sum = 0;
  for (let i = row.start; i < row.end; i++)
    sum += ratios[i];
  const free = width - gap * (n - 1);
  const scale = Math.min(free / sum, row.height * 1.02); // a last row ends where its photos end
  const filled = scale === free / sum ? free : Math.round(sum * scale);
  let before = 0, left = 0;
  for (let i = row.start; i < row.end; i++) {
    before += ratios[i];
    const right = Math.round(before / sum * filled);
    tiles.push({ left: left + gap * (i - row.start), width: right - left });
    left = right;
  }
  return tiles;
}

/** Index of the row at a height, by halving; the nearest one where there is none. */
export function rowAt(rows, y) {
  let low = 0, high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (rows[middle].top <= y)
      low = middle;
    else
      high = middle - 1;
  }
  return Math.max(0, low);
}
