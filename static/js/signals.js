// Signals as the trader sorts them: families with a shape each, and where a bar's markers stand.

export const FAMILIES = Object.freeze([
  { name: "imbalance", label: "Imbalance", shape: "square" },
  { name: "stacked", label: "Stacked imbalance", shape: "stack" },
  { name: "exhaustion", label: "Exhaustion", shape: "triangle" },
  { name: "absorption", label: "Absorption", shape: "circle" },
  { name: "divergence", label: "Delta divergence", shape: "diamond" },
  { name: "unfinished", label: "Unfinished auction", shape: "flag" },
]);

const BY_NAME = Object.fromEntries(FAMILIES.map((family) => [family.name, family]));
const OTHER = Object.freeze({ name: "other", label: "Other", shape: "circle" });

export function family(pattern) {
  const name = String(pattern).toUpperCase();
  if (name.startsWith("STACKED")) return BY_NAME.stacked;
  if (name.includes("IMBALANCE")) return BY_NAME.imbalance;
  if (name.includes("EXHAUSTION")) return BY_NAME.exhaustion;
  if (name.includes("ABSORPTION")) return BY_NAME.absorption;
  if (name.includes("DIVERGENCE")) return BY_NAME.divergence;
  if (name.includes("UNFINISHED")) return BY_NAME.unfinished;
  return OTHER;
}

export const MOST_A_SIDE = 4;

// Where the markers of a bar stand: long ones below, short ones above, accepted ones nearest to the bar, then
// the strongest; at most `most` a side, the rest hidden behind a count.
export function placed(signals, most = MOST_A_SIDE) {
  const sides = { below: [], above: [], hiddenBelow: [], hiddenAbove: [] };
  const ranked = [...signals].sort(
    (one, other) => Number(other.ok) - Number(one.ok) || other.strength - one.strength,
  );
  for (const signal of ranked) {
    const side = signal.dir >= 0 ? "below" : "above";
    if (sides[side].length < most) sides[side].push(signal);
    else sides[side === "below" ? "hiddenBelow" : "hiddenAbove"].push(signal);
  }
  return sides;
}

// Signals by the start of their bar; those that are `wanted`.
export function byBar(signals, wanted = () => true) {
  const bars = new Map();
  for (const signal of signals) {
    if (!wanted(signal)) continue;
    if (bars.has(signal.bar)) bars.get(signal.bar).push(signal);
    else bars.set(signal.bar, [signal]);
  }
  return bars;
}
