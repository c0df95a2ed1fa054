// The connected pieces of a mask: which of them are the digit, and which lie beside it.

const SPECK = 0.08; // of the digit's longer side: smaller is dust
const CLOSE = 0.25; // of the digit's longer side: nearer belongs to it
const LIKE = 0.5; // of the digit's longer side: as large as that could be a digit of its own
const EDGE = 2; // pixels: nearer to the picture's edge touches it

/** The pieces of a mask (1 is ink), connected by sides or corners. */
export function piecesOf({ width, height, mask }) {
  const seen = new Uint8Array(mask.length);
  const pieces = [];
  for (let start = 0; start < mask.length; start++) {
    if (!mask[start] || seen[start]) continue;
    const pixels = [start];
    seen[start] = 1;
    for (const i of pixels) {
      const [x, y] = [i % width, Math.floor(i / width)];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++)
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const j = v * width + u;
          if (!mask[j] || seen[j]) continue;
          seen[j] = 1;
          pixels.push(j);
        }
    }
    pieces.push(measured(pixels, width, height));
  }
  return pieces;
}

/** A piece's pixels, its box, and how many of them lie at the picture's edge. */
function measured(pixels, width, height) {
  let [left, top, right, bottom, edge] = [width, height, -1, -1, 0];
  for (const i of pixels) {
    const [x, y] = [i % width, Math.floor(i / width)];
    [left, top, right, bottom] = [Math.min(left, x), Math.min(top, y), Math.max(right, x), Math.max(bottom, y)];
    if (x < EDGE || y < EDGE || x >= width - EDGE || y >= height - EDGE) edge++;
  }
  const size = Math.max(right + 1 - left, bottom + 1 - top);
  return { pixels, left, top, right, bottom, size, edge: edge / EDGE, steps: width };
}

/**
 * The digit among the pieces: {parts, others: as large as a digit and not near it, rivals: as large and near it,
 * crumbs: how many pixels near it are in pieces too small to be kept}; null where there is nothing. What runs along the
 * picture's edge, or around another piece, is table, shadow or frame.
 */
export function digitAmong(pieces, { width, height }) {
  const inner = pieces.filter((piece) => !isMargin(piece, { width, height }) && !isFrame(piece, pieces));
  const hasInner = inner.some(({ size }) => size > 0.08 * Math.min(width, height));
  const candidates = hasInner ? inner : pieces.filter((piece) => !isFrame(piece, pieces));
  if (!candidates.length) return null;
  const largest = candidates.reduce((a, b) => (b.pixels.length > a.pixels.length ? b : a));
  // Where there is nothing but what lies along the edge, the digit may be cut off there: what is beside it is its rest.
  if (!hasInner) return { parts: [largest], crumbs: 0, others: [], rivals: [] };
  const { size } = largest;
  const rest = new Set(candidates.filter((piece) => piece !== largest && piece.size >= SPECK * size));
  const parts = [largest];
  for (const part of parts)
    for (const piece of rest)
      if (gapOf(part, piece) <= CLOSE * size) {
        rest.delete(piece);
        parts.push(piece);
      }
  const isCrumb = (piece) =>
    piece.size < SPECK * size && piece.size > SPECK * size * 0.4 && boxGap(piece, largest) < 0.5 * CLOSE * size;
  const crumbs = candidates.filter(isCrumb).reduce((sum, { pixels }) => sum + pixels.length, 0);
  const isLike = (piece) =>
    piece !== largest && piece.size >= LIKE * size && piece.pixels.length > 0.2 * largest.pixels.length;
  return {
    parts,
    crumbs,
    others: [...rest].filter(isLike),
    rivals: parts.filter((piece) => isLike(piece) && areBeside(piece, largest)),
  };
}

/**
 * Whether a piece runs along the picture's edge, or goes through the whole picture, as the end of a table does. A digit
 * that the edge cuts off only ends there.
 */
export function isMargin({ edge, size, left, top, right, bottom }, { width, height }) {
  const isAcross = (left < EDGE && right >= width - EDGE) || (top < EDGE && bottom >= height - EDGE);
  return isAcross || edge > Math.max(0.12 * Math.min(width, height), 0.4 * size);
}

/** Whether two pieces stand side by side, or one above the other, as two digits do. */
function areBeside(a, b) {
  const beside = (from, to) => Math.min(a[to], b[to]) - Math.max(a[from], b[from]) < 0;
  return beside("left", "right") || beside("top", "bottom");
}

/** Whether a piece is a box drawn around another one: ink along all four sides. */
function isFrame(piece, pieces) {
  const { left, top, right, bottom, pixels, steps } = piece;
  const [wide, high] = [right + 1 - left, bottom + 1 - top];
  const holds = (other) =>
    other.left > left && other.right < right && other.top > top && other.bottom < bottom && other.size > piece.size / 8;
  if (!pieces.some((other) => other !== piece && holds(other))) return false;
  const sides = [new Set(), new Set(), new Set(), new Set()];
  for (const i of pixels) {
    const [x, y] = [(i % steps) - left, Math.floor(i / steps) - top];
    if (y < 0.1 * high) sides[0].add(x);
    if (y >= 0.9 * high) sides[1].add(x);
    if (x < 0.1 * wide) sides[2].add(y);
    if (x >= 0.9 * wide) sides[3].add(y);
  }
  return sides.every((found, side) => found.size > 0.85 * (side < 2 ? wide : high));
}

/** How far the boxes of two pieces are from each other, pixels. */
function boxGap(a, b) {
  return Math.max(a.left - b.right, b.left - a.right, a.top - b.bottom, b.top - a.bottom, 0);
}

/** How far two pieces are from each other, pixels, at every fourth of their pixels. */
function gapOf(a, b) {
  if (boxGap(a, b) > CLOSE * Math.max(a.size, b.size)) return boxGap(a, b);
  let nearest = Infinity;
  const every = (pixels) => pixels.filter((_, index) => index % 4 === 0);
  const others = every(b.pixels).map((j) => [j % b.steps, Math.floor(j / b.steps)]);
  for (const i of every(a.pixels)) {
    const [x, y] = [i % a.steps, Math.floor(i / a.steps)];
    for (const [u, v] of others) nearest = Math.min(nearest, (x - u) ** 2 + (y - v) ** 2);
  }
  return Math.sqrt(nearest);
}
