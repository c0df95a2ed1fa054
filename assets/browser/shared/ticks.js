// The numbers at an axis.

/** The distance of at most so many ticks over a range: 1, 2 or 5 times a power of ten. */
export function niceStep(range, most) {
  const rough = range / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999);
}
