// How wide a digit's strokes are, and the same digit with strokes as wide as MNIST's.

import { BOX } from "./centre.js";

const USUAL = { least: 2, most: 4.7 }; // most of MNIST's are between these, measured in the same way
export const PEN = 2.2; // what thinner ones are brought to, and what one draws with here
const MARKER = 4; // and what thicker ones are

/** The mean width of a mask's strokes, pixels: across a stroke, the mean distance to its edge is a fourth of it. */
export function strokeWidth({ width, height, mask }) {
  const inside = distances({ width, height, mask }, 0);
  let [sum, count] = [0, 0];
  for (let i = 0; i < mask.length; i++)
    if (mask[i]) {
      sum += inside[i] - 0.5;
      count++;
    }
  return (4 * sum) / count;
}

/**
 * How wide strokes should become for a digit whose longer side is `size` pixels with strokes as wide as `now`; null
 * where they are as MNIST's already. The longer side is the pen's way and its width.
 */
export function wantedWidth(size, now) {
  const inBox = (now / size) * BOX;
  if (inBox >= USUAL.least && inBox <= USUAL.most) return null;
  const pen = inBox < USUAL.least ? PEN : MARKER;
  return ((size - now) * pen) / (BOX - pen);
}

/** The mask's strokes made wider or narrower -> grey in [0, 1], with soft edges. There must be room around them. */
export function withWidth({ width, height, mask }, now, wanted) {
  if (wanted >= now) return grown({ width, height, mask }, (wanted - now) / 2);
  const core = mask.slice(); // to half of what is wanted, and from there back: where a stroke is thin it is not lost
  const layers = Math.round((now - wanted / 2) / 2);
  for (let layer = 0; layer < layers; layer++) if (!peel({ width, height, mask: core })) break;
  return grown({ width, height, mask: core }, wanted / 4);
}

/** A mask with `by` pixels more on all sides. */
function grown(picture, by) {
  const outside = distances(picture, 1);
  return Float32Array.from(outside, (distance) => Math.min(1, Math.max(0, by + 1 - distance)));
}

/** Each pixel's distance to the nearest one of a value, exactly (Felzenszwalb and Huttenlocher 2012). */
function distances({ width, height, mask }, value) {
  const far = width * width + height * height;
  const squares = Float64Array.from(mask, (level) => (level === value ? 0 : far));
  const line = (start, step, length) => {
    const levels = Float64Array.from({ length }, (_, i) => squares[start + i * step]);
    const [places, bounds] = [[0], [-Infinity]]; // of the parabolas that are lowest somewhere, and from where
    for (let q = 1; q < length; q++) {
      const crossing = () => {
        const p = places.at(-1);
        return (levels[q] + q * q - levels[p] - p * p) / (2 * (q - p));
      };
      while (crossing() <= bounds.at(-1)) {
        places.pop();
        bounds.pop();
      }
      bounds.push(crossing());
      places.push(q);
    }
    for (let i = 0, k = 0; i < length; i++) {
      while (bounds[k + 1] < i) k++;
      squares[start + i * step] = (i - places[k]) ** 2 + levels[places[k]];
    }
  };
  for (let x = 0; x < width; x++) line(x, width, height);
  for (let y = 0; y < height; y++) line(y * width, 1, width);
  return squares.map(Math.sqrt);
}

/** Takes one layer of pixels off, but none that holds the digit together (Guo and Hall 1989). Whether there was any. */
function peel({ width, height, mask }) {
  let isPeeled = false;
  for (const odd of [0, 1]) {
    const gone = [];
    for (let y = 1; y < height - 1; y++)
      for (let x = 1; x < width - 1; x++) {
        const i = y * width + x;
        if (!mask[i]) continue;
        const [p2, p3, p4] = [mask[i - width], mask[i - width + 1], mask[i + 1]];
        const [p5, p6, p7] = [mask[i + width + 1], mask[i + width], mask[i + width - 1]];
        const [p8, p9] = [mask[i - 1], mask[i - width - 1]];
        const branches = (!p2 & (p3 | p4)) + (!p4 & (p5 | p6)) + (!p6 & (p7 | p8)) + (!p8 & (p9 | p2));
        const around = Math.min(
          (p9 | p2) + (p3 | p4) + (p5 | p6) + (p7 | p8),
          (p2 | p3) + (p4 | p5) + (p6 | p7) + (p8 | p9),
        );
        const side = odd ? (p6 | p7 | !p9) & p8 : (p2 | p3 | !p5) & p4;
        if (branches === 1 && around >= 2 && around <= 3 && !side) gone.push(i);
      }
    for (const i of gone) mask[i] = 0;
    isPeeled ||= gone.length > 0;
  }
  return isPeeled;
}
