// Why z = μ + σ·ε: the gradient of E_q[reconstruction loss] from the same draws of ε, estimated in two ways.
//
// Through z (reparameterisation): d/dμ = d loss/dz, d/dσ = ε d loss/dz (Kingma and Welling 2014). By the score
// function: d/dμ = loss ε/σ, d/dσ = loss (ε² − 1)/σ, the loss times the gradient of log q(z) (Williams 1992). Both are
// right in the mean.
import { fitted } from "../shared/canvas.js";
import { columnsOf } from "../shared/codes.js";
import { colorOf } from "../shared/colors.js";
import { lossGradient } from "../shared/gradient.js";
import { reparameterize } from "../shared/model.js";
import { asPicture } from "../shared/pictures.js";
import { normals } from "../shared/random.js";
import { inSlices } from "../shared/slices.js";
import { inFigures } from "../shared/words.js";

const POOL = 512; // draws; an estimate is the mean of as many of them as the slider says
const SEED = 1000000; // of these draws, which is none of the page's own seeds
const WAYS = { path: "through z", score: "by the score function" };
const TOWARDS = { mu: "μ", sigma: "σ" };

export class Estimates {
  constructor(root) {
    this.root = root;
    this.find = (query) => root.querySelector(query);
    this.find(".together").addEventListener("input", () => this.show());
    this.find(".own-axes").addEventListener("change", () => this.show());
    new ResizeObserver(() => this.show()).observe(this.find(".why"));
    for (const way of Object.keys(WAYS)) {
      const numbers = () => this.columns(way);
      asPicture(this.find(`.${way} canvas`), { draw: () => this.show(), numbers });
    }
  }

  /** A digit x with its code {mu, logSigma}; dims: the one or two dimensions whose gradients are drawn. */
  take(model, code, x, dims) {
    this.halt?.();
    Object.assign(this, { dims, draws: [] });
    this.find(".told").textContent = "The gradients are on their way …";
    for (const canvas of this.root.querySelectorAll(".ways canvas")) fitted(canvas);
    const all = normals(SEED, POOL * code.mu.length);
    const next = () => {
      const n = this.draws.length;
      const eps = all.subarray(n * code.mu.length, (n + 1) * code.mu.length);
      this.draws.push(both(model, code, x, eps));
      return this.draws.length < POOL;
    };
    this.halt = inSlices(next, (isDone) => {
      if (!isDone) return;
      this.ratios = ratiosOf(grouped(this.draws, 1), dims);
      this.show();
    });
  }

  leave() {
    this.halt?.();
  }

  /** How many draws make one estimate. */
  get together() {
    return 2 ** Number(this.find(".together").value);
  }

  show() {
    this.find(".why output").textContent = String(this.together);
    if (this.draws?.length !== POOL) return;
    this.clouds = grouped(this.draws, this.together);
    const longest = (cloud) => reach(Object.values(cloud).flatMap((arrows) => arrows.map((one) => this.flat(one))));
    const most = Math.max(...Object.keys(WAYS).map((way) => longest(this.clouds[way])));
    for (const way of Object.keys(WAYS)) {
      const limit = this.find(".own-axes").checked ? longest(this.clouds[way]) : most;
      this.draw(this.find(`.${way} canvas`), this.clouds[way], limit);
    }
    this.find(".told").textContent = Object.keys(TOWARDS)
      .map((towards) => this.compared(towards))
      .join(" ");
  }

  /** The estimates of a way, a row each. */
  columns(way) {
    const { mu = [], sigma = [] } = this.clouds?.[way] ?? {};
    return { ...columnsOf("by mu", mu), ...columnsOf("by sigma", sigma) };
  }

  /** A gradient on the plane: its one or two dimensions. */
  flat(gradient) {
    const [a, b = null] = this.dims;
    return [gradient[a], b === null ? 0 : gradient[b]];
  }

