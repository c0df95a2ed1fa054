// One node of the two networks, opened: its numbers for this digit, the AE's beside the VAE's.
import { PIXELS, paintDigit, SIDE } from "../shared/digit.js";
import { element } from "../shared/element.js";
import { number, subscript } from "../shared/words.js";

const MOST = 10; // dimensions that are written out
const NOT_THERE = "An AE has none.";

/** What each node is called, and what it shows of a pass of one of the networks. */
export const NODES = {
  x: ["x, the digit: 784 pixels", pictured("x")],
  y: ["y, the last hidden layer", units],
  mu: ["μ = g(y), the middle of the cloud", rows(muOf)],
  sigma: ["σ = exp(h(y)), how wide the cloud is", rows(sigmaOf)],
  eps: ["ε, drawn from N(0, I) for this pass", rows(epsOf)],
  z: ["z, the code", rows(zOf)],
  loss: ["x̂ and the reconstruction loss: 784 summands", loss],
  kl: ["KL(q(z|x) ‖ N(0, I)), dimension by dimension", rows(klOf, (pass) => `sum: ${number(pass.kl)} nats`)],
};

/** The parts of a node for both passes; pass: {x, y, code, eps, z, pixels, losses, klPerDimension, kl}. */
export function opened(node, passes) {
  const [, show] = NODES[node];
  return Object.entries(passes).map(([name, pass]) => {
    const shown = show(pass, name) ?? [element("p", {}, NOT_THERE)];
    return element("section", { className: name }, element("h4", {}, name.toUpperCase()), ...shown);
  });
}

function pictured(name) {
  return (pass) => {
    const canvas = element("canvas", {
      width: SIDE,
      height: SIDE,
      className: "digit",
      role: "img",
      "aria-label": name,
    });
    paintDigit(canvas, pass[name]);
    const ink = pass[name].reduce((sum, level) => sum + level, 0);
    return [canvas, element("p", {}, `from 0 (black) to 1 (white); ${number(ink)} in all`)];
  };
}

/** The units of y as a strip: the brighter, the larger, and the smallest and largest in figures. */
function units({ y }) {
  const canvas = element("canvas", { width: y.length, height: 1, className: "units", role: "img" });
  canvas.setAttribute("aria-label", `the ${y.length} units of y`);
  const [low, high] = [Math.min(...y), Math.max(...y)];
  const image = new ImageData(y.length, 1);
  for (let unit = 0; unit < y.length; unit++) {
    const level = Math.round((255 * (y[unit] - low)) / (high - low || 1));
    image.data.set([level, level, level, 255], 4 * unit);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return [canvas, element("p", {}, `${y.length} units, from ${number(low)} (black) to ${number(high)} (white)`)];
}

/** A line a dimension; lineOf(pass, d): its text, or null where a network has no such node; last: a line below. */
function rows(lineOf, last = null) {
  return (pass) => {
    if (lineOf(pass, 0) === null) return null;
    const count = pass.z.length;
    const lines = Array.from({ length: Math.min(count, MOST) }, (_, d) => element("li", {}, lineOf(pass, d)));
    if (count > MOST) lines.push(element("li", {}, `and ${count - MOST} more`));
    return [element("ul", {}, ...lines), ...(last ? [element("strong", {}, last(pass))] : [])];
  };
}

function muOf({ code }, d) {
  return code.logSigma ? `μ${subscript(d + 1)} = ${number(code.mu[d])}` : null;
}

function sigmaOf({ code }, d) {
  if (!code.logSigma) return null;
  const n = subscript(d + 1);
  return `h${n} = log σ${n} = ${number(code.logSigma[d])}, σ${n} = ${Math.exp(code.logSigma[d]).toFixed(3)}`;
}

function epsOf({ eps }, d) {
  return eps ? `ε${subscript(d + 1)} = ${number(eps[d])}` : null;
}

function zOf({ code, eps, z }, d) {
  const n = subscript(d + 1);
  if (!code.logSigma) return `z${n} = f(y)${n} = ${number(z[d])}`;
  const sigma = Math.exp(code.logSigma[d]).toFixed(3);
  return `z${n} = μ${n} + σ${n}·ε${n} = ${number(code.mu[d])} + ${sigma} · (${number(eps[d])}) = ${number(z[d])}`;
}

function klOf({ code, klPerDimension }, d) {
  if (!klPerDimension) return null;
  const [mu, sigma] = [code.mu[d], Math.exp(code.logSigma[d])];
  const terms = `${number(mu ** 2)} + ${number(sigma ** 2)} − 2 · (${number(code.logSigma[d])}) − 1`;
  return `½(μ² + σ² − 2 log σ − 1) = ½(${terms}) = ${number(klPerDimension[d])}`;
}

/** x_hat, and each pixel's share of the loss as a picture: the brighter, the more nats. */
function loss({ pixels, losses }) {
  const summands = element("canvas", { width: SIDE, height: SIDE, className: "digit", role: "img" });
  summands.setAttribute("aria-label", "the loss of each pixel");
  const most = Math.max(...losses);
  paintDigit(
    summands,
    losses.map((nats) => nats / (most || 1)),
  );
  const answer = element("canvas", { width: SIDE, height: SIDE, className: "digit", role: "img", "aria-label": "x̂" });
  paintDigit(answer, pixels);
  const sum = losses.reduce((total, nats) => total + nats, 0);
  const words = `x̂, and the loss of each pixel, from 0 (black) to ${number(most)} nats (white)`;
  return [
    element("div", { className: "pictures" }, answer, summands),
    element("p", {}, words),
    element("strong", {}, `sum of all ${PIXELS}: ${number(sum)} nats`),
  ];
}
