// Where in time something happened, counted in bars.

// The bar that holds a moment and how far into it, as index + fraction; null before the first bar.
export function placeOf(bars, at) {
  if (bars.length === 0 || at < bars[0].t) return null;
  const index = indexOf(bars, at);
  const bar = bars[index];
  return index + Math.min(0.999, Math.max(0, (at - bar.t) / Math.max(1, bar.e - bar.t)));
}

// The last bar that starts at or before a moment; the first one for what is earlier.
export function indexOf(bars, at) {
  let [low, high] = [0, bars.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (bars[middle].t <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}
