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

/** {found: [{file, path, handle}], unreadable: [names]} of a drop. A handle, where the browser has them, finds the file again
 *  after a reload; the file itself is not asked of it, since Chromium reads those at twice the cost. */
export async function filesOfDrop(transfer) {
  const items = [...transfer.items].filter(({ kind }) => kind === 'file');
  // All are asked for now: once this returns, the drop is empty. One kind after the other: in turn it takes Chromium seconds.
  const entries = items.map((item) => item.webkitGetAsEntry?.());
  const files = items.map((item) => item.getAsFile());
  const wanted = items.map((item) => item.getAsFileSystemHandle?.().catch(() => null));
  const found = [], unreadable = [];
  for (const [i, file] of files.entries()) {
    const handles = new Map();
    await walkHandle(await wanted[i], '', handles).catch(() => {}); // without them, the files are chosen again
    const first = found.length;
    if (entries[i]?.isDirectory)
      await walkEntry(entries[i], '', found, unreadable);
    else if (file)
      found.push({ file, path: file.name });
    for (const one of found.slice(first))
      one.handle = handles.get(one.path);
  }
  return { found, unreadable };
}

/** [{file, path}] of an input. */
export const filesOfInput = ({ files }) =>
  Array.from(files, (file) => ({ file, path: file.webkitRelativePath || file.name }));

/** Fills path -> handle. */
async function walkHandle(handle, path, handles) {
  if (handle?.kind === 'directory') {
    for await (const child of handle.values())
      await walkHandle(child, `${path}${handle.name}/`, handles);
  } else if (handle) {
    handles.set(path + handle.name, handle);
  }
}

/** What cannot be read is named; the rest of its folder is found all the same. */
async function walkEntry(entry, path, found, unreadable) {
  try {
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
        await walkEntry(child, `${path}${entry.name}/`, found, unreadable);
    }
  } catch {
    isLitter(entry) || unreadable.push(entry.name);
  }
}
