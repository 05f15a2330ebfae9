// Which bars a trade's chart shows at first: from a little before the entry to a little after the exit, as
// many as show their footprint. Places are indexes of bars, as the chart counts them.

export const CELL_WIDTH = 84; // pixels of a bar that shows bid and ask
const BEFORE = 3;
const AFTER = 2;

// The bar that holds a moment; the first or last one when it lies outside.
export function barAt(bars, at) {
  const index = bars.findLastIndex((bar) => bar.t <= at);
  return Math.max(0, index);
}

export function tradeRange(bars, { et, xt }, width) {
  const entry = barAt(bars, et);
  const exit = xt === null ? bars.length - 1 : barAt(bars, xt);
  const wanted = exit - entry + 1 + BEFORE + AFTER;
  // A short trade gets more of what came before, up to what fits.
  const fits = Math.max(wanted, Math.floor(width / CELL_WIDTH));
  const from = Math.max(-0.5, exit + AFTER + 0.5 - fits);
  return { from: Math.min(from, entry - BEFORE), to: exit + AFTER + 0.5 };
}

export const wholeRange = (bars) => ({ from: -0.5, to: bars.length + 0.5 });

// What has to be in sight of a trade, as places on the axis: entry, and stop and target where it has them.
export const pricesOf = ({ ep, stop, target }, fromTicks, fromText) =>
  [fromText(ep), ...[stop, target].filter((ticks) => ticks !== null).map(fromTicks)];
