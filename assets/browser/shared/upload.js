// A picture from a file, in this browser alone: nothing is sent anywhere.

const LARGEST_FILE = 5 * 2 ** 20; // bytes
const LARGEST_PICTURE = 40e6; // pixels: what a telephone's camera makes
const WORKING = 400; // the longer side that is looked at, pixels

/** A digit's picture in a file -> {width, height, grey}, light on dark. Throws an Error in plain words. */
export async function readPicture(file) {
  if (file.size > LARGEST_FILE)
    throw new Error(`This file has ${(file.size / 2 ** 20).toFixed(1)} MB; at most 5 MB can be read.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { width, height } = inspect(bytes);
  if (!(width > 0 && height > 0)) throw new Error("This picture has no size; save it again as PNG or JPEG.");
  if (width * height > LARGEST_PICTURE)
    throw new Error(
      `This picture has ${width.toLocaleString("en")} × ${height.toLocaleString("en")} pixels; ` +
        `at most ${LARGEST_PICTURE / 1e6} million can be read.`,
    );
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes]));
  } catch {
    throw new Error("This file is damaged: its picture cannot be read.");
  }
  return lightOnDark(greyOf(bitmap));
}

/** The size that a file's header promises. Throws for what is not a whole, still PNG or JPEG. */
function inspect(bytes) {
  const starts = (...signature) => signature.every((byte, index) => bytes[index] === byte);
  if (starts(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return inspectPng(bytes);
  if (starts(0xff, 0xd8)) return inspectJpeg(bytes);
  throw new Error("This is not a PNG or JPEG picture.");
}

const CUT_OFF = "This picture is cut off: the file ends too early.";

function inspectPng(bytes) {
  const view = new DataView(bytes.buffer);
  let size = null;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (type === "IHDR") size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (type === "acTL") throw new Error("This picture is animated; a still one is needed.");
    if (type === "IEND" && size) return size;
    at += 12 + length;
  }
  throw new Error(CUT_OFF);
}

function inspectJpeg(bytes) {
  const view = new DataView(bytes.buffer);
  let last = bytes.length;
  while (last > 0 && bytes[last - 1] === 0) last--; // some cameras fill up
  if (bytes[last - 2] !== 0xff || bytes[last - 1] !== 0xd9) throw new Error(CUT_OFF);
  for (let at = 2; at + 9 < bytes.length; ) {
    const marker = bytes[at + 1];
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (bytes[at] !== 0xff) break;
    if (isFrame) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += 2 + view.getUint16(at + 2);
  }
  throw new Error("This file is damaged: its picture cannot be read.");
}

function greyOf(bitmap) {
  const scale = Math.min(1, WORKING / Math.max(bitmap.width, bitmap.height));
  const [width, height] = [bitmap.width, bitmap.height].map((length) => Math.max(1, Math.round(length * scale)));
  const context = Object.assign(document.createElement("canvas"), { width, height }).getContext("2d");
  context.fillStyle = "#fff"; // paper shines through what is transparent
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const grey = Float32Array.from(
    { length: width * height },
    (_, i) => (0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2]) / 255,
  );
  return { width, height, grey };
}

/** The background, which is the median of the border, to 0, and the ink to 1. Throws where there is no ink. */
function lightOnDark({ width, height, grey }) {
  const border = grey
    .filter((_, i) => i < width || i >= width * (height - 1) || i % width === 0 || i % width === width - 1)
    .sort();
  const background = border[border.length >> 1];
  const away = grey.map((level) => Math.abs(level - background));
  const most = away.reduce((a, b) => Math.max(a, b), 0);
  if (most < 0.1) throw new Error("This picture is of one colour: no digit can be seen in it.");
  const paper = 0.2 * most; // shadows and the grain of the paper
  return { width, height, grey: away.map((level) => Math.min(1, Math.max(0, (level - paper) / (most - paper)))) };
}
