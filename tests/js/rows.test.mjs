import assert from "node:assert/strict";
import { test } from "node:test";

import { RowCache, rows, stacks } from "../../static/js/footprint/rows.js";

const BAR = {
  lv: [[99, 4, 0, 1], [100, 10, 2, 0], [101, 3, 30, 0], [103, 0, 7, 0]],
  bi: [101], si: [100],
};
const RULES = { rowTicks: 1, ratio: 3, minVolume: 5 };

test("rows of the engine's size are the levels, with the engine's imbalances", () => {
  assert.deepEqual(rows(BAR, 1, RULES), [
    { price: 99, bid: 4, ask: 0, volume: 5, buy: false, sell: false },
    { price: 100, bid: 10, ask: 2, volume: 12, buy: false, sell: true },
    { price: 101, bid: 3, ask: 30, volume: 33, buy: true, sell: false },
    { price: 103, bid: 0, ask: 7, volume: 7, buy: false, sell: false },
  ]);
});

test("grouping is aligned to multiples and loses no volume", () => {
  const grouped = rows(BAR, 2, RULES);
  assert.deepEqual(grouped.map(({ price, bid, ask }) => [price, bid, ask]), [[98, 4, 0], [100, 13, 32], [102, 0, 7]]);
  const sum = (list) => list.reduce((total, row) => total + row.volume, 0);
  for (const ticks of [1, 2, 4, 5, 10]) assert.equal(sum(rows(BAR, ticks, RULES)), 57);
});

test("grouped rows are imbalances by what they show, diagonally", () => {
  const at = (...lv) => rows({ lv, bi: [], si: [] }, 2, RULES).map(({ buy, sell }) => [buy, sell]);
  // ask against the bid one row below, bid against the ask one row above
  assert.deepEqual(at([100, 10, 0, 0], [102, 0, 30, 0]), [[false, false], [true, false]]);
  assert.deepEqual(at([100, 15, 0, 0], [102, 0, 5, 0]), [[false, true], [false, false]]);
  assert.deepEqual(at([100, 10, 0, 0], [102, 0, 29, 0]), [[false, false], [false, false]]);
  // an empty row between: the comparison is with zero
  assert.deepEqual(at([100, 100, 0, 0], [104, 0, 6, 0]), [[false, true], [true, false]]);
  // below the least volume
  assert.deepEqual(at([100, 0, 0, 9], [102, 0, 4, 0]), [[false, false], [false, false]]);
});

test("the lowest row is no buy imbalance and the highest no sell imbalance", () => {
  const [only] = rows({ lv: [[100, 500, 900, 0]], bi: [], si: [] }, 2, RULES);
  assert.deepEqual([only.buy, only.sell], [false, false]);
});

const imbalance = (price, side) => ({ price, buy: side === "buy", sell: side === "sell" });

test("three adjacent imbalances of one side are a stack, two or a gap are none", () => {
  const runs = (side, ...prices) => stacks(prices.map((price) => imbalance(price, side)), 2);
  assert.deepEqual(runs("buy", 100, 102, 104), [{ dir: 1, low: 100, high: 104 }]);
  assert.deepEqual(runs("sell", 100, 102, 104, 106), [{ dir: -1, low: 100, high: 106 }]);
  assert.deepEqual(runs("buy", 100, 102), []);
  assert.deepEqual(runs("buy", 100, 102, 106, 108), []);
});

test("a stack ends where its side does, and another may begin", () => {
  const list = [1, 2, 3].map((price) => imbalance(price, "buy"))
    .concat(imbalance(4, "none"), [5, 6, 7].map((price) => imbalance(price, "buy")));
  assert.deepEqual(stacks(list, 1), [{ dir: 1, low: 1, high: 3 }, { dir: 1, low: 5, high: 7 }]);
});

test("what is largest in a bar is known with its rows, and rows are made once", () => {
  const cache = new RowCache();
  const made = cache.of(BAR, 1, RULES);
  assert.deepEqual(made.most, { side: 30, delta: 27, volume: 33 });
  const grouped = cache.of(BAR, 2, RULES);
  assert.equal(cache.of(BAR, 1, RULES), made);
  assert.equal(cache.of(BAR, 2, RULES), grouped);
  assert.notEqual(cache.of(BAR, 1, { ...RULES }), made);
});

test("rows of a long day are not all kept", () => {
  const cache = new RowCache();
  const made = cache.of(BAR, 1, RULES);
  for (let count = 0; count < 1000; count += 1) cache.of({ ...BAR }, 1, RULES);
  assert.notEqual(cache.of(BAR, 1, RULES), made);
  assert.deepEqual(cache.of(BAR, 1, RULES), made);
});
