// A sheet to draw a digit on, with one finger, pen or mouse, or with keys. Strokes are kept as lines, so that a small
// digit is enlarged without its pen.
import { BOX, inTheMiddle } from "./centre.js";
import { colorOf } from "./colors.js";
import { paintDigit, SIDE } from "./digit.js";
import { element } from "./element.js";
import { PEN } from "./strokes.js";

const PAPER = 280; // pixels a side
const DOT = 24; // pixels: what is smaller is not enlarged to a whole digit
const FINE = 10; // how much finer than in its 28 x 28 pixels a digit is painted
const STEP = PAPER / 28; // of a key; with Shift three times as far
// The keys around the 5 of a number pad go aslant.
const ARROWS = {
  ...{ ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] },
  ...{ Home: [-1, -1], PageUp: [1, -1], End: [-1, 1], PageDown: [1, 1] },
};
export const KEYS = "Arrow keys move the pen, Space puts it down or lifts it, Backspace takes back a stroke.";

export class Sheet {
  /** drawn(x): called with the digit at each change, null if no stroke is left; tell(words): for those who use keys. */
  constructor(canvas, drawn, tell) {
    Object.assign(canvas, { width: PAPER, height: PAPER, tabIndex: 0 });
    Object.assign(this, { canvas, drawn, tell, strokes: [], cleared: [], shown: null, isDrawn: false });
    Object.assign(this, { pointer: null, isByPen: false, pen: [PAPER / 2, PAPER / 4], isPenDown: false });
    this.followPointer();
    this.followKeys();
  }

  /** Shows a digit that was not drawn here; the first stroke takes it away. */
  show(x) {
    this.reset({ shown: x, isDrawn: false, cleared: [] });
  }

  /** An empty sheet; what was drawn on it can be had back. */
  clear() {
    if (this.strokes.length) this.cleared.push(this.strokes);
    this.reset({ shown: null, isDrawn: true });
  }

  reset(state) {
    Object.assign(this, { strokes: [], pointer: null, isByPen: false, isPenDown: false, ...state });
    this.paint();
  }

  get canUndo() {
    return this.strokes.length + this.cleared.length > 0;
  }

  /** Takes back the last stroke, or that the sheet was cleared. */
  undo() {
    if (!this.canUndo) return;
    if (this.strokes.length) this.strokes.pop();
    else this.strokes = this.cleared.pop();
    Object.assign(this, { pointer: null, isPenDown: false });
    this.change();
  }

  begin(place) {
    if (!this.isDrawn) this.clear();
    this.strokes.push([place]);
    this.change();
  }

  go(place) {
    this.strokes.at(-1).push(place);
    this.change();
  }

  change() {
    this.paint();
    this.drawn(digitOf(this.strokes));
  }

