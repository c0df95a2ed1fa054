// While the teacher of a class pauses: a dialog over the whole page, which takes the keyboard and is read aloud.
import { element } from "../shared/element.js";

const ID = "ae-vae-lab-pause"; // assets/style.css
const WORDS = "Look up: your teacher has paused the class.";

/** Covers the page, or gives it back with the focus where it was. */
export function cover(isPaused) {
  const shown = document.getElementById(ID);
  if (isPaused && !shown) open();
  if (!isPaused && shown) {
    shown.dataset.isOver = "true";
    shown.close();
    shown.remove();
  }
}

function open() {
  const shown = element("dialog", { id: ID, "aria-label": "Pause" }, element("p", { role: "alert" }, WORDS));
  shown.addEventListener("keydown", (event) => event.stopPropagation()); // no step is turned
  shown.addEventListener("cancel", (event) => event.preventDefault());
  shown.addEventListener("close", () => shown.dataset.isOver || shown.showModal()); // a second Escape
  document.body.append(shown);
  shown.showModal();
}
