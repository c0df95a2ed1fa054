import { shortened } from "../class_names.js";
import { inkOn } from "../colors.js";

const [WIDE, HIGH] = [17, 21]; // pixels of a numeral's plate, with a little room; a longer name's is wider
const NARROW = 300; // pixels of a plane on which names are shorter
const ROUNDS = 60;
const FAR = 22; // pixels from where a numeral belongs

/** Each class's name, a numeral, at the median of its codes or close by; where there is no room its colour must do. */
export function numerals(context, plane) {
  const { codes, labels, classNames } = plane;
  if (!classNames.length) return; // pictures without labels
  Object.assign(context, { font: "bold 14px sans-serif", textAlign: "center", textBaseline: "middle" });
  const shown = [...new Set(labels)].filter((label) => !plane.hidden.has(label)).sort((a, b) => a - b);
  const plates = shown.map((label) => {
    const own = (values) => Array.from(values).filter((_, index) => labels[index] === label);
    const [left, top] = plane.view.toPixels([median(own(codes.x)), median(own(codes.y))]);
    const name = shortened(classNames[label], plane.canvas.clientWidth < NARROW ? 3 : 6);
    const wide = Math.max(WIDE, context.measureText(name).width + 9);
    return { label, name, wide, left, top, from: [left, top] };
  });
  moveApart(plates);
  for (const { label, name, wide, left, top, from } of plates) {
    if (Math.hypot(left - from[0], top - from[1]) > FAR) continue; // it would seem to be elsewhere
    context.fillStyle = plane.colors[label];
    context.fillRect(left - (wide - 1) / 2, top - 10, wide - 1, 20);
    context.fillStyle = inkOn(plane.colors[label]);
    context.fillText(name, left, top);
  }
  Object.assign(context, { textAlign: "start", textBaseline: "alphabetic" });
}

/** Moves plates {left, top, wide} until none lies on another, each as little as it must, half by half. */
export function moveApart(plates) {
  for (let round = 0, isCrowded = true; isCrowded && round < ROUNDS; round++) {
    isCrowded = false;
    for (const [index, one] of plates.entries()) {
      for (const other of plates.slice(index + 1)) {
        const [right, down] = [other.left - one.left, other.top - one.top];
        const [across, along] = [(one.wide + other.wide) / 2 - Math.abs(right), HIGH - Math.abs(down)];
        if (across <= 0 || along <= 0) continue;
        isCrowded = true;
        const [axis, by, to] = across < along ? ["left", across, right] : ["top", along, down];
        const half = ((to < 0 ? -1 : 1) * (by + 0.5)) / 2;
        one[axis] -= half;
        other[axis] += half;
      }
    }
  }
}

function median(values) {
  return Float32Array.from(values).sort()[values.length >> 1];
}
