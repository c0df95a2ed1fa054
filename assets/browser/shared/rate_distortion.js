// The rate-distortion plane: what a run pays in KL against what its reconstructions lose. Lower left is better.
import { fitted } from "./canvas.js";
import { colorOf } from "./colors.js";
import { asPicture } from "./pictures.js";
import { niceStep } from "./ticks.js";

const COLORS = { rung: "kl", other: "x", line: "grey" }; // names in lab.css
const MARGIN = { left: 52, right: 14, top: 40, bottom: 40 };
const NEAR = 16; // CSS pixels
const CLOSE = [0.1, 10]; // the weights that are seen apart from each other, unless all points are asked for
const BITS = Math.LOG2E; // bits in a nat

export class RateDistortion {
  /** choose(id): called when somebody takes a point. */
  constructor(canvas, choose) {
    Object.assign(this, { canvas, points: [], others: [], chosen: null, isWhole: false });
    new ResizeObserver(() => this.draw()).observe(canvas);
    asPicture(canvas, { draw: () => this.draw() });
    canvas.addEventListener("pointerdown", (event) => {
      const box = canvas.getBoundingClientRect();
      const point = this.nearest(event.clientX - box.left, event.clientY - box.top);
      if (point) choose(point.id);
    });
    canvas.addEventListener("keydown", ({ key }) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[key];
      const along = [...this.points].sort((a, b) => a.kl - b.kl);
      const next = along[along.findIndex(({ id }) => id === this.chosen) + step];
      if (next) choose(next.id);
    });
  }

  /**
   * points: {id, kl, reconstruction, weight, label, isRung}, nats an image; chosen: one of the ids; reference: that of
   * the run with weight 1. others: {kl, reconstruction} of the same trainings with other seeds, which nobody can take.
   */
  show(points, chosen, reference, others = []) {
    Object.assign(this, { points, chosen, reference, others });
    const near = points.filter(({ weight }) => weight >= CLOSE[0] && weight <= CLOSE[1]); // whatever is chosen
    const seen = this.isWhole || near.length < 3 ? points : near;
    this.most = Math.max(1, ...seen.map(({ kl }) => kl)) * 1.12;
    const losses = seen.map(({ reconstruction }) => reconstruction);
    const room = 0.08 * (Math.max(...losses) - Math.min(...losses) || 10);
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
    const { width, height } = this;
    const [low, high] = this.range;
    return [
      MARGIN.left + (kl / this.most) * (width - MARGIN.left - MARGIN.right),
      height - MARGIN.bottom - ((reconstruction - low) / (high - low)) * (height - MARGIN.top - MARGIN.bottom),
    ];
  }

  draw() {
    if (!this.canvas.clientWidth || !this.points.length) return;
    const { context, width, height } = fitted(this.canvas);
    Object.assign(this, { width, height, ink: getComputedStyle(this.canvas).color });
    context.font = "13px sans-serif";
    this.drawAxes(context);
    this.drawLines(context);
    this.drawPoints(context);
  }

  color(what) {
    return colorOf(this.canvas, COLORS[what]);
  }

  drawAxes(context) {
    const { width, height } = this;
    const [low, high] = this.range;
    const step = niceStep(high - low, 6);
    const across = niceStep(this.most, 6);
    Object.assign(context, {
      strokeStyle: this.color("line"),
      fillStyle: this.ink,
      lineWidth: 0.7,
      textAlign: "right",
    });
    context.strokeRect(
      MARGIN.left,
      MARGIN.top,
      width - MARGIN.left - MARGIN.right,
      height - MARGIN.top - MARGIN.bottom,
    );
    for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) {
      context.fillText(
        tick.toFixed(step < 1 ? 1 : 0),
        MARGIN.left - 5,
        this.toPixels({ kl: 0, reconstruction: tick })[1] + 4,
      );
    }
    context.textAlign = "center";
    for (let tick = 0; tick <= this.most; tick += across) {
      context.fillText(
        String(+tick.toFixed(2)),
        this.toPixels({ kl: tick, reconstruction: low })[0],
        height - MARGIN.bottom + 15,
      );
    }
    const bits = niceStep(this.most * BITS, 6);
    for (let tick = 0; tick <= this.most * BITS; tick += bits) {
      context.fillText(
        String(+tick.toFixed(2)),
        this.toPixels({ kl: tick / BITS, reconstruction: high })[0],
        MARGIN.top - 6,
      );
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
    const point = (id) => this.points.find((one) => one.id === id);
    const reference = point(this.reference);
    const chosen = point(this.chosen);
    context.save();
    context.beginPath();
    context.rect(
      MARGIN.left,
      MARGIN.top,
      this.width - MARGIN.left - MARGIN.right,
      this.height - MARGIN.top - MARGIN.bottom,
    );
    context.clip();
    if (chosen) this.line(context, chosen, chosen.weight, [], this.color("rung"));
    if (reference) this.line(context, reference, 1, [7, 7], this.ink); // over the red one, which it may be
    context.restore();
  }

  line(context, { kl, reconstruction }, slope, dashes, color) {
    context.setLineDash(dashes);
    Object.assign(context, { strokeStyle: color, lineWidth: 1.3 });
    context.beginPath();
    for (const end of [-1, 1]) {
      context.lineTo(...this.toPixels({ kl: kl + end * 1000, reconstruction: reconstruction - end * 1000 * slope }));
    }
    context.stroke();
    context.setLineDash([]);
  }

  drawPoints(context) {
    Object.assign(context, { fillStyle: this.color("rung"), globalAlpha: 0.35 });
    for (const other of this.others.filter((one) => this.isSeen(one))) {
      context.beginPath();
      context.arc(...this.toPixels(other), 4, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
    const taken = this.drawFarOne(context); // by labels, as [left, top, right, bottom]
    const points = this.points.filter((point) => this.isSeen(point));
    for (const point of points) {
      context.fillStyle = this.color(point.isRung && !point.isOwn ? "rung" : "other");
      context.beginPath();
      context.arc(...this.toPixels(point), point.id === this.chosen ? 8 : 5, 0, 2 * Math.PI);
      context.fill();
    }
    const isFree = ([l, t, r, b]) =>
      r < this.width && taken.every(([left, top, right, bottom]) => r < left || l > right || b < top || t > bottom);
    const rungs = points.filter(({ isRung }) => isRung);
    for (const point of rungs.sort((a, b) => (b.id === this.chosen) - (a.id === this.chosen))) {
      context.font = point.id === this.chosen ? "bold 17px sans-serif" : "14px sans-serif";
      const [left, top] = this.toPixels(point);
      const text = `β ${point.label}`;
      const wide = context.measureText(text).width;
      const places = [
        [10, -14],
        [10, 4],
        [-10 - wide, -14],
        [-10 - wide, 4],
        [-wide / 2, -24],
        [-wide / 2, 12],
      ].map(([right, down]) => [left + right, top + down, left + right + wide, top + down + 15]);
      const place = places.find(isFree) ?? places[0];
      taken.push(place);
      Object.assign(context, { fillStyle: this.ink, textAlign: "left" });
      context.fillText(text, place[0], place[3] - 2);
    }
    context.font = "12px sans-serif";
  }

  /** The chosen run, where it lies off the plot: a triangle at the edge points to it. Returns the room it takes. */
  drawFarOne(context) {
    const chosen = this.points.find(({ id }) => id === this.chosen);
    if (!chosen || this.isSeen(chosen)) return [];
    const [left, top] = this.toPixels(chosen);
    const at = [
      Math.min(Math.max(left, MARGIN.left + 12), this.width - MARGIN.right - 12),
      Math.min(Math.max(top, MARGIN.top + 12), this.height - MARGIN.bottom - 12),
    ];
    context.save();
    context.translate(...at);
    context.rotate(Math.atan2(top - at[1], left - at[0]));
    context.fillStyle = this.color("rung");
    context.beginPath();
    for (const [right, down] of [
      [10, 0],
      [-6, -8],
      [-6, 8],
    ])
      context.lineTo(right, down);
    context.fill();
    context.restore();
    const isRight = at[0] > this.width / 2;
    Object.assign(context, {
      fillStyle: this.ink,
      textAlign: isRight ? "right" : "left",
      font: "bold 14px sans-serif",
    });
    const words = `β ${chosen.label}: off the plot`;
    const [from, down] = [at[0] + (isRight ? -16 : 16), at[1] + (at[1] < 60 ? 18 : 5)];
    context.fillText(words, from, down);
    const wide = context.measureText(words).width;
    return [[isRight ? from - wide : from, down - 14, isRight ? from : from + wide, down + 4]];
  }
}
