// What a picture's file says of itself: its format, its size, and whether all of it is there.

const CUT_OFF = "This picture is cut off: the file ends too early. Send or save it again.";
const text = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));
const viewOf = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

// How each begins, from its byte `at` on. `size` is for those whose header is read here: a small file can promise a
// picture that no memory holds.
const FORMATS = [
  { name: "PNG", signs: ["\x89PNG\r\n\x1a\n"], type: "image/png", size: sizeOfPng },
  { name: "JPEG", signs: ["\xff\xd8"], type: "image/jpeg", size: sizeOfJpeg },
  { name: "WebP", signs: ["WEBP"], at: 8, type: "image/webp", size: sizeOfWebp },
  { name: "GIF", signs: ["GIF87a", "GIF89a"], type: "image/gif", size: sizeOfGif },
  { name: "BMP", signs: ["BM"], type: "image/bmp", size: sizeOfBmp },
  { name: "AVIF", signs: ["ftypavif", "ftypavis"], at: 4, type: "image/avif" },
  { name: "HEIC", signs: ["heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1"], at: 8, type: "image/heic" },
  { name: "JPEG XL", signs: ["\xff\x0a", "\0\0\0\x0cJXL "], type: "image/jxl" },
  { name: "TIFF or raw", signs: ["II*\0", "II+\0", "MM\0*", "MM\0+"], type: "image/tiff" },
  { name: "icon (ICO)", signs: ["\0\0\x01\0"], type: "image/x-icon" },
  { name: "SVG", signs: ["<svg", "<?xml", "\xef\xbb\xbf<"], type: "image/svg+xml" },
  { name: "Photoshop (PSD)", signs: ["8BPS"] },
  { name: "PDF", signs: ["%PDF"] },
  { name: "video (MP4 or MOV)", signs: ["ftyp"], at: 4 },
];

/** What the bytes of a file are: {name, type, width, height}, without a size where only the browser can tell it. */
export function formatOf(bytes) {
  const has = (sign, at) => text(bytes, at, at + sign.length) === sign;
  const format = FORMATS.find(({ signs, at = 0 }) => signs.some((sign) => has(sign, at)));
  if (!bytes.length) throw new Error("This file is empty.");
  if (!format) throw new Error("This file is not a picture of a known format. PNG and JPEG can always be read.");
  const size = format.size?.(bytes);
  if (size && !(size.width > 0 && size.height > 0))
    throw new Error("This picture has no size. Save it again as PNG or JPEG.");
  return { ...format, ...size };
}

function sizeOfPng(bytes) {
  const view = viewOf(bytes);
  let size = null;
  for (let at = 8; at + 12 <= bytes.length; ) {
    const type = text(bytes, at + 4, at + 8);
    if (type === "IHDR") size = { width: view.getUint32(at + 8), height: view.getUint32(at + 12) };
    if (type === "IEND" && size) return size;
    at += 12 + view.getUint32(at);
  }
  throw new Error(CUT_OFF);
}

/** Walks from marker to marker up to the picture's end; what a telephone writes behind it does not matter. */
function sizeOfJpeg(bytes) {
  const view = viewOf(bytes);
  let size = null;
  for (let at = 2; at + 4 <= bytes.length || bytes[at + 1] === 0xd9; ) {
    const marker = bytes[at + 1];
    const hasSize = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (bytes[at] !== 0xff) break;
    if (marker === 0xd9 && size) return size;
    if (hasSize && at + 9 <= bytes.length) size = { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    if (marker === 0xff)
      at += 1; // any number of these may stand before a marker
    else if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) at += 2;
    else at += 2 + view.getUint16(at + 2);
    // What follows a scan's header is its data.
    if (marker === 0xda) while (at < bytes.length && !isMarker(bytes, at)) at++;
  }
  throw new Error(CUT_OFF);
}

/** Whether data of a scan end here: in them, 0 follows a byte 0xff, or the sign of a restart. */
function isMarker(bytes, at) {
  const next = bytes[at + 1];
  return bytes[at] === 0xff && next !== 0 && !(next >= 0xd0 && next <= 0xd7);
}

function sizeOfWebp(bytes) {
  const view = viewOf(bytes);
  if (bytes.length < 30 || bytes.length < 8 + view.getUint32(4, true)) throw new Error(CUT_OFF);
  const long = (at) => 1 + bytes[at] + (bytes[at + 1] << 8) + (bytes[at + 2] << 16);
  const kind = text(bytes, 12, 16);
  if (kind === "VP8X") return { width: long(24), height: long(27) };
  const bits = view.getUint32(kind === "VP8L" ? 21 : 26, true);
  if (kind === "VP8L") return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >> 14) & 0x3fff) };
  return { width: bits & 0x3fff, height: (bits >> 16) & 0x3fff };
}

/** The size of the whole; it must be there up to the end of the first picture. */
function sizeOfGif(bytes) {
  const view = viewOf(bytes);
  const colors = (flags) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + colors(bytes[10]);
  const skipBlocks = () => {
    while (bytes[at]) at += 1 + bytes[at];
    at++;
  };
  while (bytes[at] === 0x21) {
    at += 2;
    skipBlocks();
  }
  at += 11 + colors(bytes[at + 9]);
  skipBlocks();
  if (at > bytes.length) throw new Error(CUT_OFF);
  return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
}

function sizeOfBmp(bytes) {
  const view = viewOf(bytes);
  if (bytes.length < 30 || bytes.length < view.getUint32(2, true)) throw new Error(CUT_OFF);
  if (view.getUint32(14, true) === 12) return { width: view.getUint16(18, true), height: view.getUint16(20, true) };
  return { width: view.getInt32(18, true), height: Math.abs(view.getInt32(22, true)) };
}
