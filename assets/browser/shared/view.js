// How the card of steps tells the page's pictures what to show: a view is a part of the address, as an object.

export const SET_VIEW = "ae-vae-lab: set view";

/** Has the page's pictures show a view: those that are there, and those that come later. */
export function setView(view) {
  globalThis.aeVaeLabView = { view, path: window.location.pathname }; // of this page alone
  window.dispatchEvent(new CustomEvent(SET_VIEW, { detail: view }));
}

/** What a picture that has just come is to show of the view that was set on its page. */
export function viewSet() {
  const { view, path } = globalThis.aeVaeLabView ?? {};
  return path === window.location.pathname ? view : {};
}

/** Another page begins. */
export function forgetView() {
  globalThis.aeVaeLabView = null;
}
