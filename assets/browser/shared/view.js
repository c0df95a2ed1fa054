// How the card of steps tells the page's pictures what to show: a view is a part of the address, as an object.

export const SET_VIEW = "ae-vae-lab: set view";

/** Has the page's pictures show a view. */
export const setView = (view) => window.dispatchEvent(new CustomEvent(SET_VIEW, { detail: view }));
