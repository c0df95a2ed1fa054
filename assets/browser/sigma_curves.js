// KL against a head's output h, and its gradient below, on one axis of h: a curve a head, and a line at h that is moved by hand.
import { answer } from "./sigma_heads.js";
import { niceStep } from "./ticks.js";
import { inFigures } from "./words.js";

/** Told apart without their colours too. From below upwards: softplus lies on log sigma where h is small, on raw where it is large. */
export const LOOKS = {
  log: { color: "#12a594", width: 5, dashes: [], dot: 9 },
  softplus: { color: "#2f80ed", width: 2.5, dashes: [8, 5], dot: 6.5 },
  raw: { color: "#d9480f", width: 2.5, dashes: [], dot: 5 },
};
const GREY = "#8a94a6";
const REACH = 5; // of the axis of h, to both sides
const PANELS = [
  { what: "kl", title: "KL, nats", range: [-0.4, 8] },
  { what: "gradient", title: "gradient dKL/dh", range: [-10, 10] },
];
const MARGIN = { left: 50, right: 12, top: 10, bottom: 42 };
const GAP = 38; // between the panels, where the line's grip is
const GRIP = { width: 112, height: 26 };

export class SigmaCurves {
  /** move(h): called with where pointer, finger or keys want the line. */
  constructor(canvas, move) {
    Object.assign(this, { canvas, h: 0 });
    new ResizeObserver(() => this.draw()).observe(canvas);
    canvas.addEventListener("transitionend", () => this.draw()); // another theme: its colours have come (sigma_plane.css)
    const drag = (event) => move(+this.toH(event.clientX - canvas.getBoundingClientRect().left).toFixed(2));
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      drag(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (canvas.hasPointerCapture(event.pointerId)) drag(event);
    });
    canvas.addEventListener("keydown", (event) => {
      const way = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!way) return;
      event.preventDefault();
      move(+(this.h + way * (event.shiftKey ? 0.5 : 0.1)).toFixed(4));
    });
  }

  show(h) {
    this.h = h;
    this.draw();
  }

  toH(left) {
    const { left: start, right } = MARGIN, h = (2 * (left - start)) / (this.width - start - right) - 1;
    return REACH * Math.min(Math.max(h, -1), 1);
  }

  /** h -> CSS pixels from the left; beyond the axis, its end. */
  across(h) {
    const { left, right } = MARGIN, share = (Math.min(Math.max(h / REACH, -1), 1) + 1) / 2;
    return left + share * (this.width - left - right);
  }

  draw() {
    const { canvas } = this, ratio = window.devicePixelRatio || 1;
    Object.assign(this, { width: canvas.clientWidth, height: canvas.clientHeight });
    if (!this.width) return; // not on the page yet
    Object.assign(canvas, { width: Math.round(this.width * ratio), height: Math.round(this.height * ratio) });
    const context = canvas.getContext("2d"), { color, backgroundColor } = getComputedStyle(canvas);
    Object.assign(this, { context, ink: color, paper: backgroundColor });
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const tall = (this.height - MARGIN.top - MARGIN.bottom - GAP) / 2;
    PANELS.forEach((panel, row) => {
      const top = MARGIN.top + row * (tall + GAP), bottom = top + tall, [low, high] = panel.range;
      this.drawPanel({ ...panel, top, bottom, up: (value) => bottom - ((value - low) / (high - low)) * tall });
    });
    this.drawAxis();
    this.drawGrip(MARGIN.top + tall + GAP / 2);
  }

  drawPanel(panel) {
    const { context, width } = this, { top, bottom, title, range, up } = panel, [low, high] = range;
    const right = width - MARGIN.right, wall = this.across(0);
    context.fillStyle = `${LOOKS.raw.color}26`;
    context.fillRect(MARGIN.left, top, wall - MARGIN.left, bottom - top);
    Object.assign(context, { font: "13px sans-serif", fillStyle: this.ink, strokeStyle: GREY, lineWidth: 0.7, textAlign: "right" });
    const step = niceStep(high - low, 5);
    for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) {
      context.fillText(inFigures(tick), MARGIN.left - 6, up(tick) + 4);
      context.beginPath();
      context.moveTo(MARGIN.left, up(tick));
      context.lineTo(right, up(tick));
      context.stroke();
    }
    context.save();
    context.translate(14, (top + bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textAlign = "center";
    context.fillText(title, 0, 0);
    context.restore();
    context.textAlign = "center";
    context.fillText("raw: no σ here", (MARGIN.left + wall) / 2, top + 18);
    context.save();
    context.beginPath();
    context.rect(MARGIN.left, top, right - MARGIN.left, bottom - top);
    context.clip();
    for (const head of Object.keys(LOOKS)) this.drawCurve(head, panel);
    context.restore();
    this.drawLine(panel);
  }

  drawCurve(head, { what, range, up }) {
    const { context } = this, { color, width, dashes } = LOOKS[head], half = Math.ceil(this.width / 2);
    const [low, high] = [range[0] - 1, range[1] + 1]; // a pole is drawn to just beyond the panel
    Object.assign(context, { strokeStyle: color, lineWidth: width });
    context.setLineDash(dashes);
    context.beginPath();
    for (let column = -half; column <= half; column++) { // so that 0 is one of them: there is the wall
      const h = (REACH * column) / half, value = answer(head, h)[what];
      if (!Number.isNaN(value)) context.lineTo(this.across(h), up(Math.min(Math.max(value, low), high)));
    }
    context.stroke();
    context.setLineDash([]);
  }

  /** The line at h and where it meets the curves; an arrow where that is outside. */
  drawLine({ what, range, up, top, bottom }) {
    if (Math.abs(this.h) > REACH) return;
    const { context } = this, left = this.across(this.h);
    context.fillStyle = this.ink;
    context.fillRect(left - 0.75, top, 1.5, bottom - top);
    for (const [head, { color, dot }] of Object.entries(LOOKS)) {
      const value = answer(head, this.h)[what];
      if (Number.isNaN(value)) continue;
      Object.assign(context, { fillStyle: color, strokeStyle: this.paper, lineWidth: 2 });
      context.beginPath();
      if (value >= range[0] && value <= range[1]) context.arc(left, up(value), dot, 0, 2 * Math.PI);
      else this.arrow(left, value > range[1] ? top : bottom, value > range[1] ? 1 : -1, inFigures(value));
      context.fill();
      context.stroke();
    }
  }

  /** A path that points out of a panel, with the value that is out there. */
  arrow(left, edge, down, words) {
    const { context, width } = this;
    context.font = "bold 14px sans-serif";
    const isRight = left + 16 + context.measureText(words).width < width - MARGIN.right;
    context.textAlign = isRight ? "left" : "right";
    context.fillText(words, left + (isRight ? 14 : -14), edge + down * 12 + 4);
    context.moveTo(left, edge);
    context.lineTo(left - 9, edge + down * 16);
    context.lineTo(left + 9, edge + down * 16);
    context.closePath();
  }

  drawAxis() {
    const { context, width, height } = this;
    Object.assign(context, { font: "13px sans-serif", fillStyle: this.ink, textAlign: "center" });
    for (let tick = -REACH; tick <= REACH; tick++) context.fillText(inFigures(tick), this.across(tick), height - MARGIN.bottom + 16);
    context.fillText("h, the head's output", (MARGIN.left + width - MARGIN.right) / 2, height - 6);
  }

  drawGrip(middle) {
    const { context, h } = this, { width, height } = GRIP, at = this.across(h);
    const left = Math.min(Math.max(at - width / 2, MARGIN.left), this.width - MARGIN.right - width);
    context.fillStyle = this.ink;
    if (Math.abs(h) <= REACH) context.fillRect(at - 0.75, middle - GAP / 2, 1.5, GAP);
    context.beginPath();
    context.roundRect(left, middle - height / 2, width, height, height / 2);
    context.fill();
    Object.assign(context, { font: "bold 14px sans-serif", fillStyle: this.paper, textAlign: "center" });
    context.fillText(`◂ h = ${inFigures(h)} ▸`, left + width / 2, middle + 5);
  }
}
