// The pictures of a page, for who takes them home (take_home/picture_list.js): what each can give beside its looks.
import { element } from "./element.js";

const FOLD = "details.take-home"; // pages/shared/controls.py
const known = new WeakMap();

/** numbers(): what an element shows, as {column: values}, {} for nothing yet; draw(): draws a canvas anew. */
export function asPicture(element, gives) {
  known.set(element, { ...known.get(element), ...gives });
}

/** What was said of an element by `asPicture`. */
export const givesOf = (element) => known.get(element) ?? {};

/** Has the fold of every page list its pictures when it is opened, from now on; once a visit. */
export function offerPictures() {
  if (globalThis.aeVaeLabOffersPictures) return;
  globalThis.aeVaeLabOffersPictures = true;
  document.addEventListener("toggle", ({ target }) => target.matches(FOLD) && target.open && list(target), true);
  for (const fold of document.querySelectorAll(`${FOLD}[open]`)) list(fold); // somebody was faster
}

/** What lists them comes when it is first wanted. */
async function list(fold) {
  try {
    const { listPictures } = await import("./take_home/picture_list.js");
    listPictures(fold);
  } catch (error) {
    console.error(error);
    fold.querySelector(".pictures")?.remove();
    const words = "The pictures cannot be listed: the server cannot be reached just now. Load the page again.";
    fold.append(element("p", { className: "pictures", role: "alert" }, words));
  }
}
