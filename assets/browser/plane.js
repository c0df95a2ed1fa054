// A square piece of the latent plane on a canvas, and the layers that can lie on it.

const POINT = 2; // radius of a code, CSS pixels
const NEAR = 9; // how close to a code the pointer must be to mean it, CSS pixels
const GREY = "#8a94a6";

/** layers: functions (context, plane) that draw, from below upwards. It follows the size of its canvas. */
export class Plane {
  constructor(canvas, layers) {
    Object.assign(this, { canvas, layers, codes: { x: [], y: [] }, labels: [], colors: [], centre: [0, 0], limit: 3, home: 3 });
    this.still = document.createElement("canvas"); // all layers, drawn once a view, so that a pointer costs only what moves with it
    this.moving = null; // a layer that is drawn over them in every frame
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
    for (const canvas of [this.canvas, this.still]) canvas.width = canvas.height = Math.round(this.size * this.ratio);
    this.draw();
  }

  /** Latent coordinates -> CSS pixels. */
  toPixels([a, b]) {
    const unit = this.size / 2 / this.limit;
    return [this.size / 2 + (a - this.centre[0]) * unit, this.size / 2 - (b - this.centre[1]) * unit];
  }

  /** CSS pixels -> latent coordinates. */
  toLatent([left, top]) {
    const unit = (2 * this.limit) / this.size;
    return [this.centre[0] + (left - this.size / 2) * unit, this.centre[1] - (top - this.size / 2) * unit];
  }

  /** The index of the code under a latent position, or -1. */
  nearest(position) {
    const { x, y } = this.codes, reach = (NEAR * 2 * this.limit) / this.size;
    let best = -1, least = reach * reach;
    for (let i = 0; i < x.length; i++) {
      const distance = (x[i] - position[0]) ** 2 + (y[i] - position[1]) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  /** Makes the view larger (factor < 1) or smaller around a latent position that stays where it is. */
  zoom(factor, position) {
    const limit = Math.min(Math.max(this.limit * factor, this.home / 200), this.home * 4), ratio = limit / this.limit;
    this.centre = this.centre.map((c, axis) => position[axis] + (c - position[axis]) * ratio);
    this.limit = limit;
    this.drawSoon();
  }

  /** Moves the view by CSS pixels. */
  pan(right, down) {
    const unit = (2 * this.limit) / this.size;
    this.centre = [this.centre[0] - right * unit, this.centre[1] + down * unit];
    this.drawSoon();
  }

  /** The whole view again. */
  reset() {
    Object.assign(this, { limit: this.home, centre: [0, 0] });
    this.drawSoon();
  }

  /** Draws every layer in the next frame, once, however often it is asked. */
  drawSoon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  /** Draws every layer. */
  draw() {
    if (!this.size) return; // not on the page yet
    const context = this.still.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.size, this.size);
    for (const layer of this.layers) layer(context, this);
    this.show();
  }

  /** The layers as they are, and over them what moves. */
  show() {
    if (!this.size) return;
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.still, 0, 0);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.moving?.(context, this);
  }
}

/**
 * Has pointer, fingers, wheel and keys move a position on a plane, and its view: two fingers, Shift and drag, wheel, + - 0.
 * position(): where it is; move(position): called with where it goes, in latent coordinates.
 */
export function steer(plane, position, move) {
  const { canvas } = plane, fingers = new Map();
  const here = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, here(event));
    if (fingers.size === 1 && !event.shiftKey) move(plane.toLatent(here(event)));
  });
  canvas.addEventListener("pointermove", (event) => {
    const now = here(event), before = fingers.get(event.pointerId);
    if (fingers.size === 2 && before) {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const distance = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
      const middle = [(before[0] + other[0]) / 2, (before[1] + other[1]) / 2]; // what lies there stays there, and goes with it
      plane.zoom(distance(before, other) / Math.max(distance(now, other), 1), plane.toLatent(middle));
      plane.pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
    } else if (event.shiftKey && before) plane.pan(now[0] - before[0], now[1] - before[1]);
    else if (!event.shiftKey) move(plane.toLatent(now));
    if (before) fingers.set(event.pointerId, now);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => fingers.delete(event.pointerId));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && canvas.getRootNode().activeElement !== canvas) return; // the page scrolls, until somebody means the plane
    event.preventDefault();
    plane.zoom(Math.exp(event.deltaY / 500), plane.toLatent(here(event)));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = (plane.limit / 50) * (event.shiftKey ? 5 : 1);
    const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, step], ArrowDown: [0, -step] };
    if (moves[event.key]) move(position().map((value, axis) => value + moves[event.key][axis]));
    else if (event.key === "+" || event.key === "=") plane.zoom(0.8, position());
    else if (event.key === "-") plane.zoom(1.25, position());
    else if (event.key === "0") plane.reset();
    else return;
    event.preventDefault();
  });
}

/** A cross that shows on any background. */
export function cross(context, plane, position) {
  const [left, top] = plane.toPixels(position);
  for (const [color, width] of [["#000", 4], ["#fff", 2]]) {
    Object.assign(context, { strokeStyle: color, lineWidth: width });
    context.beginPath();
    context.moveTo(left - 10, top);
    context.lineTo(left + 10, top);
    context.moveTo(left, top - 10);
    context.lineTo(left, top + 10);
    context.stroke();
  }
}

/** A ring around a position. */
export function ring(context, plane, position) {
  const [left, top] = plane.toPixels(position);
  for (const [color, width] of [["#000", 5], ["#e64980", 3]]) {
    Object.assign(context, { strokeStyle: color, lineWidth: width });
    context.beginPath();
    context.arc(left, top, 10, 0, 2 * Math.PI);
    context.stroke();
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

/** A layer: q(z|x) of at most so many of the digits in view at 1 and 2 sigma, to scale. */
export function ellipses(most) {
  return (context, plane) => {
    const { x, y, wide, high } = plane.codes;
    if (!wide) return;
    context.lineWidth = 1;
    const isSeen = (n) => Math.abs(x[n] - plane.centre[0]) < plane.limit && Math.abs(y[n] - plane.centre[1]) < plane.limit;
    const seen = Array.from(x.keys()).filter(isSeen); // zoomed in, there are more of the same place
    for (let k = 0; k < seen.length; k += Math.ceil(seen.length / most)) {
      const n = seen[k];
      context.strokeStyle = plane.colors[plane.labels[n]];
      for (const times of [1, 2]) ellipse(context, plane, [x[n], y[n]], [times * wide[n], times * high[n]]);
    }
  };
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

/** Codes as the server sends them: float32, one row a dimension of the plane of mu, then of sigma (of a VAE). */
export function readCodes(bytes, labels, dims, count = labels.length) {
  const numbers = new Float32Array(bytes.slice().buffer);
  const row = (index) => numbers.subarray(index * count, (index + 1) * count);
  const spread = Float32Array.from(labels.subarray(0, count), (label) => label / 4.5 - 1); // one dimension: a row a digit
  const zeros = new Float32Array(count);
  const [x, y] = [row(0), dims.length > 1 ? row(1) : spread];
  const hasSigma = numbers.length > dims.length * count;
  return { x, y, wide: hasSigma ? row(dims.length) : null, high: hasSigma ? (dims.length > 1 ? row(3) : zeros) : null };
}
