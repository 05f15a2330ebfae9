import assert from "node:assert/strict";
import { test } from "node:test";

import { CANDLES, CELLS, PROFILE, barsAtFirst, detail, rowTicks, rows, textSize } from "../../static/js/footprint/levels.js";

test("more room shows more: candles, profile, cells", () => {
  assert.equal(detail("auto", 6), CANDLES);
  assert.equal(detail("auto", 20), PROFILE);
  assert.equal(detail("auto", 84), CELLS);
});

test("a wish is followed as far as the zoom carries it", () => {
  assert.equal(detail(CANDLES, 84), CANDLES);
  assert.equal(detail(PROFILE, 84), PROFILE);
  assert.equal(detail(PROFILE, 6), CANDLES);
  assert.equal(detail(CELLS, 20), PROFILE);
});

test("rows are grouped to round counts of ticks until they are high enough", () => {
  assert.equal(rowTicks(12, 11), 1);
  assert.equal(rowTicks(8.7, 11), 2);
  assert.equal(rowTicks(2.3, 11), 5);
  assert.equal(rowTicks(0.01, 11), 2000);
});

test("the instrument's own row is never split", () => {
  assert.equal(rowTicks(100, 11, 50), 50);
  assert.equal(rowTicks(0.1, 11, 50), 200);
});

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

test("a text size fits its cell or there is none", () => {
  const size = textSize(30, 12, 4);
  assert.ok(size > 0 && size * 0.57 * 4 <= 30 && size <= 12);
  assert.equal(textSize(30, 8, 4), 0);
  assert.equal(textSize(10, 20, 4), 0);
});

test("the first look has a dozen columns on a wide chart and a few on a phone", () => {
  assert.equal(barsAtFirst(1030), 12);
  assert.equal(barsAtFirst(322), 4);
  assert.equal(barsAtFirst(3000), 14);
});
