import { inkOn } from "../colors.js";

/** Each class's numeral at the median of its codes. */
export function numerals(context, plane) {
  const { codes, labels } = plane;
  Object.assign(context, { font: "bold 14px sans-serif", textAlign: "center", textBaseline: "middle" });
  for (const label of new Set(labels)) {
    if (plane.hidden.has(label)) continue;
    const own = (values) => Array.from(values).filter((_, index) => labels[index] === label);
    const [left, top] = plane.view.toPixels([median(own(codes.x)), median(own(codes.y))]);
    context.fillStyle = plane.colors[label];
    context.fillRect(left - 8, top - 10, 16, 20);
    context.fillStyle = inkOn(plane.colors[label]);
    context.fillText(String(label), left, top);
  }
  Object.assign(context, { textAlign: "start", textBaseline: "alphabetic" });
}

function median(values) {
  return Float32Array.from(values).sort()[values.length >> 1];
}
