// What the server sends once and every component of the page uses: models, codes, images, each under a name that never
// changes its meaning. It outlives reruns and page switches, until the page is loaded anew.

const shelf = (globalThis.aeVaeLabShelf ??= { parcels: new Map(), unpacked: new Set(), waiting: new Set() });

/** Says that a parcel has come and will be on the shelf in a moment. */
export function unpack(name) {
  shelf.unpacked.add(name);
}

/** Those of the named parcels (an object like `names`) that have not come from the server. */
export function missing(names) {
  return Object.values(names).filter((name) => !shelf.unpacked.has(name));
}

/** Puts a parcel on the shelf, and calls whoever waited for it. */
export function put(name, content) {
  shelf.parcels.set(name, content);
  for (const look of [...shelf.waiting]) look();
}

/** Calls `use` with the named parcels (an object like `names`) as soon as all are there; returns a function that gives up. */
export function whenHere(names, use) {
  const look = () => {
    if (!Object.values(names).every((name) => shelf.parcels.has(name))) return;
    shelf.waiting.delete(look);
    use(Object.fromEntries(Object.entries(names).map(([key, name]) => [key, shelf.parcels.get(name)])));
  };
  shelf.waiting.add(look);
  look();
  return () => shelf.waiting.delete(look);
}
