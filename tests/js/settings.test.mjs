import assert from "node:assert/strict";
import { test } from "node:test";

import { described, difference, timeframes } from "../../static/js/control/settings-values.js";

const before = {
  numbers: { "bars.seconds": "300", "risk.profit_target": "500" }, multipliers: { RANGING: "0.75" },
  patterns: { BUY_IMBALANCE: ["RANGING", "VOLATILE"] }, tiers: [{ name: "MES 1-3", max_size: "3", loss_limit: "100" }],
};
const same = { ...before, tiers: { "MES 1-3": { max_size: "3", loss_limit: "100" } } };

test("what was not changed is not sent", () => {
  assert.deepEqual(difference(before, same), {});
  assert.deepEqual(difference(before, { ...same, patterns: { BUY_IMBALANCE: ["VOLATILE", "RANGING"] } }), {});
});

test("what was changed is sent in the server's shape, and no more", () => {
  const now = {
    numbers: { ...same.numbers, "risk.profit_target": "700" }, multipliers: { RANGING: "0.5" },
    patterns: { BUY_IMBALANCE: [] }, tiers: { "MES 1-3": { max_size: "2", loss_limit: "100" } },
  };
  assert.deepEqual(difference(before, now), {
    numbers: { "risk.profit_target": "700" }, multipliers: { RANGING: "0.5" },
    patterns: { BUY_IMBALANCE: [] }, tiers: { "MES 1-3": { max_size: "2" } },
  });
});

test("a change reads as words", () => {
  assert.deepEqual(described({ setting: "numbers.bars.seconds", before: "300", after: "60" }), { name: "Timeframe", before: "5 min", after: "1 min" });
  assert.deepEqual(described({ setting: "patterns.BUY_IMBALANCE", before: "TRENDING_UP, RANGING", after: "nowhere" }), { name: "Buy imbalance trades in", before: "trending up, ranging", after: "nowhere" });
  assert.equal(described({ setting: "tiers.ES 1-3 top.loss_limit", before: "1", after: "2" }).name, "ES 1-3 top: day's loss");
  assert.equal(described({ setting: "multipliers.TRENDING_UP", before: "1", after: "0.5" }).after, "×0.5");
});

test("a timeframe that is set can be chosen, however unusual", () => {
  assert.ok(timeframes("300").some(({ value }) => value === "300"));
  assert.deepEqual(timeframes("45").slice(0, 4).map(({ value }) => value), ["15", "30", "45", "60"]);
});
