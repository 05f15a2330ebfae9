import assert from "node:assert/strict";
import { test } from "node:test";

import { stretched } from "../../static/js/chart/price-wheel.js";

test("the price under the pointer stays where it is while the range grows and shrinks", () => {
  const range = { from: 100, to: 200 };
  for (const pixels of [-300, -40, 40, 300, 10_000]) {
    const { from, to } = stretched(range, 130, pixels);
    assert.ok(Math.abs((130 - from) / (to - from) - 0.3) < 1e-9);
    assert.equal(to - from > 100, pixels > 0);
    assert.ok(to - from < 300 && to - from > 30);
  }
});
