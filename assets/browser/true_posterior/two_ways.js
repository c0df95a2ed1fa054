// The two distances between q and p(z|x): least KL(q ‖ p) settles on a peak, least KL(p ‖ q) covers all that there is.
import { pulls } from "../shared/gradient.js";
import { decodeLogits, klPerDimension, reconstructionLoss, reparameterize } from "../shared/model.js";
import { normals } from "../shared/random.js";
import { inWords, number } from "../shared/words.js";

export const COLORS = { inward: "x-hat", outward: "eps" }; // names in lab.css: KL(q ‖ p), KL(p ‖ q)
const PAIRS = 8; // of draws, ε and −ε, the same at every step
const SEED = 3000000;
const WIDE = 0.3; // sigma of q at the start
const STEPS = 80; // of Adam (Kingma and Ba 2015)
const RATE = 0.06;
const [FIRST, SECOND, TINY] = [0.9, 0.99, 1e-8]; // Adam's decays, and what keeps it from dividing by 0

const half = Array.from({ length: PAIRS }, (_, n) => normals(SEED + n, 2));
const DRAWS = [...half, ...half.map((eps) => eps.map((value) => -value))];

/** Gradient descent on KL(q ‖ p) from a start (two numbers): gives q, {mu, logSigma}, before each step and at last. */
export function* descend(model, x, weight, start) {
  const q = { mu: Float32Array.from(start), logSigma: new Float32Array(2).fill(Math.log(WIDE)) };
  const moments = {
    mu: [new Float64Array(2), new Float64Array(2)],
    logSigma: [new Float64Array(2), new Float64Array(2)],
  };
  for (let step = 1; step <= STEPS; step++) {
    yield q;
    const { reconstruction, kl } = pulls(model, q, x, DRAWS);
    const rate = RATE * 0.5 * (1 + Math.cos((Math.PI * step) / STEPS));
    for (const part of ["mu", "logSigma"]) {
      const [first, second] = moments[part];
      for (let d = 0; d < 2; d++) {
        const uphill = reconstruction[part][d] / weight + kl[part][d];
        first[d] = FIRST * first[d] + (1 - FIRST) * uphill;
        second[d] = SECOND * second[d] + (1 - SECOND) * uphill ** 2;
        const scale = Math.sqrt(second[d] / (1 - SECOND ** step)) + TINY;
        q[part][d] += (rate * first[d]) / (1 - FIRST ** step) / scale;
      }
    }
  }
  yield q;
}

/** The q of least KL(p ‖ q): p's own mean and the spread of each dimension; answer: the cells of p(z|x). */
export function covering({ x, y, width, density }) {
  const mass = Float64Array.from(density, (value, n) => value * width[n] ** 2);
  const total = mass.reduce((sum, value) => sum + value, 0);
  const mean = (values) => values.reduce((sum, value, n) => sum + value * mass[n], 0) / total;
  const mu = [x, y].map((values) => mean(values));
  const logSigma = [x, y].map((values, d) => 0.5 * Math.log(mean(values.map((value) => (value - mu[d]) ** 2))));
  return { mu: Float32Array.from(mu), logSigma: Float32Array.from(logSigma) };
}

/** What a q loses: KL(q ‖ p) = log p(x) − its bound, by the same draws. */
export function lost(model, x, weight, q, evidence) {
  const losses = DRAWS.map((eps) => reconstructionLoss(model, decodeLogits(model, reparameterize(q, eps)), x));
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  return evidence + mean / weight + klPerDimension(q).reduce((sum, nats) => sum + nats, 0);
}

/** Both ends in words; ends: {inward, outward}, each {q, nats} or missing. */
export function said({ inward, outward }) {
  const words = [];
  if (inward) {
    words.push(
      `Least KL(q ‖ p), found from there: μ = ${inWords(inward.q.mu)}, and KL(q ‖ p) is ${number(inward.nats)} nats: ` +
        "q must be small wherever p is, so it settles on a peak, and the start decides on which.",
    );
  }
  if (outward) {
    words.push(
      `Least KL(p ‖ q): μ = ${inWords(outward.q.mu)}, and KL(q ‖ p) is ${number(outward.nats)} nats: q must be large ` +
        "wherever p is, so it covers every peak, and what lies between them.",
    );
  }
  return words.join(" ");
}
