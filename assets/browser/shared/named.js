// What a step names, a control or a picture: a press on its name brings it into view and lights it up, and puts the
// focus on it. A name that is out of sight says on which side it is.
import { roots } from "./roots.js";
import { bringIntoView } from "./scroll.js";

const NAMED = "button, summary, label, legend, h2, h3, h4, th, .head > span, figcaption, text, [aria-label]";
const ELSEWHERE = ".steps, [data-testid='stSidebar'], [data-testid='stHeader']";
const LIT = 1_800; // milliseconds
const AGAIN = 1_000; // milliseconds until a name is looked for again whose place is not there yet

/** The place of a name: of all on the page that contain it, the one that says least besides. */
export function placeOf(name) {
  let found = null;
  let least = Number.POSITIVE_INFINITY;
  for (const root of roots()) {
    for (const one of root.querySelectorAll(NAMED)) {
      const length = Math.min(...textsOf(one).map((text) => (text.includes(name) ? text.length : least)));
      if (length < least && one.getClientRects().length && !one.closest(ELSEWHERE)) [found, least] = [one, length];
    }
  }
  return found;
}

/** Has the names in a text, `a.named`, lead to their places, and say where these are out of sight. */
export class Names {
  constructor(text) {
    this.text = text;
    this.places = new Map();
    this.missed = new Map(); // a name -> when it was looked for in vain
    text.addEventListener("click", (event) => {
      const name = event.target.closest(".named");
      if (!name) return;
      event.preventDefault(); // the address stays
      this.show(name.textContent);
    });
    this.look = () => {
      this.waiting ??= requestAnimationFrame(() => {
        this.waiting = null;
        this.mark();
      });
    };
  }

  /** From now on what scrolls is followed, until `leave`. */
  open() {
    document.addEventListener("scroll", this.look, { capture: true, passive: true });
    window.addEventListener("resize", this.look);
    this.look();
  }

  leave() {
    clearTimeout(this.later);
    cancelAnimationFrame(this.waiting);
    this.waiting = null;
    document.removeEventListener("scroll", this.look, { capture: true });
    window.removeEventListener("resize", this.look);
  }

  place(name) {
    const known = this.places.get(name)?.deref();
    if (known?.isConnected && known.getClientRects().length) return known;
    if (performance.now() < this.missed.get(name) + AGAIN) return null; // to look goes through the whole page
    const found = placeOf(name);
    if (found) this.places.set(name, new WeakRef(found));
    else this.missed.set(name, performance.now());
    return found;
  }

  show(name) {
    this.missed.delete(name);
    const place = this.place(name);
    if (!place) return;
    bringIntoView(place, "center");
    const color = getComputedStyle(this.text).getPropertyValue("--st-primary-color");
    const outline = `3px solid ${color}`;
    place.animate([{ outline, outlineOffset: "4px" }, { outline, outlineOffset: "4px" }, {}], LIT);
    (place.control ?? place).focus({ preventScroll: true });
  }

  mark() {
    clearTimeout(this.later);
    const names = [...this.text.querySelectorAll(".named")];
    for (const one of names) {
      const box = this.place(one.textContent)?.getBoundingClientRect();
      one.classList.toggle("is-there", Boolean(box));
      one.classList.toggle("is-below", Boolean(box) && box.top + box.height / 2 > window.innerHeight);
      one.classList.toggle("is-above", Boolean(box) && box.bottom < 0);
    }
    // What is drawn, or trained, comes later.
    if (names.some((one) => !one.matches(".is-there"))) this.later = setTimeout(this.look, AGAIN);
  }
}

function textsOf(one) {
  return [one.textContent, one.getAttribute("aria-label") ?? ""].map((text) => text.replace(/\s+/g, " ").trim());
}
