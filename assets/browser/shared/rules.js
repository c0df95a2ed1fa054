// The lines of ruled and squared paper: long, straight, thin, several of them, nearly along the picture's edges.

const TILT = 0.12; // the steepest line looked for, height by length
const LENGTH = 0.5; // a line's share of the picture's side
const THICK = 0.012; // of the longer side, at most
const STEP = 3; // pixels: how finely a line's place is told

/** Takes the lines out of a mask (1 is ink); where a stroke of the digit crosses them it stays. Returns how many. */
export function removeRules({ width, height, mask }) {
  const thick = Math.max(3, Math.ceil(THICK * Math.max(width, height)));
  const across = linesOf(mask, width, height, 1, width, thick);
  const down = linesOf(mask, height, width, width, 1, thick);
  for (const { runs } of [across, down]) for (const run of runs) for (const i of run) mask[i] = 0;
  return across.count + down.count;
}

/** The lines along one direction: how many, and their runs of ink across it, each the places of its pixels. */
function linesOf(mask, length, breadth, along, over, thick) {
  const runs = shortRuns(mask, length, breadth, along, over, thick);
  const steps = Math.round((TILT * length) / STEP);
  const places = Math.ceil(breadth / STEP) + 2 * steps + 2;
  const placeOf = (run, slope) => Math.round((run.middle - slope * STEP * (run.at / length)) / STEP) + steps;
  const lines = [];
  for (let slope = -steps; slope <= steps; slope++) {
    const votes = new Uint16Array(places);
    for (const run of runs) votes[placeOf(run, slope)]++;
    for (let place = 0; place < places; place++) {
      const count = votes[place] + (votes[place + 1] ?? 0);
      if (count > LENGTH * length) lines.push({ slope, place, count });
    }
  }
  const distinct = apart(lines, 3 * thick);
  if (distinct.length < 2) return { count: 0, runs: [] }; // a single line may be a stroke
  const isOn = (run) => lines.some(({ slope, place }) => Math.abs(placeOf(run, slope) - place - 0.5) < 2);
  return { count: distinct.length, runs: runs.filter(isOn).map(({ pixels }) => pixels) };
}

/** What of the mask is thin across a direction: each run's pixels, its middle, and where along the direction it is. */
function shortRuns(mask, length, breadth, along, over, thick) {
  const runs = [];
  for (let at = 0; at < length; at++)
    for (let from = 0; from < breadth; from++) {
      if (!mask[at * along + from * over]) continue;
      let to = from;
      while (to < breadth && mask[at * along + to * over]) to++;
      if (to - from <= thick)
        runs.push({
          at,
          middle: (from + to - 1) / 2,
          pixels: Array.from({ length: to - from }, (_, i) => at * along + (from + i) * over),
        });
      from = to;
    }
  return runs;
}

/** Of lines that lie upon one another, the one with the most ink. */
function apart(lines, gap) {
  const kept = [];
  for (const line of [...lines].sort((a, b) => b.count - a.count)) {
    const middle = line.place + line.slope / 2;
    if (kept.every((other) => Math.abs(other - middle) * STEP > gap)) kept.push(middle);
  }
  return kept;
}
