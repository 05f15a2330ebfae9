// Volume by price of the trading day, from its bars. Closed bars are added once; the forming one is laid
// on top anew each time. Value area and POC are chosen as the engine chooses them (docs/orderflow.md).

export class SessionProfile {
  constructor() {
    this.clear();
  }

  clear() {
    this.closed = new Map(); // price -> volume
    this.first = null; // the first bar that is in it
    this.last = null;
    this.counted = 0;
    this.shown = null;
  }

  // `bars` as drawn, the forming one last. Returns {rows: [[price, volume]] ascending, most, total, poc,
  // vah, val, since: ms, whole: whether it begins with the day's first bar}, or null without bars.
  update(bars) {
    const from = dayStart(bars);
    const closed = bars.length - 1;
    if (bars.length === 0) {
      this.clear();
      return null;
    }
    const begun = bars[from] === this.first && bars[from + this.counted - 1] === this.last;
    if (!begun || from + this.counted > closed) {
      this.clear();
      this.first = bars[from];
    }
    for (let index = from + this.counted; index < closed; index += 1) add(this.closed, bars[index]);
    this.counted = Math.max(0, closed - from);
    this.last = this.counted > 0 ? bars[closed - 1] : null;
    if (this.counted === 0) this.first = null;
    const all = new Map(this.closed);
    add(all, bars[closed]);
    const rows = [...all].sort(([one], [other]) => one - other);
    return { rows, ...summary(rows), since: bars[from].t, whole: bars[from].i === 0 };
  }
}

// The last bar whose number is below the one before it begins the latest day.
function dayStart(bars) {
  for (let index = bars.length - 1; index > 0; index -= 1) {
    if (bars[index].i < bars[index - 1].i) return index;
  }
  return 0;
}

function add(volumes, bar) {
  for (const [price, bid, ask, unknown] of bar.lv) {
    volumes.set(price, (volumes.get(price) ?? 0) + bid + ask + unknown);
  }
}

// POC (of equal ones the nearest to the middle, then the lower) and value area of ascending rows.
export function summary(rows) {
  const total = rows.reduce((sum, [, volume]) => sum + volume, 0);
  if (rows.length === 0 || total === 0) return { most: 0, total: 0, poc: null, vah: null, val: null };
  const [low, high] = [rows[0][0], rows.at(-1)[0]];
  const middle = (low + high) / 2;
  let [poc, most] = rows[0];
  for (const [price, volume] of rows) {
    const nearer = Math.abs(price - middle) < Math.abs(poc - middle);
    if (volume > most || (volume === most && nearer)) [poc, most] = [price, volume];
  }
  const volumes = new Map(rows);
  const at = (price) => volumes.get(price) ?? 0;
  let [up, down, held] = [poc, poc, most];
  while (10 * held < 7 * total && (up < high || down > low)) {
    const above = up < high ? at(up + 1) + at(up + 2) : -1;
    const below = down > low ? at(down - 1) + at(down - 2) : -1;
    if (above >= below) {
      held += above;
      up += 2;
    } else {
      held += below;
      down -= 2;
    }
  }
  return { most, total, poc, vah: Math.min(up, high), val: Math.max(down, low) };
}

// Rows joined to `ticks` each, aligned to it: [[lowest price, volume]].
export function grouped(rows, ticks) {
  if (ticks === 1) return rows;
  const result = [];
  for (const [price, volume] of rows) {
    const lowest = Math.floor(price / ticks) * ticks;
    if (result.length > 0 && result.at(-1)[0] === lowest) result.at(-1)[1] += volume;
    else result.push([lowest, volume]);
  }
  return result;
}
