import assert from "node:assert/strict";
import { test } from "node:test";

import { barAt, pricesOf, tradeRange, wholeRange } from "../../static/js/trade-view.js";

const bars = Array.from({ length: 40 }, (_, index) => ({ t: index * 60_000, e: (index + 1) * 60_000 }));
const at = (index) => index * 60_000 + 30_000;

test("a moment is in the bar that started last, and never outside the bars", () => {
  assert.equal(barAt(bars, at(7)), 7);
  assert.equal(barAt(bars, 7 * 60_000), 7);
  assert.equal(barAt(bars, -1), 0);
  assert.equal(barAt(bars, at(99)), 39);
});

test("a short trade is shown with as many bars before it as show their footprint", () => {
  const range = tradeRange(bars, { et: at(30), xt: at(31) }, 1260);
  assert.equal(range.to, 33.5);
  assert.equal(range.to - range.from, 15);
});

test("a long trade is shown whole, with its context", () => {
  const range = tradeRange(bars, { et: at(5), xt: at(35) }, 400);
  assert.ok(range.from <= 2);
  assert.equal(range.to, 37.5);
});

test("an open trade is shown up to the last bar", () => {
  assert.equal(tradeRange(bars, { et: at(30), xt: null }, 1260).to, 41.5);
});

test("what is shown begins where the bars begin", () => {
  const range = tradeRange(bars, { et: at(4), xt: at(5) }, 2000);
  assert.equal(range.from, -0.5);
  assert.deepEqual(wholeRange(bars), { from: -0.5, to: 40.5 });
});

test("entry, stop and target are to be in sight, as far as there are any", () => {
  const quarter = (ticks) => ticks / 4;
  assert.deepEqual(pricesOf({ ep: "10.5", stop: 40, target: 48 }, quarter, Number), [10.5, 10, 12]);
  assert.deepEqual(pricesOf({ ep: "10.5", stop: null, target: null }, quarter, Number), [10.5]);
});
