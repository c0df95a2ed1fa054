// A histogram on a canvas, with a line to compare with.

const BINS = 24;
const GREY = "#8a94a6";
const FOOT = 22; // pixels for the numbers below

/** values: numbers; line: one more, with its label; label: what the bars are. */
export function drawHistogram(canvas, values, { line, lineLabel, label }) {
  const ratio = window.devicePixelRatio || 1, size = canvas.clientWidth;
  canvas.width = canvas.height = Math.round(size * ratio);
  const context = canvas.getContext("2d"), floor = size - FOOT;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const low = Math.min(line, ...values), high = Math.max(line, ...values), room = (high - low) * 0.08 || 1;
  const [from, to] = [low - room, high + room];
  const across = (value) => ((value - from) / (to - from)) * size;
  const counts = new Array(BINS).fill(0);
  for (const value of values) counts[Math.min(BINS - 1, Math.floor(((value - from) / (to - from)) * BINS))]++;
  const most = Math.max(...counts), height = floor - 44;
  context.fillStyle = "#40a02b";
  counts.forEach((count, bin) => context.fillRect((bin * size) / BINS + 1, floor - (count / most) * height, size / BINS - 2, (count / most) * height));
  context.fillStyle = "#9b5de5";
  context.fillRect(across(line) - 1.5, 40, 3, floor - 40);
  context.font = "bold 13px sans-serif";
  context.fillText(lineLabel, Math.min(Math.max(across(line) - 20, 2), size - 70), 34);
  context.fillStyle = "#40a02b";
  context.fillText(label, 2, 14);
  context.fillStyle = context.strokeStyle = GREY;
  context.font = "12px sans-serif";
  context.fillRect(0, floor, size, 1);
  context.fillText(from.toFixed(0), 2, size - 6);
  context.textAlign = "right";
  context.fillText(`${to.toFixed(0)} nats`, size - 2, size - 6);
  context.textAlign = "start";
}
