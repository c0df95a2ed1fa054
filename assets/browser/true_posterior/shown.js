// A test digit that one component of a page has another one show.

const EVENT = "ae-vae-lab-digit";

/** Has whoever listens show a test digit, by its number. */
export function show(index) {
  window.dispatchEvent(new CustomEvent(EVENT, { detail: index }));
}

/** Calls `use` with the number of each digit that is to be shown, as long as an element is on the page. */
export function whenShown(element, use) {
  const listen = (event) => (element.isConnected ? use(event.detail) : window.removeEventListener(EVENT, listen));
  window.addEventListener(EVENT, listen);
}
