// A picture from a file, in this browser alone: nothing is sent anywhere.
import { digitIn } from "./digit_in.js";
import { formatOf } from "./formats.js";

const LARGEST_FILE = 25 * 2 ** 20; // bytes: a telephone may put a short film behind its picture
const LARGEST_PICTURE = 40e6; // pixels: what a telephone's camera makes
const SHORTEST = 400; // the longer side of what is looked at, pixels: strokes have an inside there
const LONGEST = 480;
const SMALL = 200; // a digit of fewer pixels is looked at again, from nearer

/**
 * A digit's picture in a file -> {width, height, grey: light on dark, box, doubts}. Throws an Error in plain words.
 * doubts: sentences on why it may not be what was meant; without any there is nothing to ask.
 */
export async function readPicture(file) {
  if (file.size > LARGEST_FILE)
    throw new Error(
      `This file has ${(file.size / 2 ** 20).toFixed(1)} MB; at most ${LARGEST_FILE / 2 ** 20} MB can be read.`,
    );
  const bytes = new Uint8Array(await file.arrayBuffer());
  const format = formatOf(bytes);
  checkSize(format);
  const bitmap = await decoded(bytes, format);
  checkSize(bitmap);
  const whole = pixelsOf(bitmap, { left: 0, top: 0, width: bitmap.width, height: bitmap.height });
  const digit = digitIn(whole);
  const { box, doubts } = digit;
  if (Math.max(box.width, box.height) >= SMALL) return digit;
  const nearer = digitIn(pixelsOf(bitmap, around(box, bitmap, bitmap.width / whole.width)));
  return { ...nearer, doubts: [...new Set([...doubts, ...nearer.doubts])] };
}

function checkSize({ width = 0, height = 0 }) {
  if (width * height > LARGEST_PICTURE)
    throw new Error(
      `This picture has ${width.toLocaleString("en")} × ${height.toLocaleString("en")} pixels; ` +
        `at most ${LARGEST_PICTURE / 1e6} million can be read.`,
    );
}

async function decoded(bytes, { name, type, width }) {
  try {
    return await createImageBitmap(new Blob([bytes], { type }));
  } catch {
    if (width) throw new Error(`This ${name} file is damaged: its picture cannot be read.`);
    const camera = name === "HEIC" ? " An iPhone makes JPEG after Settings, Camera, Formats, Most Compatible." : "";
    throw new Error(
      `This browser cannot read ${name} files. Save the picture as JPEG or PNG, or take a screenshot of it.${camera}`,
    );
  }
}

/** A box with as much paper around it as the picture has, up to the box's own size; scale: from the box's pixels. */
function around(box, { width, height }, scale) {
  const room = Math.max(box.width, box.height);
  const [left, top] = [box.left, box.top].map((from) => Math.max(0, Math.floor((from - room) * scale)));
  const right = Math.min(width, Math.ceil((box.left + box.width + room) * scale));
  const bottom = Math.min(height, Math.ceil((box.top + box.height + room) * scale));
  return { left, top, width: right - left, height: bottom - top };
}

/** A part of the picture at the size at which it is looked at, an ImageData. */
function pixelsOf(bitmap, { left, top, width, height }) {
  const scale = Math.min(Math.max(width, height, SHORTEST), LONGEST) / Math.max(width, height);
  const [wide, high] = [width, height].map((length) => Math.max(1, Math.round(length * scale)));
  const canvas = Object.assign(document.createElement("canvas"), { width: wide, height: high });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, left, top, width, height, 0, 0, wide, high);
  return context.getImageData(0, 0, wide, high);
}
