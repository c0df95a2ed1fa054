// Where the two terms of the objective pull: one step of gradient descent along each, at some digits' codes.
import { onPlane } from "../shared/codes.js";
import { pulls } from "../shared/gradient.js";
import { forBoth, HALVES } from "../shared/halves.js";
import { both } from "../shared/layers/arrows.js";
import { encode } from "../shared/model.js";
import { normals } from "../shared/random.js";
import { inSlices } from "../shared/slices.js";
import { inWords, number } from "../shared/words.js";

const DIGITS = 40; // of the first test digits, whose arrows are drawn
const MEASURED = 1000; // digits of which the mean is said, with one pair of draws each
const SOME = 100; // digits after which the mean is said again
const PAIRS = 16; // of draws for an arrow, eps and −eps, so that their mean is exactly 0
const SEED = 1000000;
const LONGEST = 0.2; // of half the view's width: an arrow that is longer than nine of ten others
const TERMS = { reconstruction: "the loss", kl: "the KL" };

export class Pulls {
  /** redraw(): called when there are arrows to draw; tell(): when there is more to say. */
  constructor(redraw, tell) {
    Object.assign(this, { redraw, tell });
  }

  /** models and dims: as in the view. Nothing is worked out before somebody wants to see it. */
  take(models, dims, latentDim, digits, weights) {
    this.leave();
    const half = Array.from({ length: PAIRS }, (_, n) => normals(SEED + n, latentDim));
    const draws = [...half, ...half.map((eps) => eps.map((value) => -value))];
    Object.assign(this, { models, dims, draws, digits, latentDim, weights });
    Object.assign(this, { arrows: null, unit: null, means: null });
  }

  leave() {
    this.halt?.();
    Object.assign(this, { halt: null, arrows: null, unit: null });
  }

  /** Works out the arrows of the first digits, once. */
  async want() {
    if (this.arrows) return;
    this.arrows = forBoth(() => []);
    const { digits, arrows } = this;
    try {
      await digits.fetch(0, Math.min(MEASURED, digits.length) - 1);
    } catch (error) {
      console.error(error); // whoever switches the arrows on again tries again
      this.arrows = null;
      return;
    }
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
      this.measure();
    });
  }

  /** How strong both pulls are on average: outwards, along the code, and on log sigma. */
  measure() {
    const found = forBoth(() => []);
    const next = () => {
      const n = found.ae.length;
      const x = this.digits.pixels(n);
      const eps = normals(SEED + PAIRS + n, this.latentDim);
      const draws = [eps, eps.map((value) => -value)];
      for (const name of HALVES) {
        const code = encode(this.models[name], x);
        const both = weighted(pulls(this.models[name], code, x, code.logSigma ? draws : [null]), this.weights[name]);
        found[name].push(strength(code, both));
      }
      return n + 1 < Math.min(MEASURED, this.digits.length);
    };
    this.halt = inSlices(next, (isDone) => {
      const count = found.ae.length;
      if (!isDone && count < (this.means?.count ?? 0) + SOME) return;
      this.means = { count, ...forBoth((name) => meansOf(found[name])) };
      this.tell();
    });
  }

  /** Both pulls at a code, on the plane: {at, reconstruction, kl} (kl: null of an AE), and those of log sigma. */
  at(half, code, x) {
    const draws = code.logSigma ? this.draws : [null];
    const { reconstruction, kl } = weighted(pulls(this.models[half], code, x, draws), this.weights[half]);
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
    if (this.unit) both(context, plane, one, this.unit[half], width);
  }

  /** How strong the pulls are over many digits. */
  inWords(half) {
    if (!this.means) return "";
    const { outwards, outwardsKl, widths, widthsKl } = this.means[half];
    const loss = `outwards the loss pulls by ${withError(outwards)} nats`;
    if (!outwardsKl) return `${loss}, and nothing holds against it`;
    return (
      `${loss}, the KL by ${number(outwardsKl.mean)}; on log σ the loss by ${withError(widths)}, ` +
      `the KL by ${number(widthsKl.mean)}`
    );
  }
}

/** The pull of the KL with the weight that the run was trained with. */
function weighted({ reconstruction, kl }, weight) {
  const times = (values) => values.map((value) => weight * value);
  return { reconstruction, kl: kl && { mu: times(kl.mu), logSigma: times(kl.logSigma) } };
}

/** Of one digit: how far a step outwards, all of the code larger by the same share, and wider would help, nats. */
function strength(code, { reconstruction, kl }) {
  const along = (pull) => pull.mu.reduce((sum, value, d) => sum + value * code.mu[d], 0);
  const sum = (values) => values.reduce((total, value) => total + value, 0);
  return {
    outwards: along(reconstruction),
    outwardsKl: kl && along(kl),
    widths: kl && sum(reconstruction.logSigma),
    widthsKl: kl && sum(kl.logSigma),
  };
}

/** Each figure's mean over the digits and its standard error; null of what a model does not have. */
function meansOf(found) {
  const means = {};
  for (const name of Object.keys(found[0])) {
    const values = found.map((one) => one[name]);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
    means[name] = values[0] === null ? null : { mean, error: Math.sqrt(variance / values.length) };
  }
  return means;
}

function withError({ mean, error }) {
  return `${number(mean)} ± ${number(error)}`;
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
