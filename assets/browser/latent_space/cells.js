// Layers of latent_space.js that look at the view's cells, 40 a side.
import { faded } from "../shared/colors.js";

const CELLS = 40;

/** Cells of the view in which no code lies. */
export function holes(context, plane) {
  const { x, y } = plane.codes;
  const { side, unit, left, top } = cellsOf(plane.view);
  const filled = new Uint8Array(CELLS * CELLS);
  for (let n = 0; n < x.length; n++) {
    const column = Math.floor((x[n] - left) / unit);
    const row = Math.floor((top - y[n]) / unit);
    if (column >= 0 && row >= 0 && column < CELLS && row < CELLS) filled[row * CELLS + column] = 1;
  }
  context.fillStyle = faded(plane.color("mark"), 0.28);
  for (const [cell, isFilled] of filled.entries()) {
    if (!isFilled) context.fillRect((cell % CELLS) * side, Math.floor(cell / CELLS) * side, side, side);
  }
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
  const densities = new Float32Array(CELLS * CELLS);
  for (let n = 0; n < x.length; n++) {
    const [across, up] = [wide ? wide[n] : 0, high ? high[n] : 0].map((sigma) => Math.max(sigma, unit / 2));
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
