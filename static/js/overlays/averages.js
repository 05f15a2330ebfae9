// Lines that follow the bars: the session's VWAP with its bands, and the EMAs. A run is a stretch that is
// drawn in one go; the VWAP's ends where a session opens and it begins anew. From afar, where bars are
// narrower than can be seen of a smooth line, `every` takes one of so many: always the same ones, so that
// nothing trembles when the chart is dragged, and the first and the last of each run.

const LEAST_STEP = 3; // pixels between two points of a line

export const everyOf = (spacing) => Math.max(1, Math.ceil(LEAST_STEP / spacing));

// Where the VWAP begins anew it is the bar's own.
export const begins = (bar) => bar !== undefined && bar.svwap !== null && bar.svwap === bar.vwap;

// Runs of {at: bar number, mid, dev} in prices, within bars from..to; `unit` is a tick's price.
export function vwapRuns(bars, from, to, unit, every = 1) {
  const has = (bar) => bar.svwap !== null && bar.svwap !== undefined;
  return runs(bars, from, to, { has, begins, every, point: (at, bar) => ({ at, mid: Number(bar.svwap), dev: (bar.sdev ?? 0) * unit }) });
}

// Runs of {at, value}: `which` is 0 for the fast EMA, 1 for the slow one.
export function emaRuns(bars, from, to, unit, which, every = 1) {
  const has = (bar) => Boolean(bar.ema);
  return runs(bars, from, to, { has, begins: () => false, every, point: (at, bar) => ({ at, value: bar.ema[which] * unit }) });
}

function runs(bars, from, to, { has, begins: breaks, every, point }) {
  const result = [];
  let run = null;
  const last = Math.min(to, bars.length - 1);
  for (let index = Math.max(0, from); index <= last; index += 1) {
    const bar = bars[index];
    if (!has(bar)) {
      run = null;
      continue;
    }
    const first = run === null || breaks(bar);
    if (first) result.push((run = []));
    const ends = index === last || !has(bars[index + 1]) || breaks(bars[index + 1]);
    if (first || ends || index % every === 0) run.push(point(index, bar));
  }
  return result;
}
