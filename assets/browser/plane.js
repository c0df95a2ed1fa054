// A square piece of the latent plane on a canvas, and the layers that can lie on it.

const POINT = 2; // radius of a code, CSS pixels
const GREY = "#8a94a6";

/** layers: functions (context, plane) that draw, from below upwards. It follows the size of its canvas. */
export class Plane {
  constructor(canvas, layers) {
    Object.assign(this, { canvas, layers, codes: { x: [], y: [] }, labels: [], colors: [], centre: [0, 0], limit: 3, home: 3 });
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  /** codes: {x, y}, one number a digit each; labels: their classes; colors: one a class; limit: half the width of the view. */
  take(codes, labels, colors, limit) {
    Object.assign(this, { codes, labels, colors, limit, home: limit, centre: [0, 0] });
    this.resize();
  }

  resize() {
    this.ratio = window.devicePixelRatio || 1;
    this.size = this.canvas.clientWidth;
    this.canvas.width = this.canvas.height = Math.round(this.size * this.ratio);
    this.draw();
  }

  /** Latent coordinates -> CSS pixels. */
  toPixels([a, b]) {
    const unit = this.size / 2 / this.limit;
    return [this.size / 2 + (a - this.centre[0]) * unit, this.size / 2 - (b - this.centre[1]) * unit];
  }

  draw() {
    const context = this.canvas.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.size, this.size);
    for (const layer of this.layers) layer(context, this);
  }
}

/** The codes as dots. */
export function dots(context, plane) {
  const { x, y } = plane.codes;
  const radius = POINT * Math.min(2, Math.sqrt(plane.home / plane.limit));
  context.globalAlpha = 0.6;
  for (let i = 0; i < x.length; i++) {
    const [left, top] = plane.toPixels([x[i], y[i]]);
    if (left < 0 || top < 0 || left > plane.size || top > plane.size) continue;
    context.fillStyle = plane.colors[plane.labels[i]];
    context.fillRect(left - radius, top - radius, 2 * radius, 2 * radius);
  }
  context.globalAlpha = 1;
}

/** Each class's numeral at the median of its codes. */
export function numerals(context, plane) {
  const median = (values) => Float32Array.from(values).sort()[values.length >> 1];
  context.font = "bold 14px sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const label of new Set(plane.labels)) {
    const own = (values) => Array.from(values).filter((_, index) => plane.labels[index] === label);
    const [left, top] = plane.toPixels([median(own(plane.codes.x)), median(own(plane.codes.y))]);
    context.fillStyle = plane.colors[label];
    context.globalAlpha = 0.85;
    context.fillRect(left - 8, top - 10, 16, 20);
    context.globalAlpha = 1;
    context.fillStyle = "#fff";
    context.fillText(String(label), left, top);
  }
  context.textAlign = "start";
  context.textBaseline = "alphabetic";
}

/** An ellipse with half-axes to scale, in latent units. */
export function ellipse(context, plane, centre, halfAxes) {
  const unit = plane.size / 2 / plane.limit;
  const [left, top] = plane.toPixels(centre);
  context.beginPath();
  context.ellipse(left, top, Math.max(halfAxes[0] * unit, 0.5), Math.max(halfAxes[1] * unit, 0.5), 0, 0, 2 * Math.PI);
  context.stroke();
}

/** Circles at 1, 2 and 3 sigma of N(0, I). */
export function priorCircles(context, plane) {
  context.strokeStyle = GREY;
  context.lineWidth = 1.5;
  context.setLineDash([3, 4]);
  for (const radius of [1, 2, 3]) ellipse(context, plane, [0, 0], [radius, radius]);
  context.setLineDash([]);
}

/** Two lines through the origin and numbers at the edges. */
export function axes(context, plane) {
  context.strokeStyle = context.fillStyle = GREY;
  context.lineWidth = 0.7;
  context.font = "12px sans-serif";
  const [left, top] = plane.toPixels([0, 0]);
  context.beginPath();
  context.moveTo(left, 0);
  context.lineTo(left, plane.size);
  context.moveTo(0, top);
  context.lineTo(plane.size, top);
  context.stroke();
  const step = tickStep(plane.limit);
  const within = (value, half) => Math.abs(value) <= half;
  for (let k = Math.ceil((plane.centre[0] - plane.limit) / step); k * step <= plane.centre[0] + plane.limit; k++) {
    const [tick] = plane.toPixels([k * step, 0]);
    if (within(tick - plane.size / 2, plane.size / 2 - 14)) context.fillText(String(+(k * step).toPrecision(6)), tick + 2, plane.size - 4);
  }
  for (let k = Math.ceil((plane.centre[1] - plane.limit) / step); k * step <= plane.centre[1] + plane.limit; k++) {
    const [, tick] = plane.toPixels([0, k * step]);
    if (within(tick - plane.size / 2, plane.size / 2 - 14)) context.fillText(String(+(k * step).toPrecision(6)), 3, tick - 3);
  }
}

function tickStep(limit) {
  const rough = limit / 2, power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.99);
}
