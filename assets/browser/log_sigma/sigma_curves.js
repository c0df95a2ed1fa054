// KL against a head's output h, and its gradient below, on one axis of h: a curve a head, and a line at h that is moved
// by hand.
import { fitted } from "../shared/canvas.js";
import { colorOf, faded } from "../shared/colors.js";
import { asPicture } from "../shared/pictures.js";
import { answer } from "../shared/sigma_heads.js";
import { niceStep } from "../shared/ticks.js";
import { inFigures } from "../shared/words.js";

/**
 * Told apart without their colours (names in lab.css) too. From below upwards: softplus lies on log sigma where h is
 * small, on raw where it is large.
 */
export const LOOKS = {
  log: { color: "head-log", width: 5, dashes: [], dot: 9 },
  softplus: { color: "head-softplus", width: 2.5, dashes: [8, 5], dot: 6.5 },
  raw: { color: "head-raw", width: 2.5, dashes: [], dot: 5 },
};
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
    Object.assign(this, { canvas, h: 0, pointer: null });
    new ResizeObserver(() => this.draw()).observe(canvas);
    asPicture(canvas, { draw: () => this.draw(), numbers: curvesAsColumns });
    // Another theme: its colours have come (sigma_plane.css).
    canvas.addEventListener("transitionend", () => this.draw());
    const drag = (event) => move(+this.toH(event.clientX - canvas.getBoundingClientRect().left).toFixed(2));
    // One pointer holds the line at a time: the one that came first, until it leaves.
    canvas.addEventListener("pointerdown", (event) => {
      if (this.pointer !== null) return;
      this.pointer = event.pointerId;
      canvas.setPointerCapture(event.pointerId);
      drag(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId === this.pointer) drag(event);
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
      canvas.addEventListener(end, (event) => {
        if (event.pointerId === this.pointer) this.pointer = null;
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
    const { left: start, right } = MARGIN;
    const h = (2 * (left - start)) / (this.width - start - right) - 1;
    return REACH * Math.min(Math.max(h, -1), 1);
  }

  /** h -> CSS pixels from the left; beyond the axis, its end. */
  across(h) {
    const { left, right } = MARGIN;
    const share = (Math.min(Math.max(h / REACH, -1), 1) + 1) / 2;
    return left + share * (this.width - left - right);
  }

  draw() {
    if (!this.canvas.clientWidth) return; // not on the page yet
    const { color, backgroundColor } = getComputedStyle(this.canvas);
    Object.assign(this, { ...fitted(this.canvas), ink: color, paper: backgroundColor });
    const tall = (this.height - MARGIN.top - MARGIN.bottom - GAP) / 2;
    for (const [row, panel] of PANELS.entries()) {
      const top = MARGIN.top + row * (tall + GAP);
      const bottom = top + tall;
      const [low, high] = panel.range;
      this.drawPanel({ ...panel, top, bottom, up: (value) => bottom - ((value - low) / (high - low)) * tall });
    }
    this.drawAxis();
    this.drawGrip(MARGIN.top + tall + GAP / 2);
  }

  drawPanel(panel) {
    const { context, width } = this;
    const { top, bottom, title, range, up } = panel;
    const [low, high] = range;
    const right = width - MARGIN.right;
    const wall = this.across(0);
    context.fillStyle = faded(colorOf(this.canvas, LOOKS.raw.color), 0.15);
    context.fillRect(MARGIN.left, top, wall - MARGIN.left, bottom - top);
    Object.assign(context, {
      font: "13px sans-serif",
      fillStyle: this.ink,
      strokeStyle: colorOf(this.canvas, "grey"),
      lineWidth: 0.7,
      textAlign: "right",
    });
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
    const { context } = this;
    const { color, width, dashes } = LOOKS[head];
    const half = Math.ceil(this.width / 2);
    const [low, high] = [range[0] - 1, range[1] + 1]; // a pole is drawn to just beyond the panel
    Object.assign(context, { strokeStyle: colorOf(this.canvas, color), lineWidth: width });
    context.setLineDash(dashes);
    context.beginPath();
    // From -half, so that 0 is one of them: there is the wall.
    for (let column = -half; column <= half; column++) {
      const h = (REACH * column) / half;
      const value = answer(head, h)[what];
      if (!Number.isNaN(value)) context.lineTo(this.across(h), up(Math.min(Math.max(value, low), high)));
    }
    context.stroke();
    context.setLineDash([]);
  }

  /** The line at h and where it meets the curves; an arrow where that is outside. */
  drawLine({ what, range, up, top, bottom }) {
    if (Math.abs(this.h) > REACH) return;
    const { context } = this;
    const left = this.across(this.h);
    context.fillStyle = this.ink;
    context.fillRect(left - 0.75, top, 1.5, bottom - top);
    for (const [head, { color, dot }] of Object.entries(LOOKS)) {
      const value = answer(head, this.h)[what];
      if (Number.isNaN(value)) continue;
      Object.assign(context, { fillStyle: colorOf(this.canvas, color), strokeStyle: this.paper, lineWidth: 2 });
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
    for (let tick = -REACH; tick <= REACH; tick++) {
      context.fillText(inFigures(tick), this.across(tick), height - MARGIN.bottom + 16);
    }
    context.fillText("h, the head's output", (MARGIN.left + width - MARGIN.right) / 2, height - 6);
  }

  drawGrip(middle) {
    const { context, h } = this;
    const { width, height } = GRIP;
    const at = this.across(h);
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

/** Every curve at steps of 0.01 of h, as columns. */
function curvesAsColumns() {
  const h = Array.from({ length: 200 * REACH + 1 }, (_, n) => +(n / 100 - REACH).toFixed(2));
  const curves = Object.keys(LOOKS).flatMap((head) =>
    ["sigma", ...PANELS.map(({ what }) => what)].map((what) => [
      `${what} of ${head}`,
      h.map((at) => answer(head, at)[what]),
    ]),
  );
  return { h, ...Object.fromEntries(curves) };
}
