const POINT = 2; // radius of a code, CSS pixels

/** The codes as dots. */
export function dots(context, plane) {
  const { codes, view, colors, labels } = plane;
  const radius = POINT * Math.min(2, Math.sqrt(view.home / view.limit));
  context.globalAlpha = 0.6;
  for (let i = 0; i < codes.x.length; i++) {
    if (!plane.isShown(i)) continue;
    const [left, top] = view.toPixels([codes.x[i], codes.y[i]]);
    if (left < 0 || top < 0 || left > view.size || top > view.size) continue;
    context.fillStyle = colors[labels[i]];
    context.fillRect(left - radius, top - radius, 2 * radius, 2 * radius);
  }
  context.globalAlpha = 1;
}
