/** The page and what is in components, which are trees of their own. */
export function roots() {
  const own = [...document.querySelectorAll("*")].map((part) => part.shadowRoot);
  return [document, ...own.filter(Boolean)];
}
