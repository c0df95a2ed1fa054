// Which part of the latent plane a square canvas shows. A view never changes: another part is another view.

const CLOSEST = 1 / 200; // of the whole view
const FARTHEST = 4;

export class PlaneView {
  /** size: the square's side, CSS pixels; home: half the width of the whole view; limit: of this one; centre: in it. */
  constructor({ size = 0, home = 3, limit = home, centre = [0, 0] } = {}) {
    Object.assign(this, { size, home, limit, centre: Object.freeze([...centre]) });
    Object.freeze(this);
  }

  /** The same view but for what is given. */
  with(changes) {
    return new PlaneView({ ...this, ...changes });
  }

  /** CSS pixels of one latent unit. */
  get unit() {
    return this.size / 2 / this.limit;
  }

  /** Latent coordinates -> CSS pixels. */
  toPixels([a, b]) {
    return [this.size / 2 + (a - this.centre[0]) * this.unit, this.size / 2 - (b - this.centre[1]) * this.unit];
  }

  /** CSS pixels -> latent coordinates. */
  toLatent([left, top]) {
    return [this.centre[0] + (left - this.size / 2) / this.unit, this.centre[1] - (top - this.size / 2) / this.unit];
  }

  /** Whether a latent position is in view. */
  holds(position) {
    return position.every((value, axis) => Math.abs(value - this.centre[axis]) < this.limit);
  }

  /** A larger (factor < 1) or smaller picture, around a latent position that stays where it is. */
  zoomed(factor, position) {
    const limit = Math.min(Math.max(this.limit * factor, this.home * CLOSEST), this.home * FARTHEST);
    const ratio = limit / this.limit;
    return this.with({ limit, centre: this.centre.map((c, axis) => position[axis] + (c - position[axis]) * ratio) });
  }

  /** The picture moved by CSS pixels. */
  moved(right, down) {
    return this.with({ centre: [this.centre[0] - right / this.unit, this.centre[1] + down / this.unit] });
  }

  /** The whole view again. */
  whole() {
    return this.with({ limit: this.home, centre: [0, 0] });
  }
}
