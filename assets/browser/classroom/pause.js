// While the teacher of a class pauses: a dialog over the whole page, which takes the keyboard and is read aloud.
import { element } from "../shared/element.js";
import { membership } from "./membership.js";

const ID = "ae-vae-lab-pause"; // assets/style.css
const WORDS = "Look up: your teacher has paused the class.";

/** From now on the page is covered while its class is paused; once a visit. */
export function coverWhilePaused() {
  if (globalThis.aeVaeLabIsCovered) return;
  globalThis.aeVaeLabIsCovered = true;
  const hear = () => cover(Boolean(membership().now?.isPaused && !membership().isTeacher));
  membership().addEventListener("news", hear);
  hear();
}

/** Covers the page, or gives it back with the focus where it was. */
function cover(isPaused) {
  const shown = document.getElementById(ID);
  if (isPaused && !shown) open();
  if (!isPaused && shown) {
    shown.dataset.isOver = "true";
    shown.close();
    shown.remove();
  }
}

function open() {
  const leave = element("button", { type: "button" }, "Leave the class"); // the teacher may be gone
  leave.addEventListener("click", () => membership().leave());
  // The words have the focus at first: nobody leaves by a key that was pressed too late.
  const words = element("p", { role: "alert", tabIndex: -1, autofocus: true }, WORDS);
  const shown = element("dialog", { id: ID, "aria-label": "Pause" }, words, leave);
  shown.addEventListener("keydown", (event) => event.stopPropagation()); // no step is turned
  shown.addEventListener("cancel", (event) => event.preventDefault());
  shown.addEventListener("close", () => shown.dataset.isOver || shown.showModal()); // a second Escape
  document.body.append(shown);
  shown.showModal();
}
