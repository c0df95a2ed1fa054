// A square piece of the latent plane on a canvas, with layers on it (layers/).
import { ratioOf } from "./canvas.js";
import { DIGITS } from "./class_names.js";
import { colorOf } from "./colors.js";
import { asPicture } from "./pictures.js";
import { PlaneView } from "./plane_view.js";

const NEAR = 9; // how close to a code the pointer must be to mean it, CSS pixels

export class Plane {
  /** layers: functions (context, plane) that draw, from below upwards. It follows the size of its canvas. */
  constructor(canvas, layers) {
    Object.assign(this, { canvas, layers, codes: { x: [], y: [] }, labels: [], colors: [], view: new PlaneView() });
    this.hidden = new Set(); // classes that are not drawn, and not found
    // All layers are drawn here once a view, so that a pointer costs only what moves with it.
    this.still = document.createElement("canvas");
    this.moving = null; // a layer that is drawn over them in every frame
    new ResizeObserver(() => this.resize()).observe(canvas);
    asPicture(canvas, { draw: () => this.resize(), numbers: () => this.numbers() });
  }

  /**
   * codes: {x, y}, a number a digit each; labels: their classes; colors and classNames: one a class; limit: half the
   * view's width.
   */
  take(codes, labels, colors, limit, classNames = DIGITS) {
    Object.assign(this, { codes, labels, colors, classNames, view: new PlaneView({ home: limit }) });
    this.resize();
  }

  resize() {
    this.ratio = ratioOf(this.canvas);
    this.view = this.view.with({ size: this.canvas.clientWidth });
    for (const canvas of [this.canvas, this.still]) {
      canvas.width = canvas.height = Math.round(this.view.size * this.ratio);
    }
    this.draw();
  }

  /** Another view, drawn in the next frame. */
  look(view) {
    this.view = view;
    this.drawSoon();
  }

  /** A colour of lab.css by its name. */
  color(name) {
    return colorOf(this.canvas, name);
  }

  /** Whether the code of that index is drawn. */
  isShown(index) {
    return !this.hidden.has(this.labels[index]);
  }

  /** The index of the code under a latent position, or -1. */
  nearest(position) {
    const { x, y } = this.codes;
    let best = -1;
    let least = (NEAR / this.view.unit) ** 2;
    for (let i = 0; i < x.length; i++) {
      if (!this.isShown(i)) continue;
      const distance = (x[i] - position[0]) ** 2 + (y[i] - position[1]) ** 2;
      if (distance < least) [best, least] = [i, distance];
    }
    return best;
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
    const { size } = this.view;
    if (!size) return; // not on the page yet
    const context = this.still.getContext("2d");
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, size, size);
    for (const layer of this.layers) layer(context, this);
    this.show();
  }

  /** The codes that are drawn, {column: values}: where each lies on the plane, its sigma there, and its class. */
  numbers() {
    const { x, y, wide, high } = this.codes;
    const shown = Array.from(x.keys()).filter((index) => this.isShown(index));
    const columns = { across: x, up: y, sigma_across: wide, sigma_up: wide && high, label: this.labels };
    const given = Object.entries(columns).filter(([, values]) => values);
    const drawn = given.map(([name, values]) => [name, shown.map((index) => values[index])]);
    return { digit: shown, ...Object.fromEntries(drawn) };
  }

  /** The layers as they are, and over them what moves. */
  show() {
    if (!this.view.size) return;
    const context = this.canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.still, 0, 0);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.moving?.(context, this);
  }
}
