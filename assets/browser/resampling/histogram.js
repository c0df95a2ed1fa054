// A histogram on a canvas, with a line to compare with.
import { fitted } from "../shared/canvas.js";
import { colorOf } from "../shared/colors.js";

const BINS = 24;
const FOOT = 22; // pixels for the numbers below

/** values: numbers; line: one more, with its label; label: what the bars are. */
export function drawHistogram(canvas, values, { line, lineLabel, label }) {
  const { context, width: size } = fitted(canvas);
  const [bars, compared, grey] = ["x-hat", "z", "grey"].map((name) => colorOf(canvas, name));
  const floor = size - FOOT;
  const low = Math.min(line, ...values);
  const high = Math.max(line, ...values);
  const room = (high - low) * 0.08 || 1;
  const [from, to] = [low - room, high + room];
  const across = (value) => ((value - from) / (to - from)) * size;
  const counts = new Array(BINS).fill(0);
  for (const value of values) counts[Math.min(BINS - 1, Math.floor(((value - from) / (to - from)) * BINS))]++;
  const most = Math.max(...counts);
  context.fillStyle = bars;
  for (const [bin, count] of counts.entries()) {
    const height = (count / most) * (floor - 44);
    context.fillRect((bin * size) / BINS + 1, floor - height, size / BINS - 2, height);
  }
  context.fillStyle = compared;
  context.fillRect(across(line) - 1.5, 40, 3, floor - 40);
  context.font = "bold 13px sans-serif";
  context.fillText(lineLabel, Math.min(Math.max(across(line) - 20, 2), size - 70), 34);
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
