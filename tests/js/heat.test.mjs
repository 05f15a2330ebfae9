import assert from "node:assert/strict";
import { test } from "node:test";

import { STEPS, blend, channels, full, ramp, step } from "../../static/js/footprint/heat.js";

test("nothing is cold, everything else shows, the fullest is hottest", () => {
  assert.equal(step(0, 100), 0);
  assert.equal(step(1, 1_000_000), 1);
  assert.equal(step(100, 100), STEPS - 1);
  assert.equal(step(500, 100), STEPS - 1);
});

test("more volume is never colder", () => {
  let before = 0;
  for (let volume = 0; volume <= 1000; volume += 1) {
    const now = step(volume, 1000);
    assert.ok(now >= before);
    before = now;
  }
});

test("one outlier does not make all others cold", () => {
  const usual = Array.from({ length: 200 }, (_, index) => 50 + (index % 50));
  assert.equal(full(usual), 99);
  assert.ok(full([...usual, 100_000]) < 200);
  assert.equal(full([]), 1);
  assert.equal(full([0, 0]), 1);
});

test("a ramp starts with the ground and ends at its strongest, opaque", () => {
  const colours = ramp("#ffffff", "#000000", 0.1, 0.5);
  assert.equal(colours.length, STEPS);
  assert.equal(colours[0], "#000000");
  assert.equal(colours.at(-1), "#808080");
  assert.equal(blend("#52a8ff", "#102030", 0), "#102030");
  assert.deepEqual(channels(" #FF9d3c "), [255, 157, 60]);
  assert.throws(() => channels("orange"), RangeError);
});
