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

/** Black or white, whichever is easier to read on a colour "#rrggbb": at least 4.5 : 1 on any (WCAG 2). */
export function inkOn(color) {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const level = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return level <= 0.04045 ? level / 12.92 : ((level + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  return luminance > 0.179 ? "#000" : "#fff"; // where both have the same contrast
}
