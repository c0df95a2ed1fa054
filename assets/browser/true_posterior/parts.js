// The parts of what q(z|x) loses against the exact posterior: their colours (lab.css), and what each comes from.

export const POSTERIOR = "z";
export const Q = "sigma";
export const DIAGONAL = "mu";
export const FULL = "x";
export const PARTS = {
  amortisation: { color: Q, name: "amortisation", why: "the encoder's q is not the best for its x" },
  independence: { color: DIAGONAL, name: "independence", why: "q's dimensions are independent" },
  shape: { color: FULL, name: "Gaussian shape", why: "q is a Gaussian" },
};
