// Gaussians of independent dimensions on the plane, to scale.

/** An ellipse with half-axes in latent units. */
export function ellipse(context, plane, centre, halfAxes) {
  const [left, top] = plane.view.toPixels(centre);
  const [across, up] = halfAxes.map((half) => Math.max(half * plane.view.unit, 0.5));
  context.beginPath();
  context.ellipse(left, top, across, up, 0, 0, 2 * Math.PI);
  context.stroke();
}

/** A Gaussian at 1 and 2 sigma. */
export function gaussian(context, plane, mean, sigma) {
  for (const times of [1, 2]) {
    const halfAxes = sigma.map((s) => s * times);
    ellipse(context, plane, mean, halfAxes);
  }
}

/** The q(z|x) of the digit on show. */
export function ownQ(context, plane, mean, sigma) {
  Object.assign(context, { strokeStyle: plane.color("sigma"), lineWidth: 2 });
  gaussian(context, plane, mean, sigma);
}

/** A layer: q(z|x) of at most so many of the digits in view. */
export function ellipses(most) {
  return (context, plane) => {
    const { x, y, wide, high } = plane.codes;
    if (!wide) return;
    context.lineWidth = 1;
    // Zoomed in, there are more of the same place.
    const seen = Array.from(x.keys()).filter((n) => plane.isShown(n) && plane.view.holds([x[n], y[n]]));
    for (let k = 0; k < seen.length; k += Math.ceil(seen.length / most)) {
      const n = seen[k];
      context.strokeStyle = plane.colors[plane.labels[n]];
      gaussian(context, plane, [x[n], y[n]], [wide[n], high[n]]);
    }
  };
}
