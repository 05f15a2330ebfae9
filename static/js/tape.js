// The tape: trades one by one, with what the engine says of them. Pure: no clock, no page.
//
// A row is one of
//   {kind: "print", t, price, size, side, large}
//   {kind: "sweep", t, side, first, last, size, trades}     after its last trade
//   {kind: "gap", t, count}                                 trades that the server left out; null: of
//                                                           which nobody knows how many they were
// Rows ascend as they came. What is kept is bounded; a large trade is told even where its print was
// left out.

export const KEPT = 4000;
export const SHOWN = 500;
const LATE_MS = 2_000;

const key = ({ t, price, size }) => `${t} ${price} ${size}`;

export class Tape {
  constructor({ kept = KEPT } = {}) {
    this.most = kept;
    this.version = 0;
    this.clear();
  }

  clear() {
    this.all = [];
    this.large = new Map(); // large trades whose print has not come
    this.sweeps = [];
    this.count = 0; // trades told since the page opened, for whoever paused
    this.version += 1; // never one that was drawn before
  }

  // The `tape` message: it comes before the prints that it is about, or after.
  mark({ large = [], sweeps = [] }) {
    for (const one of large) {
      const found = this.#find(one);
      if (found) found.large = true;
      else this.large.set(key(one), one);
    }
    this.sweeps.push(...sweeps);
    this.#bound();
    this.version += 1;
  }

  // The `prints` message. Trades come a little out of order at most: further back is another run.
  add({ prints = [], left_out: leftOut = 0 }) {
    const from = prints[0]?.[0] ?? Infinity;
    if (from < (this.all.at(-1)?.t ?? -Infinity) - LATE_MS) this.all = [];
    if (leftOut > 0) {
      this.all.push({ kind: "gap", t: from, count: leftOut });
      for (const [name, one] of this.large) {
        if (one.t >= from) continue;
        this.all.push({ kind: "print", ...one, large: true });
        this.large.delete(name);
      }
    }
    for (const [t, price, size, side] of prints) {
      this.#swept(t);
      const name = key({ t, price, size });
      this.all.push({ kind: "print", t, price, size, side, large: this.large.delete(name) });
    }
    this.#swept((prints.at(-1)?.[0] ?? -Infinity) + 1);
    this.count += prints.length + leftOut;
    if (this.all.length > this.most * 1.25) this.all = this.all.slice(-this.most);
    this.version += 1;
  }

  // The `recent` message: all that was told before it, the last of it. What is here and as old as that
  // is in it; what is older stays.
  recall({ prints = [], large = [], sweeps = [] }) {
    if (prints.length === 0) return;
    const [from, to, last] = [prints[0][0], prints.at(-1)[0], this.all.at(-1)?.t ?? -Infinity];
    this.all = to < last - LATE_MS ? [] : this.all.filter(({ t }) => t < from);
    if (this.all.length > 0 && last < from) this.all.push({ kind: "gap", t: from, count: null });
    this.large.clear();
    this.sweeps = sweeps.filter(({ e }) => e >= from);
    const { count } = this; // nothing of it is new
    this.add({ prints });
    this.count = count;
    this.mark({ large: large.filter(({ t }) => t >= from) });
  }

  // Newest first, of at least `least` lots, at most `most` rows.
  rows(least = 0, most = SHOWN) {
    const found = [];
    for (let at = this.all.length - 1; at >= 0 && found.length < most; at -= 1) {
      const row = this.all[at];
      if (row.kind === "gap" || row.size >= least) found.push(row);
    }
    return found;
  }

  // Sweeps that were over before the trade at `t`.
  #swept(t) {
    while (this.sweeps.length > 0 && this.sweeps[0].e < t) {
      const { e, side, first, last, v, n } = this.sweeps.shift();
      this.all.push({ kind: "sweep", t: e, side, first, last, size: v, trades: n });
    }
  }

  #find(one) {
    for (let at = this.all.length - 1; at >= 0 && this.all.length - at < 1000; at -= 1) {
      const row = this.all[at];
      if (row.kind === "print" && row.t === one.t && row.price === one.price && row.size === one.size && !row.large) return row;
    }
    return null;
  }

  // What waits for a print that never comes must not wait for ever.
  #bound() {
    while (this.large.size > 500) this.large.delete(this.large.keys().next().value);
    if (this.sweeps.length > 500) this.sweeps.splice(0, this.sweeps.length - 500);
  }
}

// What of a list of `count` rows of `height` pixels is seen: the first and how many.
export function slice(count, height, top, room) {
  const first = Math.min(Math.max(0, Math.floor(top / height)), Math.max(0, count - 1));
  return { first, many: Math.max(0, Math.min(count - first, Math.ceil(room / height) + 1)) };
}

// A size as typed ("1.5", "", "abc") in lots of `lot`: the least count of lots that is not below it.
export function leastLots(typed, lot) {
  const value = Number(String(typed).replace(",", "."));
  if (!Number.isFinite(value) || value <= 0) return 0;
  return Math.ceil(value / Number(lot) - 1e-9);
}