  draw(canvas, cloud, limit) {
    const { context, width, height } = fitted(canvas);
    const middle = [width / 2, height / 2];
    const unit = width / 2 / (limit * 1.08);
    Object.assign(context, { strokeStyle: colorOf(canvas, "line"), lineWidth: 1, font: "12px sans-serif" });
    context.strokeRect(0, middle[1], width, 0);
    context.strokeRect(middle[0], 0, 0, height);
    context.fillStyle = colorOf(canvas, "grey");
    context.fillText(`${inFigures(limit)} nats a unit`, 6, height - 6);
    for (const [towards, arrows] of Object.entries(cloud)) {
      Object.assign(context, { strokeStyle: colorOf(canvas, towards), fillStyle: colorOf(canvas, towards) });
      for (const [right, up] of arrows.map((one) => this.flat(one))) {
        const end = [middle[0] + right * unit, middle[1] - up * unit];
        context.globalAlpha = 0.25;
        context.beginPath();
        context.moveTo(...middle);
        context.lineTo(...end);
        context.stroke();
        context.globalAlpha = 0.8;
        context.fillRect(end[0] - 1.5, end[1] - 1.5, 3, 3);
      }
      context.globalAlpha = 1;
    }
  }

  /** How far the estimates of both ways spread, in a sentence. */
  compared(towards) {
    const [path, score] = Object.keys(WAYS).map((way) => spreadOf(this.clouds[way][towards], this.dims));
    return (
      `∂/∂${TOWARDS[towards]} spreads by ±${inFigures(path)} ${WAYS.path}, by ±${inFigures(score)} ${WAYS.score}` +
      `; of single draws ${this.ratios[towards]} times as far.`
    );
  }
}

/** Both estimates of one draw: {path: {mu, sigma}, score: {mu, sigma}}, latentDim numbers each. */
function both(model, code, x, eps) {
  const { loss, gradient } = lossGradient(model, reparameterize(code, eps), x);
  const sigma = code.logSigma.map(Math.exp);
  return {
    path: { mu: gradient, sigma: gradient.map((slope, d) => slope * eps[d]) },
    score: {
      mu: sigma.map((s, d) => (loss * eps[d]) / s),
      sigma: sigma.map((s, d) => (loss * (eps[d] ** 2 - 1)) / s),
    },
  };
}

/** The means of so many draws together: {path: {mu: [gradient, ...], sigma}, score}. */
function grouped(draws, together) {
  const groups = Array.from({ length: Math.floor(draws.length / together) }, (_, n) =>
    draws.slice(n * together, (n + 1) * together),
  );
  const mean = (group, way, towards) =>
    group[0][way][towards].map((_, d) => group.reduce((sum, one) => sum + one[way][towards][d], 0) / group.length);
  const cloud = (way) => ({
    mu: groups.map((group) => mean(group, way, "mu")),
    sigma: groups.map((group) => mean(group, way, "sigma")),
  });
  return { path: cloud("path"), score: cloud("score") };
}

/** The standard deviation of estimates around their mean, over the given dimensions together. */
function spreadOf(estimates, dims) {
  const variances = dims.map((d) => {
    const mean = estimates.reduce((sum, one) => sum + one[d], 0) / estimates.length;
    return estimates.reduce((sum, one) => sum + (one[d] - mean) ** 2, 0) / (estimates.length - 1);
  });
  return Math.sqrt(variances.reduce((sum, variance) => sum + variance, 0));
}

/** How many times as far single draws of the score spread, for each parameter; in words. */
function ratiosOf({ path, score }, dims) {
  const ratio = (towards) => inFigures(spreadOf(score[towards], dims) / spreadOf(path[towards], dims), 2);
  return Object.fromEntries(Object.keys(TOWARDS).map((towards) => [towards, ratio(towards)]));
}

/** How far 98 % of the ends go from the middle. */
function reach(ends) {
  const lengths = ends.map(([right, up]) => Math.max(Math.abs(right), Math.abs(up))).sort((a, b) => a - b);
  return lengths[Math.floor(0.98 * (lengths.length - 1))] || 1;
}
