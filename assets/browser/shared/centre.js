// Anybody's digit as MNIST's were made: in a box of 20 x 20, its centre of mass at the centre of 28 x 28
// (LeCun et al. 1998).
import { PIXELS, SIDE } from "./digit.js";

export const BOX = 20;
const INK = 0.08; // fainter than this is background

/** A picture {width, height, grey: numbers in [0, 1], light on dark} -> 784 pixels, or null where there is no ink. */
export function centreDigit({ width, height, grey }) {
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++)
      if (grey[i] > INK)
        [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
  if (right < 0) return null;
  const scale = BOX / Math.max(right + 1 - left, bottom + 1 - top);
  const [wide, high] = [right + 1 - left, bottom + 1 - top].map((length) => Math.max(1, Math.round(length * scale)));
  const box = { left, top, right: right + 1, bottom: bottom + 1 };
  return inTheMiddle({ width, height, grey }, { wide, high, ...box });
}

/** A part of a picture, or all of it, as wide x high of 28 x 28 pixels, its centre of mass in the middle. */
export function inTheMiddle(
  picture,
  { wide, high, left = 0, top = 0, right = picture.width, bottom = picture.height },
) {
  const small = averaged(picture, left, top, (right - left) / wide, (bottom - top) / high, wide, high);
  let [mass, across, down] = [0, 0, 0];
  for (let y = 0, i = 0; y < high; y++)
    for (let x = 0; x < wide; x++, i++)
      [mass, across, down] = [mass + small[i], across + small[i] * (x + 0.5), down + small[i] * (y + 0.5)];
  // Measured on MNIST: from the picture's edge to the centre of mass it is 14 to 15 pixels, evenly.
  const clamp = (place, length) => Math.min(Math.max(Math.ceil(place), 0), SIDE - length);
  const [x0, y0] = [clamp(SIDE / 2 - across / mass, wide), clamp(SIDE / 2 - down / mass, high)];
  const pixels = new Float32Array(PIXELS);
  for (let y = 0; y < high; y++) for (let x = 0; x < wide; x++) pixels[(y0 + y) * SIDE + x0 + x] = small[y * wide + x];
  return pixels;
}

/** The mean grey of each of wide x high cells, stepX by stepY source pixels each, edges counted by their share. */
function averaged({ width, height, grey }, left, top, stepX, stepY, wide, high) {
  const cells = new Float32Array(wide * high);
  for (let row = 0; row < high; row++)
    for (let column = 0; column < wide; column++) {
      const [x0, x1, y0, y1] = [
        left + column * stepX,
        left + (column + 1) * stepX,
        top + row * stepY,
        top + (row + 1) * stepY,
      ];
      let sum = 0;
      for (let y = Math.floor(y0); y < Math.min(Math.ceil(y1), height); y++)
        for (let x = Math.floor(x0); x < Math.min(Math.ceil(x1), width); x++)
          sum +=
            grey[y * width + x] * (Math.min(x + 1, x1) - Math.max(x, x0)) * (Math.min(y + 1, y1) - Math.max(y, y0));
      cells[row * wide + column] = sum / (stepX * stepY);
    }
  return cells;
}
