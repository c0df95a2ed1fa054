// The one digit in a picture of paper, blackboard or screen, as MNIST's are: light on dark, strokes as wide as there.
import { inkOf } from "./paper.js";
import { digitAmong, isMargin, piecesOf } from "./pieces.js";
import { removeRules } from "./rules.js";
import { strokeWidth, wantedWidth, withWidth } from "./strokes.js";

const FAINTEST = 0.06; // the share of the paper's light that ink takes, at least
const NOISE = 5; // ink stands out from the paper's grain by so many of its standard deviations
const SOFT = 0.02; // of the shorter side: how far the soft edge of a frame or table reaches
const LOOKS = 3; // a frame, what its shadow leaves, and the digit

/** An ImageData -> {width, height, grey, box, doubts}, as `readPicture` returns it. */
export function digitIn(image) {
  const { width, height, ink, noise } = inkOf(image);
  const pieces = inkPieces({ width, height, ink }, Math.max(FAINTEST, NOISE * noise));
  const digit = digitAmong(pieces, { width, height });
  if (!digit) throw new Error("No digit can be seen in this picture. A dark pen on plain paper is seen best.");
  if (digit.others.length)
    throw new Error(`There are ${digit.others.length + 1} digits or drawings in this picture. Show one digit alone.`);
  const cut = cutOut(digit.parts, ink, width, height);
  const now = strokeWidth(cut);
  const wanted = wantedWidth(cut.size, now);
  const grey = wanted === null ? cut.grey : withWidth(cut, now, wanted);
  return {
    width: cut.width,
    height: cut.height,
    grey,
    box: cut.box,
    doubts: doubtsOf(digit, cut, now, noise, { width, height }),
  };
}

/** The pieces of ink; once what lies along the picture's edges is known, the rest is looked at without it. */
function inkPieces({ width, height, ink }, floor) {
  const seen = ink.slice();
  const margins = [];
  const soft = Math.ceil(SOFT * Math.min(width, height));
  for (let look = 0; ; look++) {
    const threshold = split(seen.filter((level) => level > floor));
    if (!threshold && !look) throw new Error("This picture is of one colour: no digit can be seen in it.");
    const picture = { width, height, mask: Uint8Array.from(seen, (level) => (threshold && level > threshold ? 1 : 0)) };
    removeRules(picture);
    const pieces = piecesOf(picture);
    const found = pieces.filter((piece) => isMargin(piece, picture));
    if (!found.length || look === LOOKS) return [...margins, ...pieces];
    margins.push(...found);
    for (const { pixels } of found) for (const i of pixels) wipe(seen, width, i, soft);
  }
}

/** Takes away the ink at a place, and what is soft about its edge. */
function wipe(ink, width, place, soft) {
  for (let row = -soft; row <= soft; row++)
    ink.fill(0, Math.max(0, place + row * width - soft), Math.max(0, place + row * width + soft + 1));
}

/** The level that parts values best in two (Otsu 1979): null where there are none. */
function split(values) {
  const BINS = 128;
  const counts = new Float64Array(BINS);
  for (const value of values) counts[Math.min(BINS - 1, Math.floor(value * BINS))]++;
  const total = values.length;
  const all = counts.reduce((sum, count, bin) => sum + count * bin, 0);
  let [below, sumBelow, best, most] = [0, 0, null, -1];
  for (let bin = 0; bin < BINS - 1; bin++) {
    below += counts[bin];
    sumBelow += counts[bin] * bin;
    if (!below || below === total) continue;
    const between = below * (total - below) * (sumBelow / below - (all - sumBelow) / (total - below)) ** 2;
    if (between > most) [best, most] = [(bin + 1) / BINS, between];
  }
  return best;
}

/** The digit's part of the picture, with room around it for wider strokes: its mask, and its ink as grey up to 1. */
function cutOut(parts, ink, width, height) {
  const least = (name) => Math.min(...parts.map((part) => part[name]));
  const most = (name) => Math.max(...parts.map((part) => part[name]));
  const [left, top, right, bottom] = [least("left"), least("top"), most("right"), most("bottom")];
  const box = { left, top, width: right + 1 - left, height: bottom + 1 - top };
  const size = Math.max(box.width, box.height);
  const room = Math.ceil(size / 8) + 2;
  const [wide, high] = [box.width + 2 * room, box.height + 2 * room];
  const mask = new Uint8Array(wide * high);
  const levels = [];
  for (const { pixels } of parts)
    for (const i of pixels) {
      mask[(Math.floor(i / width) - top + room) * wide + (i % width) - left + room] = 1;
      levels.push(ink[i]);
    }
  const full = Float32Array.from(levels).sort()[Math.floor(0.6 * levels.length)];
  const grey = new Float32Array(wide * high);
  for (let y = 1; y < high - 1; y++)
    for (let x = 1; x < wide - 1; x++) {
      const [i, u, v] = [y * wide + x, x + left - room, y + top - room];
      const rows = [i - wide, i, i + wide]; // the soft edge of a stroke is its neighbour
      const isNear = rows.some((row) => mask[row - 1] || mask[row] || mask[row + 1]);
      if (isNear && u >= 0 && v >= 0 && u < width && v < height) grey[i] = Math.min(1, ink[v * width + u] / full);
    }
  return { width: wide, height: high, mask, grey, size, full, box, ink: levels.length };
}

/** Why what was found may not be the digit that was meant, each in a sentence. */
function doubtsOf({ parts, rivals, crumbs }, cut, strokes, noise, { width, height }) {
  const { width: wide, height: high } = cut.box;
  const filled = cut.ink / (wide * high);
  const doubts = [
    [rivals.length, "There may be two digits in the picture."],
    [parts.length > 4, `It is in ${parts.length} pieces.`],
    [crumbs > 0.02 * cut.ink, "Small strokes beside it were left out."],
    [parts.some(({ edge }) => edge), "It touches the edge of the picture."],
    [cut.size < 0.06 * Math.max(width, height), "It is very small in the picture."],
    [wide > 1.25 * high, "It is wider than a digit is."],
    [strokes > 0.3 * cut.size || (filled > 0.75 && wide > 0.4 * high), "It is a blot more than a stroke."],
    [cut.full < Math.max(0.12, 8 * noise), "It is hardly darker or lighter than what is around it."],
  ];
  return doubts.filter(([is]) => is).map(([, words]) => words);
}
