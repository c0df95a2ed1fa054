// What the server serves under names that never change their meaning: models, codes, images. The browser keeps them,
// also for the next visit; here they are kept, unpacked, until the page is loaded anew.

/** A parcel cannot be had; the message says why, in words. */
export class NoParcel extends Error {}

const parcels = new Map(); // name -> promise of its bytes

/** The named parcels (an object like `names`) as Uint8Arrays. Throws NoParcel when one cannot be had. */
export async function fetchParcels(names) {
  const bytes = await Promise.all(Object.values(names).map(fetchParcel));
  return Object.fromEntries(Object.keys(names).map((key, index) => [key, bytes[index]]));
}

/** A parcel's bytes; asked for once, and again after it could not be had. */
export function fetchParcel(name) {
  if (!parcels.has(name)) {
    const parcel = ask(name);
    parcels.set(name, parcel);
    parcel.catch(() => parcels.delete(name));
  }
  return parcels.get(name);
}

async function ask(name) {
  let response;
  try {
    response = await fetch(new URL(`../../../parcels/${name}`, import.meta.url));
  } catch {
    throw new NoParcel("The server cannot be reached just now.");
  }
  if (!response.ok)
    throw new NoParcel(
      response.status === 404 ? await response.text() : "The server could not make this part of the page.",
    );
  return new Uint8Array(await response.arrayBuffer());
}
