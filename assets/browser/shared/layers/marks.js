// Marks at a position of the plane.

/** A cross that shows on any background. */
export function cross(context, plane, position) {
  const [left, top] = plane.view.toPixels(position);
  strokeWithEdge(context, "#fff", 2, () => {
    context.moveTo(left - 10, top);
    context.lineTo(left + 10, top);
    context.moveTo(left, top - 10);
    context.lineTo(left, top + 10);
  });
}

/** A ring around a position. */
export function ring(context, plane, position) {
  const [left, top] = plane.view.toPixels(position);
  strokeWithEdge(context, plane.color("mark"), 3, () => context.arc(left, top, 10, 0, 2 * Math.PI));
}

function strokeWithEdge(context, color, width, draw) {
  const strokes = [
    ["#000", width + 2],
    [color, width],
  ];
  for (const [strokeStyle, lineWidth] of strokes) {
    Object.assign(context, { strokeStyle, lineWidth });
    context.beginPath();
    draw();
    context.stroke();
  }
}
