// The regimes as the ribbon shows them: each with a letter and a pattern of its own, so that colour is
// never the only difference.

export const REGIMES = Object.freeze({
  TRENDING_UP: { label: "Trending up", letter: "U", pattern: "up" },
  TRENDING_DOWN: { label: "Trending down", letter: "D", pattern: "down" },
  RANGING: { label: "Ranging", letter: "R", pattern: "level" },
  VOLATILE: { label: "Volatile", letter: "V", pattern: "cross" },
  NO_TRADE: { label: "No trade", letter: "–", pattern: "none" },
});

// Neighbouring bars of one regime, within bars from..to: {from, to, name}. A bar without one is in none.
export function regimeRuns(bars, from, to) {
  const result = [];
  let run = null;
  for (let index = Math.max(0, from); index <= Math.min(to, bars.length - 1); index += 1) {
    const name = bars[index].regime;
    if (!name) run = null;
    else if (run?.name === name) run.to = index;
    else result.push((run = { from: index, to: index, name }));
  }
  return result;
}

// How strongly a confidence is drawn: never invisible, never as loud as the cells; in steps, so that
// neighbours are often alike.
const STEPS = 20;
export function strength(confidence) {
  if (confidence === null || confidence === undefined) return 0.25;
  return Math.round((0.22 + 0.6 * Math.min(1, Math.max(0, confidence))) * STEPS) / STEPS;
}

// Parts of a run that are drawn alike: {from, to, alpha}.
export function stretches(bars, { from, to, name }) {
  const result = [];
  for (let index = from; index <= to; index += 1) {
    const alpha = name === "NO_TRADE" ? 0.12 : strength(bars[index].conf);
    const before = result.at(-1);
    if (before?.alpha === alpha) before.to = index;
    else result.push({ from: index, to: index, alpha });
  }
  return result;
}
