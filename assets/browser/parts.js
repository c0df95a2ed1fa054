// The parts of what q(z|x) loses against the exact posterior: their colours, and what each comes from.

export const POSTERIOR = "#9b5de5";
export const Q = "#f08c00";
export const DIAGONAL = "#12a594";
export const FULL = "#2f80ed";
export const PARTS = {
  amortisation: { color: Q, name: "amortisation", why: "the encoder's q is not the best for its x" },
  independence: { color: DIAGONAL, name: "independence", why: "q's dimensions are independent" },
  shape: { color: FULL, name: "Gaussian shape", why: "q is a Gaussian" },
};
