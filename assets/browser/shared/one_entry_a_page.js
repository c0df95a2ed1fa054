// One entry of the browser's history a page, so that Back leads to the page before, as one left it. Streamlit makes
// another entry whenever a widget or the script writes into the address, and takes the parameters of a page out of the
// address before it opens the next one.
import { NAVIGATION } from "./lesson_link.js";

const push = window.history.pushState.bind(window.history);
const replace = window.history.replaceState.bind(window.history);
const LINKS = `${NAVIGATION}, [data-testid="stPageLink-NavLink"]`;
const pathOf = (url) => new URL(url ?? "", window.location.href).pathname;

/** Watches over what is written into the history, from now on; once a visit. */
export function haveOneEntryAPage() {
  if (globalThis.aeVaeLabHasOneEntryAPage) return;
  globalThis.aeVaeLabHasOneEntryAPage = true;
  let left = null; // the address of a page, when one leaves it
  const leave = (event) => {
    const isInAnotherTab = event.metaKey || event.ctrlKey || event.shiftKey;
    if (event.target.closest?.(LINKS) && !isInAnotherTab) left = window.location.href;
  };
  document.addEventListener("click", leave, { capture: true });
  window.history.pushState = (state, title, url) => {
    if (pathOf(url) === window.location.pathname) return replace(state, title, url);
    if (left && pathOf(left) === window.location.pathname) replace(window.history.state, "", left);
    left = null;
    push(state, title, url);
  };
}
