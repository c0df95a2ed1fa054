/** Brings an element into view, at once for who wants no movement. block: as of scrollIntoView. */
export function bringIntoView(element, block = "start") {
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  element.scrollIntoView({ block, behavior: isStill ? "auto" : "smooth" });
}
