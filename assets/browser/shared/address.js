// What a component keeps in the address of the page, so that a link shows the same, and through page switches.
// The server checks what a link brings (pages/shared/address.py); here it is only written.

export const FIRST = "224"; // the digit that every page begins with: both reconstruct it well, and its draws differ
const WAIT = 300; // milliseconds of rest before the address is written: browsers allow only so many a minute
globalThis.aeVaeLabMemory ??= new Map();
const memory = globalThis.aeVaeLabMemory;
const EVERYWHERE = "x"; // the digit follows from page to page, a drawing too
const OF_THE_DIGIT = ["z", "z_ae", "z_vae"]; // which another digit leaves behind

export class Address {
  /** page: a name; given: what the link brought, checked. What it did not bring is as it was at the last visit. */
  constructor(page, given) {
    this.path = window.location.pathname;
    const own = { ...memory.get(page) };
    const everywhere = { ...memory.get(EVERYWHERE) };
    if ((own[EVERYWHERE] ?? null) !== (everywhere[EVERYWHERE] ?? null))
      for (const name of OF_THE_DIGIT) delete own[name];
    this.state = { ...own, ...everywhere, ...given };
    memory.set(page, this.state);
    this.share();
  }

  /** Remembers values by name; null is the default, which needs no place in the address. */
  keep(values) {
    Object.assign(this.state, values);
    this.share();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(), WAIT);
  }

  share() {
    if (EVERYWHERE in this.state) memory.set(EVERYWHERE, { [EVERYWHERE]: this.state[EVERYWHERE] });
  }

  write() {
    if (window.location.pathname !== this.path) return; // it is another page's address by now
    writeAddress(this.state);
  }
}

/** The digit on show, on whichever page it was chosen. */
export const digitNow = () => memory.get(EVERYWHERE)?.[EVERYWHERE] ?? FIRST;

/** Puts values into the page's address at once, by name; null takes one out of it. */
export function writeAddress(values) {
  const url = new URL(window.location);
  for (const [name, value] of Object.entries(values)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  if (url.href !== window.location.href) window.history.replaceState(window.history.state, "", url);
}

/** Puts values into the address and has the page follow it: to Streamlit it is as if Back had led there. */
export function followAddress(values) {
  writeAddress(values);
  window.dispatchEvent(new PopStateEvent("popstate", { state: window.history.state }));
}
