// Pictures of digits on canvases: 784 numbers in [0, 1], white on black.
import { element } from "./element.js";

export const SIDE = 28;
export const PIXELS = SIDE * SIDE;

/**
 * Paints pixels on a canvas of 28 x 28, which its style may show larger; null leaves it empty. words: what it shows
 * now, for who cannot see it.
 */
export function paintDigit(canvas, pixels, words = "") {
  if (words) canvas.setAttribute("aria-label", words);
  const context = canvas.getContext("2d");
  if (!pixels) return context.clearRect(0, 0, SIDE, SIDE);
  context.putImageData(digitImage(pixels), 0, 0);
}

/** Pixels as an ImageData of 28 x 28. */
export function digitImage(pixels, image = new ImageData(SIDE, SIDE)) {
  const grey = new Uint32Array(image.data.buffer);
  for (let i = 0; i < grey.length; i++) {
    const level = (pixels[i] * 255 + 0.5) | 0;
    grey[i] = 0xff000000 | (level << 16) | (level << 8) | level; // little-endian: alpha, blue, green, red
  }
  return image;
}

/** Paints digits side by side on a canvas 28 pixels high. */
export function paintStrip(canvas, images) {
  const brush = canvas.getContext("2d");
  for (const [index, image] of images.entries()) brush.putImageData(digitImage(image), index * SIDE, 0);
}

/** An empty canvas for digits side by side. */
export function stripCanvas(count, label, className = "") {
  const properties = { width: SIDE * count, height: SIDE, className: `strip ${className}`.trim() };
  return element("canvas", { ...properties, role: "img", "aria-label": label });
}