  /** One pointer draws at a time. A hand that rests on the sheet beside a pen draws nothing, whichever came first. */
  followPointer() {
    const { canvas } = this;
    const here = (event) => {
      const box = canvas.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * PAPER, ((event.clientY - box.top) / box.height) * PAPER];
    };
    canvas.addEventListener("pointerdown", (event) => {
      const { pointerId, pointerType } = event;
      const isHand = pointerType === "touch" && this.isByPen;
      const isAnother = this.pointer && !(pointerType === "pen" && this.pointer.pointerType === "touch");
      if (event.button !== 0 || isHand || isAnother) return;
      if (this.pointer) this.strokes.pop(); // the hand's, which was there before the pen
      this.isPenDown = false;
      this.begin(here(event));
      Object.assign(this, { pointer: { pointerId, pointerType }, isByPen: pointerType === "pen" });
      canvas.setPointerCapture(pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId === this.pointer?.pointerId) this.go(here(event));
    });
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"])
      canvas.addEventListener(end, (event) => {
        if (event.pointerId === this.pointer?.pointerId) this.pointer = null;
      });
  }

  followKeys() {
    const { canvas } = this;
    canvas.addEventListener("focus", () => {
      if (canvas.matches(":focus-visible")) this.tell(KEYS);
      this.paint();
    });
    canvas.addEventListener("blur", () => {
      this.isPenDown = false;
      this.tell("");
      this.paint();
    });
    canvas.addEventListener("keydown", (event) => {
      if (event.altKey || event.metaKey || event.ctrlKey || this.pointer) return;
      const { key } = event;
      if (ARROWS[key]) this.movePen(ARROWS[key], event.shiftKey ? 3 * STEP : STEP);
      else if (key === " " || key === "Enter") this.switchPen();
      else if (key === "Backspace") this.undo();
      else return;
      event.preventDefault();
    });
  }

  movePen(direction, step) {
    const inside = (value) => Math.min(Math.max(value, STEP), PAPER - STEP);
    this.pen = this.pen.map((value, axis) => inside(value + step * direction[axis]));
    if (this.isPenDown) this.go(this.pen);
    else this.paint();
  }

  switchPen() {
    if (!this.isPenDown) this.begin(this.pen);
    this.isPenDown = !this.isPenDown;
    this.tell(`The pen is ${this.isPenDown ? "down" : "up"}. ${KEYS}`);
    this.paint();
  }

  paint() {
    const brush = this.canvas.getContext("2d");
    brush.fillStyle = "#000";
    brush.fillRect(0, 0, PAPER, PAPER);
    if (this.shown) {
      const small = element("canvas", { width: SIDE, height: SIDE });
      paintDigit(small, this.shown);
      brush.imageSmoothingEnabled = false;
      brush.drawImage(small, 0, 0, PAPER, PAPER);
    }
    trace(brush, this.strokes, (PEN / SIDE) * PAPER, (place) => place);
    if (this.canvas.matches(":focus-visible") && !this.pointer) this.paintPen(brush);
  }

  /** Where the keys' pen is: a ring, filled while it is down. */
  paintPen(brush) {
    brush.beginPath();
    brush.arc(...this.pen, 12, 0, 2 * Math.PI);
    const color = colorOf(this.canvas, "mark");
    Object.assign(brush, { strokeStyle: color, fillStyle: color, lineWidth: 4 });
    if (this.isPenDown) brush.fill();
    else brush.stroke();
  }
}

function trace(brush, strokes, lineWidth, toPlace) {
  Object.assign(brush, { strokeStyle: "#fff", lineWidth, lineCap: "round", lineJoin: "round" });
  for (const stroke of strokes) {
    const [x, y] = toPlace(stroke[0]);
    brush.beginPath();
    brush.moveTo(x - 0.01, y); // a line without a length would not be painted
    for (const place of stroke) brush.lineTo(...toPlace(place));
    brush.stroke();
  }
}

/** Strokes as a digit of MNIST's size and pen: 784 numbers, or null without a stroke. */
function digitOf(strokes) {
  if (!strokes.length) return null;
  const [xs, ys] = [0, 1].map((axis) => strokes.flatMap((stroke) => stroke.map((place) => place[axis])));
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  const [across, down] = [Math.max(...xs) - left, Math.max(...ys) - top];
  const scale = (BOX - PEN) / Math.max(across, down, DOT);
  const [wide, high] = [across, down].map((length) => Math.ceil(length * scale + PEN - 1e-6));
  const canvas = element("canvas", { width: wide * FINE, height: high * FINE });
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  trace(brush, strokes, PEN * FINE, ([x, y]) => [
    (wide / 2 + (x - left - across / 2) * scale) * FINE,
    (high / 2 + (y - top - down / 2) * scale) * FINE,
  ]);
  const { data } = brush.getImageData(0, 0, wide * FINE, high * FINE);
  const grey = Float32Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + 3] / 255);
  return inTheMiddle({ width: wide * FINE, height: high * FINE, grey }, { wide, high });
}
