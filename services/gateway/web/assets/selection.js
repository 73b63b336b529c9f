// Which photos are chosen: by one, by a range from the last one, or all.

/** changed() is called after each change, and says nothing of what it was. */
export function createSelection(changed) {
  const chosen = new Set();
  let photos = [];
  let anchor = null; // the id a range begins at

  const update = (work) => (...parameters) => {
    work(...parameters);
    changed();
  };

  return {
    has: (photo) => chosen.has(photo.id),
    get size() { return chosen.size; },
    get photos() { return photos.filter(({ id }) => chosen.has(id)); },

    /** The list has changed: what is gone is chosen no more. */
    of: update((list) => {
      photos = list;
      const there = new Set(list.map(({ id }) => id));
      for (const id of chosen)
        there.has(id) || chosen.delete(id);
    }),
    toggle: update((index) => {
      const { id } = photos[index];
      chosen.delete(id) || chosen.add(id);
      anchor = id;
    }),
    extendTo: update((index) => {
      const at = photos.findIndex(({ id }) => id === anchor);
      const from = at < 0 ? index : at; // where it began may have gone
      for (let i = Math.min(from, index); i <= Math.max(from, index); i++)
        chosen.add(photos[i].id);
      anchor = photos[from].id;
    }),
    beginAt: (index) => { anchor = photos[index].id; },
    all: update(() => photos.forEach(({ id }) => chosen.add(id))),
    /** These and no others, of those there are. */
    only: update((ids) => {
      const wanted = new Set(ids);
      chosen.clear();
      for (const { id } of photos)
        wanted.has(id) && chosen.add(id);
      anchor = null;
    }),
    clear: update(() => {
      chosen.clear();
      anchor = null;
    }),
  };
}
