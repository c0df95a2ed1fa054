// Where the two terms of the objective pull: one step of gradient descent along each, at some digits' codes.
import { onPlane } from "../shared/codes.js";
import { pulls } from "../shared/gradient.js";
import { forBoth, HALVES } from "../shared/halves.js";
import { encode } from "../shared/model.js";
import { normals } from "../shared/random.js";
import { inSlices } from "../shared/slices.js";
import { inWords, number } from "../shared/words.js";

const DIGITS = 40; // the first of the test digits
const PAIRS = 16; // of draws, eps and −eps, so that their mean is exactly 0
const SEED = 1000000;
const LONGEST = 0.2; // of half the view's width: an arrow that is longer than nine of ten others
const COLORS = { reconstruction: "x-hat", kl: "kl" }; // names in lab.css
const TERMS = { reconstruction: "the loss", kl: "the KL" };

export class Pulls {
  /** redraw(): called when there are more arrows to draw. */
  constructor(redraw) {
    this.redraw = redraw;
  }

  /** models and dims: as in the view. Nothing is worked out before somebody wants to see it. */
  take(models, dims, latentDim, digits) {
    this.leave();
    const half = Array.from({ length: PAIRS }, (_, n) => normals(SEED + n, latentDim));
    const draws = [...half, ...half.map((eps) => eps.map((value) => -value))];
    Object.assign(this, { models, dims, draws, digits, arrows: null, unit: null });
  }

  leave() {
    this.halt?.();
    this.halt = null;
  }

  /** Works out the arrows of the first digits, once. */
  async want() {
    if (this.arrows) return;
    this.arrows = forBoth(() => []);
    const { digits, arrows } = this;
    await digits.fetch(0);
    if (this.arrows !== arrows) return; // other models by now
    const next = () => {
      const x = digits.pixels(arrows.ae.length);
      for (const name of HALVES) arrows[name].push(this.at(name, encode(this.models[name], x), x));
      return arrows.ae.length < DIGITS;
    };
    this.halt = inSlices(next, (isDone) => {
      if (!isDone) return;
      this.unit = forBoth((name) => LONGEST / ninth(arrows[name].map((one) => length(one.reconstruction))));
      this.redraw();
    });
  }

  /** Both pulls at a code, on the plane: {at, reconstruction, kl} (kl: null of an AE), and those of log sigma. */
  at(half, code, x) {
    const { reconstruction, kl } = pulls(this.models[half], code, x, code.logSigma ? this.draws : [null]);
    const flat = (one) => one && onPlane(one.mu, this.dims);
    const widths = code.logSigma && {
      reconstruction: onPlane(reconstruction.logSigma, this.dims),
      kl: onPlane(kl.logSigma, this.dims),
    };
    return { at: onPlane(code.mu, this.dims), reconstruction: flat(reconstruction), kl: flat(kl), widths };
  }

  /** A layer: an arrow of each term at each of the digits' codes. */
  layer(half) {
    return (context, plane) => {
      for (const one of this.unit ? this.arrows[half] : []) this.draw(context, plane, half, one, 1.5);
    };
  }

  draw(context, plane, half, one, width) {
    if (!this.unit) return;
    const [left, top] = plane.view.toPixels(one.at);
    for (const term of Object.keys(COLORS)) {
      if (!one[term]) continue;
      const [right, up] = one[term].map((value) => (value * this.unit[half] * plane.view.size) / 2);
      Object.assign(context, { strokeStyle: plane.color(COLORS[term]), lineWidth: width });
      arrow(context, left, top, right, -up);
    }
  }

  /** How long the pulls are on average, alone and together. */
  inWords(half) {
    if (!this.unit) return "";
    const mean = (lengths) => lengths.reduce((sum, value) => sum + value, 0) / lengths.length;
    const arrows = this.arrows[half];
    const loss = mean(arrows.map((one) => length(one.reconstruction)));
    const over = `over ${DIGITS} digits the pull of the loss on μ is ${number(loss)}`;
    if (!arrows[0].kl) return `${over} nats a unit, and nothing holds against it`;
    const kl = mean(arrows.map((one) => length(one.kl)));
    const both = mean(arrows.map(({ reconstruction, kl }) => length(reconstruction.map((value, d) => value + kl[d]))));
    return `${over}, that of the KL ${number(kl)}, and both together come to ${number(both)} nats a unit`;
  }
}

/** The pulls at one code. */
export function ofOne({ reconstruction, kl, widths }) {
  if (!kl) return `${TERMS.reconstruction} pulls z by ${inWords(reconstruction)}`;
  const towards = (what, pair) =>
    Object.entries(pair)
      .map(([term, pull]) => `${TERMS[term]} ${what} by ${inWords(pull)}`)
      .join(", ");
  return `${towards("pulls μ", { reconstruction, kl })}; ${towards("log σ", widths)}`;
}

function length(vector) {
  return Math.hypot(...vector);
}

/** What nine of ten numbers are below. */
function ninth(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(0.9 * values.length)] || 1;
}

function arrow(context, left, top, right, down) {
  const size = Math.min(6, Math.hypot(right, down) / 2);
  const angle = Math.atan2(down, right);
  context.beginPath();
  context.moveTo(left, top);
  context.lineTo(left + right, top + down);
  for (const side of [-0.5, 0.5]) {
    context.moveTo(left + right, top + down);
    context.lineTo(left + right - size * Math.cos(angle + side), top + down - size * Math.sin(angle + side));
  }
  context.stroke();
}
