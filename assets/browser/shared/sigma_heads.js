// Three things that an output h of the encoder's head can mean, and the KL term of one dimension with mu = 0 for each,
// as torch computes it in float32: rounded after every step, so that it overflows, underflows and fails where torch
// does.
const f = Math.fround;

const exp = (value) => f(Math.exp(value));
const log = (value) => f(Math.log(value));
const LINEAR = 20; // above it torch's softplus is h itself
const softplus = (h) => (h > LINEAR ? h : f(Math.log1p(exp(h))));

/**
 * sigma, logSigma: of an h. back: takes a gradient with respect to log sigma on to h, as autograd does. at: the h of a
 * sigma.
 */
export const HEADS = {
  raw: {
    sigma: (h) => h,
    logSigma: log,
    back: (gradient, h) => f(gradient / h),
    at: (sigma) => sigma,
  },
  softplus: {
    sigma: softplus,
    logSigma: (h) => log(softplus(h)),
    back: (gradient, h) => {
      const ofSigma = f(gradient / softplus(h));
      const e = exp(h);
      return h > LINEAR ? ofSigma : f(f(ofSigma * e) / f(e + 1));
    },
    at: (sigma) => Math.log(Math.expm1(sigma)),
  },
  log: {
    sigma: exp,
    logSigma: (h) => h,
    back: (gradient) => gradient,
    at: Math.log,
  },
};

/** What a head says with the output h: sigma, log sigma, KL in nats and the gradient dKL/dh. */
export function answer(head, h) {
  const { sigma, logSigma, back } = HEADS[head];
  const output = f(h);
  const twice = f(2 * logSigma(output));
  const variance = exp(twice);
  return {
    sigma: sigma(output),
    logSigma: logSigma(output),
    kl: f(0.5 * f(f(variance - twice) - 1)),
    gradient: back(f(variance - 1), output),
  };
}
