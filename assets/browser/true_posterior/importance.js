// The importance-weighted bound L_K = E log 1/K Σ p(x, z_k) / q(z_k|x), z_k ~ q(z|x) (Burda et al. 2016): the ELBO at
// K = 1, and with every further draw nearer to log p(x), however bad q is.
import { fitted } from "../shared/canvas.js";
import { colorOf } from "../shared/colors.js";
import { decodeLogits, reconstructionLoss, reparameterize } from "../shared/model.js";
import { asPicture } from "../shared/pictures.js";
import { normals } from "../shared/random.js";
import { inSlices } from "../shared/slices.js";
import { niceStep } from "../shared/ticks.js";
import { number } from "../shared/words.js";
import { POSTERIOR, Q } from "./parts.js";

const DRAWS = 8192;
const SEED = 2000000;
const SOME = 512; // draws after which there is more to show
const FEWEST = 4; // values of a bound, of which the mean is taken
const COUNTS = Array.from({ length: 11 }, (_, power) => 2 ** power); // K, 1 to 1,024
const MARGIN = { left: 56, right: 24, top: 16, bottom: 34 };

export class ImportanceBound {
  constructor(root) {
    this.find = (query) => root.querySelector(query);
    this.canvas = this.find(".importance canvas");
    new ResizeObserver(() => this.show()).observe(this.canvas);
    asPicture(this.canvas, { draw: () => this.show(), numbers: () => this.columns() });
  }

  /** A digit x with its code; weight: of the KL, by which the loss is tempered; exact: log p(x), null if unknown. */
  take(model, code, x, weight, exact) {
    this.leave();
    const logWeights = new Float64Array(DRAWS);
    const size = code.mu.length;
    const eps = normals(SEED, DRAWS * size);
    Object.assign(this, { exact, tempered: weight === 1 ? "" : "tempered ", bounds: null, isDone: false });
    let n = 0;
    const next = () => {
      const own = eps.subarray(n * size, (n + 1) * size);
      const z = reparameterize(code, own);
      const loss = reconstructionLoss(model, decodeLogits(model, z), x);
      logWeights[n] = own.reduce((sum, e, d) => sum + 0.5 * (e * e - z[d] * z[d]) + code.logSigma[d], -loss / weight);
      return ++n < DRAWS;
    };
    this.find(".importance .told").textContent = "Drawing from q …";
    if (this.canvas.clientWidth) fitted(this.canvas); // nothing of another digit stays
    let shown = 0;
    this.halt = inSlices(next, () => {
      if (n < DRAWS && n < shown + SOME) return;
      shown = n;
      const counts = COUNTS.filter((count) => FEWEST * count <= n);
      this.bounds = counts.map((count) => boundOf(logWeights.subarray(0, n), count));
      this.isDone = n === DRAWS;
      this.show();
    });
  }

  /** The exact value is there by now. */
  know(exact) {
    this.exact = exact;
    this.show();
  }

  leave() {
    this.halt?.();
  }

  show() {
    if (!this.bounds || !this.canvas.clientWidth) return;
    const [first, last] = [this.bounds[0], this.bounds.at(-1)];
    const ends = this.bounds.map(({ mean }) => mean);
    const known = this.exact === null ? "" : `; exact: ${number(this.exact)}`;
    const words =
      `One draw: L₁ = ${number(first.mean)} ± ${number(first.error)} nats, the ${this.tempered}ELBO by draws. ` +
      `${last.count.toLocaleString("en")} draws: ${number(last.mean)} ± ${number(last.error)}, ` +
      `of ${last.groups} values${known}.`;
    this.find(".importance .told").textContent = words;
    this.canvas.setAttribute("aria-label", words);
    this.draw(ends, this.exact === null ? [] : [this.exact]);
  }

  /** The bound by the number of draws, as columns. */
  columns() {
    const names = ["count", "mean", "error", "groups"];
    return Object.fromEntries(names.map((name) => [name, (this.bounds ?? []).map((bound) => bound[name])]));
  }

  draw(ends, exact) {
    const { context, width, height } = fitted(this.canvas);
    const [low, high] = [Math.min(...ends, ...exact), Math.max(...ends, ...exact)];
    const room = 0.08 * (high - low) || 1;
    const across = (power) => MARGIN.left + (power / (COUNTS.length - 1)) * (width - MARGIN.left - MARGIN.right);
    const depth = height - MARGIN.top - MARGIN.bottom;
    const down = (nats) => MARGIN.top + ((high + room - nats) / (high - low + 2 * room)) * depth;
    Object.assign(context, { fillStyle: getComputedStyle(this.canvas).color, font: "12px sans-serif" });
    context.textAlign = "center";
    for (const [power, count] of COUNTS.entries()) {
      if (power % 2 === 0) context.fillText(count.toLocaleString("en"), across(power), height - 18);
    }
    context.fillText("K, draws from q for one value of the bound", width / 2, height - 3);
    context.textAlign = "right";
    const step = niceStep(high - low + 2 * room, 5);
    for (let tick = Math.ceil((low - room) / step) * step; tick <= high + room; tick += step) {
      context.fillText(String(+tick.toFixed(2)).replace("-", "−"), MARGIN.left - 6, down(tick) + 4);
    }
    for (const nats of exact) {
      Object.assign(context, { strokeStyle: colorOf(this.canvas, POSTERIOR), lineWidth: 2 });
      context.setLineDash([7, 5]);
      context.beginPath();
      context.moveTo(MARGIN.left, down(nats));
      context.lineTo(width - MARGIN.right, down(nats));
      context.stroke();
      context.setLineDash([]);
    }
    Object.assign(context, { strokeStyle: colorOf(this.canvas, Q), lineWidth: 3 });
    context.beginPath();
    for (const [power, nats] of ends.entries()) context.lineTo(across(power), down(nats));
    context.stroke();
  }
}

/** The mean over groups of so many draws of the log of the mean weight, and its standard error. */
export function boundOf(logWeights, count) {
  const groups = Math.floor(logWeights.length / count);
  const logs = Array.from({ length: groups }, (_, n) => logMean(logWeights.subarray(n * count, (n + 1) * count)));
  const mean = logs.reduce((sum, value) => sum + value, 0) / groups;
  const variance = logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (groups - 1);
  return { count, groups, mean, error: Math.sqrt(variance / groups) };
}

function logMean(logs) {
  const most = logs.reduce((a, b) => Math.max(a, b));
  return most + Math.log(logs.reduce((sum, value) => sum + Math.exp(value - most), 0) / logs.length);
}
