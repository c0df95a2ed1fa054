import { niceStep } from "../ticks.js";

const ROOM = 14; // CSS pixels from an edge to the first number

/** Two lines through the origin and numbers at the edges. */
export function axes(context, plane) {
  const { view } = plane;
  const grey = plane.color("grey");
  Object.assign(context, { strokeStyle: grey, fillStyle: grey, lineWidth: 0.7, font: "12px sans-serif" });
  const [left, top] = view.toPixels([0, 0]);
  context.beginPath();
  context.moveTo(left, 0);
  context.lineTo(left, view.size);
  context.moveTo(0, top);
  context.lineTo(view.size, top);
  context.stroke();
  for (const value of ticks(view, 0)) context.fillText(shown(value), view.toPixels([value, 0])[0] + 2, view.size - 4);
  for (const value of ticks(view, 1)) context.fillText(shown(value), 3, view.toPixels([0, value])[1] - 3);
}

/** The numbers at one of the two axes, as far as there is room for them. */
function ticks({ centre, limit, size, unit }, axis) {
  const step = niceStep(limit, 2);
  const [first, last] = [Math.ceil((centre[axis] - limit) / step), Math.floor((centre[axis] + limit) / step)];
  const values = Array.from({ length: last - first + 1 }, (_, index) => (first + index) * step);
  return values.filter((value) => Math.abs(value - centre[axis]) * unit <= size / 2 - ROOM);
}

function shown(value) {
  return String(+value.toPrecision(6));
}
