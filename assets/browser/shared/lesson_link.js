// Links to lessons: by Streamlit's own navigation, which does not load the page anew; where that is folded away by
// their address, to which the class's digit goes along.
import { element } from "./element.js";

export const NAVIGATION = '[data-testid="stTopNavLink"], [data-testid="stSidebarNavLink"]'; // Streamlit's own
const ALONG = ["x", "present", "embed"]; // of the address

/** A link to a lesson, {name, title, href}: href is relative to the page. */
export function lessonLink(lesson) {
  const link = element("a", { href: lesson.href });
  link.addEventListener("click", (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return; // in another tab
    event.preventDefault();
    goTo(lesson);
  });
  return link;
}

/** Opens a lesson; view: what its address is to say beside, where it has to be loaded. */
export function goTo(lesson, view = {}) {
  const target = new URL(lesson.href, window.location.href.split(/[?#]/)[0]);
  const links = document.querySelectorAll(NAVIGATION);
  const own = [...links].find((link) => new URL(link.href).pathname === target.pathname);
  if (own) return own.click();
  const now = new URL(window.location).searchParams;
  for (const name of ALONG) if (now.has(name)) target.searchParams.set(name, now.get(name));
  for (const [name, value] of Object.entries(view)) target.searchParams.set(name, value);
  window.location.assign(target);
}
