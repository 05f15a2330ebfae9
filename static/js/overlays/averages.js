// Lines that follow the bars: the session's VWAP with its bands, and the EMAs. A run is a stretch that is
// drawn in one go; the VWAP's ends where a session opens and it begins anew.

// Where the VWAP begins anew it is the bar's own.
export const begins = (bar) => bar !== undefined && bar.svwap !== null && bar.svwap === bar.vwap;

// Runs of {at: bar number, mid, dev} in prices, within bars from..to; `unit` is a tick's price.
export function vwapRuns(bars, from, to, unit) {
  return runs(bars, from, to, begins, (bar) =>
    bar.svwap === null || bar.svwap === undefined ? null : { mid: Number(bar.svwap), dev: (bar.sdev ?? 0) * unit });
}

// Runs of {at, value}: `which` is 0 for the fast EMA, 1 for the slow one.
export function emaRuns(bars, from, to, unit, which) {
  return runs(bars, from, to, () => false, (bar) => (bar.ema ? { value: bar.ema[which] * unit } : null));
}

function runs(bars, from, to, breaks, value) {
  const result = [];
  let run = null;
  for (let index = Math.max(0, from); index <= Math.min(to, bars.length - 1); index += 1) {
    const made = value(bars[index]);
    if (made === null) {
      run = null;
      continue;
    }
    if (run === null || breaks(bars[index])) result.push((run = []));
    run.push({ at: index, ...made });
  }
  return result;
}
