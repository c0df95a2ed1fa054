const COLORS = { reconstruction: "x-hat", kl: "kl" }; // the colours of both terms' arrows, names in lab.css

/** A layer: arrows of both terms at codes; found(): [{at, reconstruction, kl}], in halves of the picture. */
export function arrows(found) {
  return (context, plane) => {
    for (const one of found()) both(context, plane, one, 1, 2.5);
  };
}

/** The arrow of each term from a code, `unit` halves of the picture long for a pull of 1. */
export function both(context, plane, one, unit = 1, lineWidth = 1.5) {
  const [left, top] = plane.view.toPixels(one.at);
  for (const [term, color] of Object.entries(COLORS)) {
    if (!one[term]) continue;
    const [right, up] = one[term].map((value) => (value * unit * plane.view.size) / 2);
    Object.assign(context, { strokeStyle: plane.color(color), lineWidth });
    arrow(context, left, top, right, -up);
  }
}

/** From a place on a canvas, pixels. */
function arrow(context, left, top, right, down) {
  const size = Math.min(6, Math.hypot(right, down) / 2);
  const angle = Math.atan2(down, right);
  context.beginPath();
  context.moveTo(left, top);
  context.lineTo(left + right, top + down);
  for (const side of [-0.5, 0.5]) {
    context.moveTo(left + right, top + down);
    context.lineTo(left + right - size * Math.cos(angle + side), top + down - size * Math.sin(angle + side));
  }
  context.stroke();
}
