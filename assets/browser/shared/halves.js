// The two models of a pair: left and right.

export const HALVES = ["ae", "vae"];

/** {ae, vae}, each with its value. */
export function forBoth(value) {
  return Object.fromEntries(HALVES.map((half) => [half, value(half)]));
}
