import { ellipse } from "./ellipses.js";

/** Circles at 1, 2 and 3 sigma of N(0, I). */
export function priorCircles(context, plane) {
  Object.assign(context, { strokeStyle: plane.color("grey"), lineWidth: 1.5 });
  context.setLineDash([3, 4]);
  for (const radius of [1, 2, 3]) ellipse(context, plane, [0, 0], [radius, radius]);
  context.setLineDash([]);
}
