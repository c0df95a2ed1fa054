// The trained networks in the browser: encode and decode one image or code at a time, in well under a millisecond.
//
// A model arrives as the bytes that vae/model_bytes.py writes: the length of the header (uint32), the header (JSON),
// and for every layer its biases (float32), a scale a row (float32) and its weights (int16), a row an output.
import { HEADS } from "./sigma_heads.js";

/** Reads a model from its bytes (Uint8Array). */
export function readModel(bytes) {
  const buffer = bytes.slice().buffer; // of its own, so that numbers start at multiples of their size
  const headerLength = new Uint32Array(buffer, 0, 1)[0];
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, headerLength)));
  let offset = 4 + headerLength;
  const take = (NumberArray, count) => {
    const numbers = new NumberArray(buffer, offset, count);
    offset += Math.ceil(numbers.byteLength / 4) * 4;
    return numbers;
  };
  const parts = {};
  for (const [name, layers] of Object.entries(header.parts)) {
    parts[name] = layers.map(({ inputs, outputs, activation }) => {
      const bias = take(Float32Array, outputs);
      const weight = header.exact
        ? take(Float32Array, inputs * outputs)
        : scaled(take(Float32Array, outputs), take(Int16Array, inputs * outputs));
      const output = new Float32Array(outputs); // used again at every call: nothing is allocated while a finger moves
      return { inputs, outputs, activation, activate: ACTIVATIONS[activation], weight, bias, output };
    });
  }
  return { ...header, parts };
}

function scaled(scales, whole) {
  const weight = new Float32Array(whole.length);
  const inputs = whole.length / scales.length;
  for (let i = 0; i < whole.length; i++) weight[i] = whole[i] * scales[Math.floor(i / inputs)];
  return weight;
}

/** Image x (784 numbers in [0, 1]) -> {mu, logSigma}; an AE's code is mu, and its logSigma null. */
export function encode(model, x) {
  const y = forward(model.parts.trunk, x);
  const mu = Float32Array.from(forward(model.parts.bottleneck, y));
  return {
    mu,
    logSigma: model.parts.h ? Float32Array.from(forward(model.parts.h, y), HEADS[model.sigma].logSigma) : null,
  };
}

/** Image x -> y, the last hidden layer of the encoder; valid until the next call of it or of `encode`. */
export function lastHidden(model, x) {
  return forward(model.parts.trunk, x);
}

/** Code z (latentDim numbers) -> 784 logits; valid until the next call of it or of `decode`. */
export function decodeLogits(model, z) {
  return forward(model.parts.decoder, z);
}

/** -log p(x|z) in nats, of 784 logits and x: cross-entropy (Bernoulli), or half the squared error (Gaussian). */
export function reconstructionLoss(model, logits, x) {
  let loss = 0;
  for (let i = 0; i < logits.length; i++) loss += pixelLoss(model.likelihood, logits[i], x[i]);
  return loss;
}

/** A pixel's summand of it, in nats. */
export function pixelLoss(likelihood, logit, x) {
  if (likelihood === "bernoulli") return Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit))) - x * logit;
  return 0.5 * (1 / (1 + Math.exp(-logit)) - x) ** 2;
}

/** Code z (latentDim numbers) -> x_hat, 784 pixel means in [0, 1]; valid until the next call. */
export function decode(model, z) {
  const pixels = decodeLogits(model, z);
  for (let i = 0; i < pixels.length; i++) pixels[i] = 1 / (1 + Math.exp(-pixels[i]));
  return pixels;
}

/** KL(N(mu, sigma^2) || N(0, I)) in nats, the summand of each dimension (Kingma and Welling 2014, appendix B). */
export function klPerDimension({ mu, logSigma }) {
  return Array.from(mu, (m, d) => 0.5 * (m * m + Math.expm1(2 * logSigma[d])) - logSigma[d]);
}

/** z = mu + sigma * eps, eps scaled; an AE's z is mu. */
export function reparameterize({ mu, logSigma }, eps, scale = 1) {
  return logSigma ? mu.map((m, d) => m + Math.exp(logSigma[d]) * eps[d] * scale) : mu;
}

function forward(layers, input) {
  let values = input;
  for (const layer of layers) values = forwardLayer(layer, values);
  return values;
}

function forwardLayer({ inputs, outputs, weight, bias, output, activate }, values) {
  for (let o = 0, row = 0; o < outputs; o++, row += inputs) {
    // Four sums at a time: the processor need not wait for one addition before it starts the next.
    let a = bias[o];
    let b = 0;
    let c = 0;
    let d = 0;
    let i = 0;
    for (; i + 3 < inputs; i += 4) {
      a += weight[row + i] * values[i];
      b += weight[row + i + 1] * values[i + 1];
      c += weight[row + i + 2] * values[i + 2];
      d += weight[row + i + 3] * values[i + 3];
    }
    for (; i < inputs; i++) a += weight[row + i] * values[i];
    output[o] = activate(a + b + c + d);
  }
  return output;
}

const ACTIVATIONS = {
  identity: (v) => v,
  relu: (v) => (v > 0 ? v : 0),
  tanh: Math.tanh,
  sigmoid: (v) => 1 / (1 + Math.exp(-v)),
  gelu: (v) => v * normalShare(v),
};

/** The share of N(0, 1) below v. */
export function normalShare(v) {
  return 0.5 * (1 + erf(v * Math.SQRT1_2));
}

// Of the Chebyshev fit of erfc to 1.2e-7 (Numerical Recipes, 3rd ed., 6.2.2), from its constant upwards.
const ERFC = [
  -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
  0.17087277,
];

function erf(v) {
  const t = 1 / (1 + 0.5 * Math.abs(v));
  let exponent = 0;
  for (let power = ERFC.length - 1; power >= 0; power--) exponent = exponent * t + ERFC[power];
  const erfc = t * Math.exp(exponent - v * v);
  return v >= 0 ? 1 - erfc : erfc - 1;
}
