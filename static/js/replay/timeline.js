// A day as a line: where a time stands on it, which mark is near, what is drawn behind it. Pure.

// Of marks and line, what may be seen: with `hide` nothing from after the playhead.
export function visible(marks, t, hide) {
  return hide ? marks.filter((mark) => mark.t <= t) : marks;
}

// The share of the day that is over at `t`, 0 to 1.
export function share(t, { from, to }) {
  return to > from ? Math.min(1, Math.max(0, (t - from) / (to - from))) : 0;
}

// The time at a share of the day, in whole milliseconds.
export function timeAt(part, { from, to }) {
  return Math.round(from + Math.min(1, Math.max(0, part)) * (to - from));
}

// The mark nearest to `t`, if one is within `reach` ms. Trades before halts before signals that were
// accepted before the others: of marks in one place, the one that matters.
export function nearest(marks, t, reach) {
  let best = null;
  for (const mark of marks) {
    const away = Math.abs(mark.t - t);
    if (away > reach) continue;
    const worth = [away / Math.max(1, reach) > 0.5 ? 1 : 0, weight(mark), away];
    if (best === null || before(worth, best.worth)) best = { mark, worth };
  }
  return best?.mark ?? null;
}

const weight = (mark) => ({ trade: 0, halt: 1 })[mark.kind] ?? (mark.ok ? 2 : 3);

function before(one, other) {
  const at = one.findIndex((value, index) => value !== other[index]);
  return at >= 0 && one[at] < other[at];
}

// Points of the price line in a box, left to right; null where nothing had traded.
export function linePoints(prices, width, height, inset = 2) {
  const known = prices.filter((price) => price !== null);
  if (known.length === 0) return [];
  const low = Math.min(...known);
  const range = Math.max(...known) - low || 1;
  return prices.map((price, index) => (price === null ? null : {
    x: ((index + 1) / prices.length) * width,
    y: inset + (1 - (price - low) / range) * (height - 2 * inset),
  }));
}

// Heights of the volume bars in a box: the square root, so that a burst leaves the rest to be seen.
export function volumeHeights(volumes, height) {
  const most = Math.max(1, ...volumes);
  return volumes.map((volume) => Math.sqrt(volume / most) * height);
}
