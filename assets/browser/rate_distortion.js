// The rate-distortion plane: what a run pays in KL against what its reconstructions lose. Lower left is better.
import { niceStep } from "./ticks.js";

const COLORS = { rung: "#e03131", own: "#2f80ed", line: "#8a94a6" };
const MARGIN = { left: 52, right: 14, top: 40, bottom: 40 };
const NEAR = 16; // CSS pixels
const CLOSE = [0.1, 10]; // the weights that are seen apart from each other, unless all points are asked for
const BITS = Math.LOG2E; // bits in a nat

export class RateDistortion {
  /** choose(id): called when somebody takes a point. */
  constructor(canvas, choose) {
    Object.assign(this, { canvas, points: [], chosen: null, isWhole: false });
    new ResizeObserver(() => this.draw()).observe(canvas);
    canvas.addEventListener("pointerdown", (event) => {
      const box = canvas.getBoundingClientRect(), point = this.nearest(event.clientX - box.left, event.clientY - box.top);
      if (point) choose(point.id);
    });
    canvas.addEventListener("keydown", ({ key }) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[key], along = [...this.points].sort((a, b) => a.kl - b.kl);
      const next = along[along.findIndex(({ id }) => id === this.chosen) + step];
      if (next) choose(next.id);
    });
  }

  /** points: {id, kl, reconstruction, weight, label, isRung}, nats an image; chosen: one of the ids; reference: that of the run with weight 1. */
  show(points, chosen, reference) {
    Object.assign(this, { points, chosen, reference });
    const near = points.filter(({ weight, id }) => (weight >= CLOSE[0] && weight <= CLOSE[1]) || id === chosen);
    const seen = this.isWhole || near.length < 3 ? points : near;
    this.most = Math.max(1, ...seen.map(({ kl }) => kl)) * 1.12;
    const losses = seen.map(({ reconstruction }) => reconstruction), room = 0.08 * (Math.max(...losses) - Math.min(...losses) || 10);
    this.range = [Math.min(...losses) - room, Math.max(...losses) + room];
    this.draw();
  }

  nearest(left, top) {
    const distance = (point) => Math.hypot(...this.toPixels(point).map((value, axis) => value - [left, top][axis]));
    const [best] = this.points.filter((point) => this.isSeen(point)).sort((a, b) => distance(a) - distance(b));
    return best && distance(best) < NEAR ? best : null;
  }

  isSeen({ kl, reconstruction }) {
    return kl <= this.most && reconstruction <= this.range[1] && reconstruction >= this.range[0];
  }

  toPixels({ kl, reconstruction }) {
    const { width, height } = this, [low, high] = this.range;
    return [
      MARGIN.left + (kl / this.most) * (width - MARGIN.left - MARGIN.right),
      height - MARGIN.bottom - ((reconstruction - low) / (high - low)) * (height - MARGIN.top - MARGIN.bottom),
    ];
  }

  draw() {
    const { canvas } = this, ratio = window.devicePixelRatio || 1;
    Object.assign(this, { width: canvas.clientWidth, height: canvas.clientHeight });
    if (!this.width || !this.points.length) return;
    Object.assign(canvas, { width: Math.round(this.width * ratio), height: Math.round(this.height * ratio) });
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.font = "13px sans-serif";
    this.ink = getComputedStyle(canvas).color;
    this.drawAxes(context);
    this.drawLines(context);
    this.drawPoints(context);
  }

  drawAxes(context) {
    const { width, height } = this, [low, high] = this.range, step = niceStep(high - low, 6), across = niceStep(this.most, 6);
    Object.assign(context, { strokeStyle: COLORS.line, fillStyle: this.ink, lineWidth: 0.7, textAlign: "right" });
    context.strokeRect(MARGIN.left, MARGIN.top, width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom);
    for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) {
      context.fillText(tick.toFixed(0), MARGIN.left - 5, this.toPixels({ kl: 0, reconstruction: tick })[1] + 4);
    }
    context.textAlign = "center";
    for (let tick = 0; tick <= this.most; tick += across) {
      context.fillText(String(+tick.toFixed(2)), this.toPixels({ kl: tick, reconstruction: low })[0], height - MARGIN.bottom + 15);
    }
    const bits = niceStep(this.most * BITS, 6);
    for (let tick = 0; tick <= this.most * BITS; tick += bits) {
      context.fillText(String(+tick.toFixed(2)), this.toPixels({ kl: tick / BITS, reconstruction: high })[0], MARGIN.top - 6);
    }
    const middle = (MARGIN.left + width - MARGIN.right) / 2;
    context.fillText("rate: KL, nats an image", middle, height - 8);
    context.fillText("the same in bits an image", middle, 14);
    context.save();
    context.translate(12, (MARGIN.top + height - MARGIN.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.fillText("distortion: reconstruction, nats", 0, 0);
    context.restore();
  }

  /** Where −ELBO is as that of weight 1, and the direction that the chosen run's own objective cannot improve. */
  drawLines(context) {
    const point = (id) => this.points.find((one) => one.id === id), reference = point(this.reference), chosen = point(this.chosen);
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, MARGIN.top, this.width - MARGIN.left - MARGIN.right, this.height - MARGIN.top - MARGIN.bottom);
    context.clip();
    if (chosen) this.line(context, chosen, chosen.weight, [], COLORS.rung);
    if (reference) this.line(context, reference, 1, [7, 7], this.ink); // over the red one, which it may be
    context.restore();
  }

  line(context, { kl, reconstruction }, slope, dashes, color) {
    context.setLineDash(dashes);
    Object.assign(context, { strokeStyle: color, lineWidth: 1.3 });
    context.beginPath();
    for (const end of [-1, 1]) context.lineTo(...this.toPixels({ kl: kl + end * 1000, reconstruction: reconstruction - end * 1000 * slope }));
    context.stroke();
    context.setLineDash([]);
  }

  drawPoints(context) {
    const points = this.points.filter((point) => this.isSeen(point));
    for (const point of points) {
      context.fillStyle = point.isRung ? COLORS.rung : COLORS.own;
      context.beginPath();
      context.arc(...this.toPixels(point), point.id === this.chosen ? 8 : 5, 0, 2 * Math.PI);
      context.fill();
    }
    const taken = []; // by labels, as [left, top, right, bottom]
    const isFree = ([l, t, r, b]) => r < this.width && taken.every(([left, top, right, bottom]) => r < left || l > right || b < top || t > bottom);
    for (const point of points.filter(({ isRung }) => isRung).sort((a, b) => (b.id === this.chosen) - (a.id === this.chosen))) {
      context.font = point.id === this.chosen ? "bold 17px sans-serif" : "14px sans-serif";
      const [left, top] = this.toPixels(point), text = `β ${point.label}`, wide = context.measureText(text).width;
      const places = [[10, -14], [10, 4], [-10 - wide, -14], [-10 - wide, 4], [-wide / 2, -24], [-wide / 2, 12]].map(([right, down]) => [left + right, top + down, left + right + wide, top + down + 15]);
      const place = places.find(isFree) ?? places[0];
      taken.push(place);
      Object.assign(context, { fillStyle: this.ink, textAlign: "left" });
      context.fillText(text, place[0], place[3] - 2);
    }
    context.font = "12px sans-serif";
  }
}
