// A bar's levels as the rows that are shown. Pure; docs/orderflow.md defines what is marked.

const STACK = 3; // adjacent imbalances
const MOST_KEPT = 500; // bars' rows

// Rows of `ticks`, aligned to multiples of it, ascending: {price: lowest tick, bid, ask, volume, buy,
// sell}. `buy` and `sell` say that the row is an imbalance: at the engine's own row size as the engine
// found it, at another by the same rule on the rows that are shown, so that colours agree with numbers.
export function rows(bar, ticks, rules) {
  const result = [];
  let row = null;
  for (const [at, bid, ask, unknown] of bar.lv) {
    const lowest = Math.floor(at / ticks) * ticks;
    if (row === null || row.price !== lowest) {
      row = { price: lowest, bid: 0, ask: 0, volume: 0, buy: false, sell: false };
      result.push(row);
    }
    row.bid += bid;
    row.ask += ask;
    row.volume += bid + ask + unknown;
  }
  if (ticks === rules.rowTicks) {
    for (const each of result) {
      each.buy = bar.bi.includes(each.price);
      each.sell = bar.si.includes(each.price);
    }
  } else if (rules.ratio) markImbalances(result, ticks, rules);
  return result;
}

// A buy imbalance: ask volume against the bid one row below. A sell imbalance: bid volume against the
// ask one row above. A row without trades has zero volume.
function markImbalances(list, ticks, { ratio, minVolume }) {
  const beats = (volume, against) => volume >= minVolume && volume >= ratio * Math.max(against, 1);
  list.forEach((row, index) => {
    const below = list[index - 1];
    const above = list[index + 1];
    row.buy = index > 0 && beats(row.ask, below.price === row.price - ticks ? below.bid : 0);
    row.sell = index < list.length - 1 && beats(row.bid, above.price === row.price + ticks ? above.ask : 0);
  });
}

// Maximal runs of three or more adjacent imbalances of one side: {dir, low, high}, prices of rows.
export function stacks(list, ticks) {
  const found = [];
  for (const [dir, side] of [[1, "buy"], [-1, "sell"]]) {
    let first = null;
    let count = 0;
    list.forEach((row, index) => {
      const adjacent = count > 0 && list[index - 1].price === row.price - ticks;
      if (!row[side]) count = 0;
      else if (adjacent) count += 1;
      else [first, count] = [row.price, 1];
      const next = list[index + 1];
      const over = !next || !next[side] || next.price !== row.price + ticks;
      if (over && count >= STACK) found.push({ dir, low: first, high: row.price });
    });
  }
  return found;
}

// The rows of bars with what is the largest in them, kept for as long as the bar is: a closed bar never
// changes, a forming one is another object each time. Two row sizes are kept, for zooming to and fro, and
// now and then all is forgotten, so that a long day holds no more than a short one.
export class RowCache {
  constructor() {
    this.rules = null;
    this.bars = new WeakMap();
    this.made = 0;
  }

  of(bar, ticks, rules) {
    if (rules !== this.rules || this.made >= MOST_KEPT) {
      this.rules = rules;
      this.bars = new WeakMap();
      this.made = 0;
    }
    const known = this.bars.get(bar) ?? [];
    const found = known.find((each) => each.ticks === ticks);
    if (found) return found;
    const made = summed(bar, ticks, rules);
    this.made += 1;
    this.bars.set(bar, [made, ...known.slice(0, 1)]);
    return made;
  }
}

function summed(bar, ticks, rules) {
  const list = rows(bar, ticks, rules);
  const most = { side: 0, delta: 0, volume: 0 };
  for (const { bid, ask, volume } of list) {
    most.side = Math.max(most.side, bid, ask);
    most.delta = Math.max(most.delta, Math.abs(ask - bid));
    most.volume = Math.max(most.volume, volume);
  }
  return { ticks, list, most, stacks: stacks(list, ticks) };
}
