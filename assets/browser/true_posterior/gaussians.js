// What lies on the plane of posterior.js.
import { faded } from "../shared/colors.js";

const REACH = 5; // sigmas, where nothing of the prior is seen any more

/** The exact posterior, cell by cell: x, y: their centres; width; density: from 0 to 1. */
export function posterior(context, plane, { x, y, width, density }) {
  const color = plane.color("z");
  const edge = (pixels) => Math.round(pixels * plane.ratio) / plane.ratio; // neighbours neither overlap nor part
  for (let n = 0; n < x.length; n++) {
    const [left, top] = plane.view.toPixels([x[n] - width[n] / 2, y[n] + width[n] / 2]);
    const side = width[n] * plane.view.unit;
    context.fillStyle = faded(color, Math.sqrt(density[n]));
    context.fillRect(edge(left), edge(top), edge(left + side) - edge(left), edge(top + side) - edge(top));
  }
}

/** The density of N(0, I), in the posterior's colours: the root of exp(-r^2 / 2). */
export function prior(context, plane) {
  const { view } = plane;
  const color = plane.color("z");
  const [left, top] = view.toPixels([0, 0]);
  const shade = context.createRadialGradient(left, top, 0, left, top, REACH * view.unit);
  for (let r = 0; r <= REACH; r += 0.25) shade.addColorStop(r / REACH, faded(color, Math.exp((-r * r) / 4)));
  context.fillStyle = shade;
  context.fillRect(0, 0, view.size, view.size);
}

/** A Gaussian at 1 and 2 sigma, its covariance [[a, b], [b, c]] to scale; color: a name in lab.css. */
export function outline(context, plane, { mean, covariance: [[a, b], [, c]] }, color) {
  Object.assign(context, { strokeStyle: plane.color(color), lineWidth: 2.5 });
  const half = (a - c) / 2;
  const root = Math.hypot(half, b);
  const [long, short] = [(a + c) / 2 + root, Math.max((a + c) / 2 - root, 0)].map(Math.sqrt);
  const angle = 0.5 * Math.atan2(2 * b, a - c);
  const { unit } = plane.view;
  const [left, top] = plane.view.toPixels(mean);
  for (const times of [1, 2]) {
    context.beginPath();
    context.ellipse(left, top, times * long * unit, times * short * unit, -angle, 0, 2 * Math.PI);
    context.stroke();
  }
}
