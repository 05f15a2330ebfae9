import assert from "node:assert/strict";
import { test } from "node:test";

import { PATHS } from "../../static/js/chart/marks.js";
import { placeOf } from "../../static/js/overlays/place.js";
import { FAMILIES, MOST_A_SIDE, byBar, family, placed } from "../../static/js/signals.js";
import { placeInLimits } from "../../static/js/ui/day-card.js";
import { inputText } from "../../static/js/ui/regime-card.js";

const PATTERNS = {
  BUY_IMBALANCE: "imbalance", SELL_IMBALANCE: "imbalance", STACKED_BUY_IMBALANCE: "stacked",
  STACKED_SELL_IMBALANCE: "stacked", BUYING_EXHAUSTION: "exhaustion", SELLING_EXHAUSTION: "exhaustion",
  SELLING_ABSORPTION: "absorption", BUYING_ABSORPTION: "absorption", BEARISH_DELTA_DIVERGENCE: "divergence",
  BULLISH_DELTA_DIVERGENCE: "divergence", UNFINISHED_HIGH: "unfinished", UNFINISHED_LOW: "unfinished",
  UNFINISHED_REVISITED: "unfinished",
};

test("every pattern has a family with a shape of its own", () => {
  for (const [pattern, name] of Object.entries(PATTERNS)) assert.equal(family(pattern).name, name);
  assert.equal(new Set(FAMILIES.map(({ shape }) => shape)).size, FAMILIES.length);
  for (const { shape } of FAMILIES) assert.ok(PATHS[shape]);
  assert.ok(PATHS[family("LATER_PATTERN").shape]);
});

const signal = (id, dir, ok, strength) => ({ id, dir, ok, strength, pattern: "BUY_IMBALANCE" });

test("accepted signals stand nearest to the bar, the rest are counted", () => {
  const many = Array.from({ length: 7 }, (_, index) => signal(index, 1, index === 6, index / 10));
  const sides = placed([...many, signal("s", -1, false, 1)]);
  assert.equal(sides.below[0].id, 6);
  assert.equal(sides.below.length, MOST_A_SIDE);
  assert.equal(sides.hiddenBelow.length, 3);
  assert.deepEqual(sides.above.map(({ id }) => id), ["s"]);
});

test("signals of a bar are found by its start, those that are wanted", () => {
  const all = [[1, 0, false], [2, 0, true], [3, 60, false]].map(([id, bar, ok]) => ({ ...signal(id, 1, ok, 1), bar }));
  const ids = (bars) => [...bars].map(([start, list]) => [start, list.map(({ id }) => id)]);
  assert.deepEqual(ids(byBar(all)), [[0, [1, 2]], [60, [3]]]);
  assert.deepEqual(ids(byBar(all, ({ ok }) => ok)), [[0, [2]]]);
});

test("a moment lies in the bar that holds it", () => {
  const bars = [0, 300, 600, 1200].map((t) => ({ t, e: t + 300 }));
  assert.equal(placeOf(bars, 0), 0);
  assert.equal(placeOf(bars, 450), 1.5);
  assert.equal(placeOf(bars, 1000), 2.999, "in a gap: the end of the bar before");
  assert.equal(placeOf(bars, -1), null);
  assert.equal(placeOf([], 5), null);
});

test("what the engine counts in ticks is told as prices and ticks", () => {
  const grid = { numerator: 25, places: 2, scale: 100 };
  assert.equal(inputText(16821.49, "price", grid), "4205.25");
  assert.equal(inputText(-3.5, "ticks", grid), "−3.5 ticks");
  assert.equal(inputText(1, "yes", grid), "yes");
  assert.equal(inputText(-10694, "count", grid), "−10,694");
  assert.equal(inputText(33.851, undefined, grid), "33.85");
});

test("the day's place between limit and target", () => {
  assert.deepEqual(placeInLimits("0", "300", "500"), { zero: 0.375, at: 0.375 });
  assert.equal(placeInLimits("500.00", "300", "500").at, 1);
  assert.equal(placeInLimits("-900", "300", "500").at, 0);
});
