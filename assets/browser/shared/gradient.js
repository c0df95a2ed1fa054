// The gradient of a digit's reconstruction loss with respect to z: backwards through the decoder, as torch does it.
import { normalShare, reconstructionLoss, reparameterize } from "./model.js";

/** -log p(x|z) in nats and its gradient with respect to z (latentDim numbers), of a code z and a digit x. */
export function lossGradient(model, z, x) {
  const layers = model.parts.decoder;
  let values = z;
  const before = layers.map((layer) => {
    const sums = product(layer, values);
    values = sums.map(layer.activate);
    return sums;
  });
  const logits = values;
  let slope = logits.map((l, i) => slopeOfLoss(model.likelihood, 1 / (1 + Math.exp(-l)), x[i]));
  for (const [n, layer] of [...layers.entries()].reverse()) {
    const slopeOf = SLOPES[layer.activation];
    slope = transposed(
      layer,
      slope.map((value, o) => value * slopeOf(before[n][o])),
    );
  }
  return { loss: reconstructionLoss(model, logits, x), gradient: slope };
}

/** Of a pixel's summand, with respect to its logit. */
function slopeOfLoss(likelihood, mean, x) {
  return likelihood === "bernoulli" ? mean - x : (mean - x) * mean * (1 - mean);
}

/** Where one step down each term of the objective would move a code: -d/dmu and -d/dlog sigma, averaged over draws. */
export function pulls(model, { mu, logSigma }, x, draws) {
  const none = () => new Float32Array(mu.length);
  const reconstruction = { mu: none(), logSigma: logSigma && none() };
  for (const eps of draws) {
    const { gradient } = lossGradient(model, reparameterize({ mu, logSigma }, eps), x);
    for (const [d, slope] of gradient.entries()) {
      reconstruction.mu[d] -= slope / draws.length;
      if (logSigma) reconstruction.logSigma[d] -= (slope * Math.exp(logSigma[d]) * eps[d]) / draws.length;
    }
  }
  if (!logSigma) return { reconstruction, kl: null };
  const kl = { mu: mu.map((m) => -m), logSigma: logSigma.map((l) => -Math.expm1(2 * l)) };
  return { reconstruction, kl };
}

function product({ inputs, outputs, weight, bias }, values) {
  const sums = new Float32Array(outputs);
  for (let o = 0, row = 0; o < outputs; o++, row += inputs) {
    let sum = bias[o];
    for (let i = 0; i < inputs; i++) sum += weight[row + i] * values[i];
    sums[o] = sum;
  }
  return sums;
}

function transposed({ inputs, outputs, weight }, slopes) {
  const sums = new Float32Array(inputs);
  for (let o = 0, row = 0; o < outputs; o++, row += inputs) {
    const slope = slopes[o];
    if (slope) for (let i = 0; i < inputs; i++) sums[i] += weight[row + i] * slope;
  }
  return sums;
}

const NORMAL = Math.sqrt(2 * Math.PI);
// Of the activations of model.js, at what goes into them.
const SLOPES = {
  identity: () => 1,
  relu: (v) => (v > 0 ? 1 : 0),
  tanh: (v) => 1 - Math.tanh(v) ** 2,
  sigmoid: (v) => 1 / (2 + Math.exp(v) + Math.exp(-v)),
  gelu: (v) => normalShare(v) + (v * Math.exp((-v * v) / 2)) / NORMAL,
};
