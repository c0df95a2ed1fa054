// The colours of lab.css for a canvas, which knows no var(--name).

/** The colour that an element sees under a name. */
export function colorOf(element, name) {
  return getComputedStyle(element).getPropertyValue(`--${name}`).trim();
}

/** A colour "#rrggbb" that lets through what is below it; opacity: from 0 to 1. */
export function faded(color, opacity) {
  const level = Math.round(255 * opacity);
  return `${color}${level.toString(16).padStart(2, "0")}`;
}
