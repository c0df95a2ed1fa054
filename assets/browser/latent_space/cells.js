// Layers of latent_space.js that look at the view's cells, 40 a side.
import { faded } from "../shared/colors.js";

const CELLS = 40;
const REACH = 2; // sigmas of the prior, within which holes are looked for
const RARE = 0.1; // of the density that one draws from: where q(z) has less, hardly a digit is at home

/**
 * Cells within 2 sigma of the prior N(0, I) in which q(z), the mean of q(z|x) over the test digits (an AE: of its
 * codes, smoothed), is less than a tenth of it: who draws z there gets pictures that belong to no digit.
 */
export function holes(context, plane) {
  const cells = cellsOf(plane.view);
  const { side } = cells;
  context.fillStyle = faded(plane.color("mark"), 0.28);
  for (const { cell, isHole } of withinThePrior(plane, cells)) {
    if (isHole) context.fillRect((cell % CELLS) * side, Math.floor(cell / CELLS) * side, side, side);
  }
}

/** The share of what one draws from N(0, I) within 2 sigma that falls into holes, smoothed as on the whole view. */
export function shareInHoles(plane) {
  let [all, bare] = [0, 0];
  for (const { drawn, isHole } of withinThePrior(plane, { unit: (2 * REACH) / CELLS, left: -REACH, top: REACH })) {
    all += drawn;
    if (isHole) bare += drawn;
  }
  return bare / all;
}

/** The cells within REACH of the origin: 2 pi times the density that one draws from there, and whether it is a hole. */
function* withinThePrior(plane, cells) {
  const { unit, left, top } = cells;
  for (const [cell, value] of densitiesOf(plane, cells).entries()) {
    const [x, y] = [left + ((cell % CELLS) + 0.5) * unit, top - (Math.floor(cell / CELLS) + 0.5) * unit];
    const drawn = Math.exp(-0.5 * (x * x + y * y));
    const isHole = value / plane.codes.x.length < RARE * drawn;
    if (x * x + y * y <= REACH * REACH) yield { cell, drawn, isHole };
  }
}

/** The mean of q(z|x) over the test digits (a VAE), or of the codes smoothed by half a cell (an AE). */
export function density(context, plane) {
  const cells = cellsOf(plane.view);
  const { side } = cells;
  const densities = densitiesOf(plane, cells);
  const most = densities.reduce((a, b) => Math.max(a, b), 1e-9);
  const color = plane.color("z");
  for (const [cell, value] of densities.entries()) {
    context.fillStyle = faded(color, 0.75 * Math.sqrt(value / most));
    context.fillRect((cell % CELLS) * side, Math.floor(cell / CELLS) * side, side + 0.5, side + 0.5);
  }
}

function densitiesOf({ codes, view }, { unit, left, top }) {
  const { x, y, wide, high } = codes;
  const least = view.home / CELLS; // half a cell of the whole view: zooming in makes no gaps between codes
  const densities = new Float32Array(CELLS * CELLS);
  for (let n = 0; n < x.length; n++) {
    const [across, up] = [wide ? wide[n] : 0, high ? high[n] : 0].map((sigma) => Math.max(sigma, least));
    const [c, r] = [(x[n] - left) / unit, (top - y[n]) / unit]; // where it is, in cells
    for (const row of reached(r, up / unit)) {
      const vertical = bell((row + 0.5 - r) * unit, up);
      for (const column of reached(c, across / unit)) {
        densities[row * CELLS + column] += vertical * bell((column + 0.5 - c) * unit, across);
      }
    }
  }
  return densities;
}

/** The cells within three sigma, all in cells. */
function* reached(place, sigma) {
  const [middle, far] = [Math.floor(place), Math.ceil(3 * sigma)];
  const last = Math.min(CELLS - 1, middle + far);
  for (let cell = Math.max(0, middle - far); cell <= last; cell++) yield cell;
}

function bell(distance, sigma) {
  return Math.exp(-0.5 * (distance / sigma) ** 2) / sigma;
}

function cellsOf(view) {
  const [left, top] = view.toLatent([0, 0]);
  return { side: view.size / CELLS, unit: (2 * view.limit) / CELLS, left, top };
}
