// Files and folders as they come: from a drop, a picker, a phone's photos.

const TYPES = {
  jpg: 'image/jpeg', jpeg: 'image/jpeg', jfif: 'image/jpeg', png: 'image/png', webp: 'image/webp', gif: 'image/gif',
  avif: 'image/avif', heic: 'image/heic', heif: 'image/heic', mp4: 'video/mp4', m4v: 'video/mp4', mov: 'video/quicktime',
  qt: 'video/quicktime', webm: 'video/webm',
};
const KNOWN = new Set(Object.values(TYPES));
const NAME_MAX = 255; // bytes

/** What a picker offers. */
export const ACCEPT = [...KNOWN, 'image/heif'].join();

/** The content type the server knows, or undefined. */
export function typeOf({ name, type }) {
  return TYPES[name.split('.').at(-1).toLowerCase()] ?? (KNOWN.has(type) ? type : undefined);
}

/** Files that systems leave in folders, of which nobody knows. */
export const isLitter = ({ name }) => name.startsWith('.') || /^(thumbs\.db|desktop\.ini)$/i.test(name);

/** A name without what the server takes for a path; the end of what is too long stays. */
export function safeName(name) {
  const safe = name.replace(/[/\\]/g, '_').replace(/\p{Cc}/gu, '') || 'photo';
  const characters = [...safe];
  while (new TextEncoder().encode(characters.join('')).length > NAME_MAX)
    characters.splice(Math.floor(characters.length / 3), 1);
  return characters.join('');
}

/** [{file, path, handle}] of a drop. A handle, where the browser has them, finds the file again after a reload. */
export async function filesOfDrop(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  // All are asked for now: once this returns, the drop is empty.
  const wanted = items.map((item) => {
    const entry = item.webkitGetAsEntry?.();
    return { entry, file: item.getAsFile(), handle: item.getAsFileSystemHandle?.().catch(() => null) };
  });
  const found = [];
  for (const { entry, file, handle } of wanted) {
    const known = await handle;
    if (known)
      await walkHandle(known, '', found);
    else if (entry?.isDirectory)
      await walkEntry(entry, '', found);
    else if (file)
      found.push({ file, path: file.name });
  }
  return found;
}

/** [{file, path}] of an input. */
export const filesOfInput = ({ files }) =>
  Array.from(files, (file) => ({ file, path: file.webkitRelativePath || file.name }));

async function walkHandle(handle, path, found) {
  if (handle.kind === 'file') {
    found.push({ file: await handle.getFile(), path: path + handle.name, handle });
    return;
  }
  for await (const child of handle.values())
    await walkHandle(child, `${path}${handle.name}/`, found);
}

async function walkEntry(entry, path, found) {
  if (entry.isFile) {
    found.push({ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), path: path + entry.name });
    return;
  }
  const reader = entry.createReader();
  for (;;) { // a hundred at a time
    const children = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (children.length === 0)
      return;
    for (const child of children)
      await walkEntry(child, `${path}${entry.name}/`, found);
  }
}
