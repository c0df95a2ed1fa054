// Layers of latent_space.js that look at the view's cells, 40 a side.
import { faded } from "../shared/colors.js";

const CELLS = 40;

const RARE = 0.1; // of the density that one draws from: where q(z) has less, hardly a digit is at home

/**
 * Cells within 2 sigma of what one draws fresh codes from in which q(z), the mean of q(z|x) over the test digits, is
 * less than a tenth of it. A VAE: N(0, I). An AE, which has no prior: the Gaussian fitted to its codes.
 */
export function holes(context, plane) {
  const { x, y, wide } = plane.codes;
  const { side, unit, left, top } = cellsOf(plane.view);
  const drawn = wide ? { mean: [0, 0], covariance: [1, 0, 1] } : fitted(x, y);
  context.fillStyle = faded(plane.color("mark"), 0.28);
  for (const [cell, value] of densitiesOf(plane).entries()) {
    const [column, row] = [cell % CELLS, Math.floor(cell / CELLS)];
    const [squared, density] = gaussian(drawn, left + (column + 0.5) * unit, top - (row + 0.5) * unit);
    const isHole = squared <= 4 && value / x.length < RARE * density;
    if (isHole) context.fillRect(column * side, row * side, side, side);
  }
}

/** The Gaussian of greatest likelihood for codes: its mean and its covariance [xx, xy, yy]. */
function fitted(x, y) {
  const mean = [x, y].map((values) => values.reduce((sum, value) => sum + value, 0) / x.length);
  const covariance = [0, 0, 0];
  for (let n = 0; n < x.length; n++) {
    const [a, b] = [x[n] - mean[0], y[n] - mean[1]];
    covariance[0] += (a * a) / x.length;
    covariance[1] += (a * b) / x.length;
    covariance[2] += (b * b) / x.length;
  }
  return { mean, covariance };
}

/** How far a place is from a Gaussian's mean, in squared sigmas, and 2 pi times the density there. */
function gaussian({ mean, covariance: [xx, xy, yy] }, x, y) {
  const [a, b] = [x - mean[0], y - mean[1]];
  const determinant = Math.max(xx * yy - xy * xy, 1e-12); // of codes on a line: as good as nothing beside it
  const squared = (yy * a * a - 2 * xy * a * b + xx * b * b) / determinant;
  return [squared, Math.exp(-0.5 * squared) / Math.sqrt(determinant)];
}

/** The mean of q(z|x) over the test digits (a VAE), or of the codes smoothed by half a cell (an AE). */
export function density(context, plane) {
  const { side } = cellsOf(plane.view);
  const densities = densitiesOf(plane);
  const most = densities.reduce((a, b) => Math.max(a, b), 1e-9);
  const color = plane.color("z");
  for (const [cell, value] of densities.entries()) {
    context.fillStyle = faded(color, 0.75 * Math.sqrt(value / most));
    context.fillRect((cell % CELLS) * side, Math.floor(cell / CELLS) * side, side + 0.5, side + 0.5);
  }
}

function densitiesOf({ codes, view }) {
  const { x, y, wide, high } = codes;
  const { unit, left, top } = cellsOf(view);
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
