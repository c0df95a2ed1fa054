// A histogram on a canvas, with lines to compare with.
import { fitted } from "../shared/canvas.js";
import { colorOf } from "../shared/colors.js";

const BINS = 24;
const FOOT = 22; // pixels for the numbers below

/** values: numbers; lines: more of them by their labels, one or two; label: what the bars are. */
export function drawHistogram(canvas, values, { lines, label }) {
  const { context, width: size } = fitted(canvas);
  const [bars, compared, grey] = ["x-hat", "z", "grey"].map((name) => colorOf(canvas, name));
  const floor = size - FOOT;
  const low = Math.min(...Object.values(lines), ...values);
  const high = Math.max(...Object.values(lines), ...values);
  const room = (high - low) * 0.08 || 1;
  const [from, to] = [low - room, high + room];
  const across = (value) => ((value - from) / (to - from)) * size;
  const counts = new Array(BINS).fill(0);
  for (const value of values) counts[Math.min(BINS - 1, Math.floor(((value - from) / (to - from)) * BINS))]++;
  const most = Math.max(...counts);
  context.fillStyle = bars;
  for (const [bin, count] of counts.entries()) {
    const height = (count / most) * (floor - 60);
    context.fillRect((bin * size) / BINS + 1, floor - height, size / BINS - 2, height);
  }
  context.font = "bold 13px sans-serif";
  for (const [place, [name, value]] of Object.entries(lines).entries()) {
    const top = 34 + 16 * place; // one below the other: they may be close
    context.fillStyle = compared;
    context.fillRect(across(value) - 1.5, top + 6, 3, floor - top - 6);
    context.fillText(name, Math.min(Math.max(across(value) - 20, 2), size - 70), top);
  }
  context.fillStyle = bars;
  context.fillText(label, 2, 14);
  context.fillStyle = grey;
  context.font = "12px sans-serif";
  context.fillRect(0, floor, size, 1);
  context.fillText(from.toFixed(0), 2, size - 6);
  context.textAlign = "right";
  context.fillText(`${to.toFixed(0)} nats`, size - 2, size - 6);
  context.textAlign = "start";
}
