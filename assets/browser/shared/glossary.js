// What a word of the lab means, as a pop-up where it stands: under the pointer, at a tap, and by the keyboard. Its
// links are pages/shared/glossary.py's, in the page's own text and in components'.
import { element } from "./element.js";

const ID = "word-meaning"; // assets/style.css
const LINK = 'a[href^="#word-"]';
const GAP = 6; // pixels
const AGAIN = 5000; // milliseconds
let meanings = {}; // HTML by the name in a link

/** Has every link to a word, now and later, show what it means. */
export function explainWords() {
  if (document.getElementById(ID)) return;
  learn();
  const shown = element("div", { id: ID, role: "tooltip", hidden: true });
  document.body.append(shown);
  const listen = (type, act) => document.addEventListener(type, act, { capture: true });
  // From one place in a component to another neither pointerover nor focusin leaves it.
  listen("pointermove", (event) => event.pointerType === "touch" || show(shown, linkOf(event)));
  listen("keyup", (event) => event.key === "Escape" || show(shown, linkOf(event)));
  listen("scroll", () => shown.hidden || place(shown));
  listen("keydown", (event) => {
    if (event.key !== "Escape" || shown.hidden) return;
    event.stopPropagation(); // it closes this, and nothing else
    show(shown, null);
  });
  listen("click", (event) => {
    const link = linkOf(event);
    if (link) {
      event.preventDefault(); // the address stays
      event.stopPropagation();
    }
    show(shown, link);
  });
}

/** Asks the server, once a visit; again later where it does not answer. */
async function learn() {
  try {
    meanings = await (await fetch(new URL("../../../words", import.meta.url))).json();
  } catch {
    setTimeout(learn, AGAIN);
  }
}

function linkOf(event) {
  return event.composedPath()[0].closest?.(LINK);
}

function show(shown, link) {
  const meaning = link && meanings[link.hash.slice(1)];
  if (shown.hidden ? !meaning : shown.link === link) return;
  shown.hidden = !meaning;
  if (!meaning) return;
  shown.innerHTML = meaning; // the server's own text, as HTML
  link.setAttribute("aria-description", shown.textContent);
  shown.link = link;
  place(shown);
}

/** Below the link, or above it where there is no room. */
function place(shown) {
  const at = shown.link.getBoundingClientRect();
  const zoom = document.documentElement.currentCSSZoom ?? 1; // of the projector's view
  const { width, height } = shown.getBoundingClientRect();
  const left = Math.min(Math.max(at.left, GAP), Math.max(window.innerWidth - width - GAP, GAP));
  const isRoom = at.bottom + GAP + height < window.innerHeight;
  const top = isRoom ? at.bottom + GAP : Math.max(at.top - GAP - height, GAP);
  shown.style.left = `${left / zoom}px`;
  shown.style.top = `${top / zoom}px`;
}
