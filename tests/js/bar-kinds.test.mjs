import assert from "node:assert/strict";
import { test } from "node:test";

import { KINDS, barsName, defaultPresets, keyOf, parseBars, presetsFrom, problemOf, roundAbout, sameBars } from "../../static/js/bar-kinds.js";

test("a key names bars and comes back", () => {
  for (const bars of [{ kind: "time", length: 60 }, { kind: "tick", length: 500 }, { kind: "delta", length: 5 }]) {
    assert.deepEqual(parseBars(keyOf(bars)), bars);
  }
  assert.ok(sameBars({ kind: "time", length: 60 }, parseBars("time-60")));
  assert.ok(!sameBars({ kind: "time", length: 60 }, null));
});

test("what is no bar is null", () => {
  for (const text of [null, "", "time", "time-", "time-1", "time-86401", "renko-5", "toString-5", "tick--5", "time-6e1", "time-60x", "range-99999999999"]) {
    assert.equal(parseBars(text), null, String(text));
  }
});

test("names say length and kind, volumes in the instrument's own size", () => {
  assert.equal(barsName({ kind: "time", length: 300 }), "5 min");
  assert.equal(barsName({ kind: "time", length: 3600 }), "1 h");
  assert.equal(barsName({ kind: "time", length: 15 }), "15 s");
  assert.equal(barsName({ kind: "tick", length: 2000 }), "2,000 tick");
  assert.equal(barsName({ kind: "volume", length: 5000 }, "0.001"), "5.000 volume");
  assert.equal(barsName({ kind: "tick", length: 5000 }, "0.001"), "5,000 tick");
});

test("a length out of bounds is told with its bounds", () => {
  assert.equal(problemOf({ kind: "tick", length: 10 }), null);
  assert.equal(problemOf({ kind: "tick", length: 9 }), "A whole number of trades from 10 to 1,000,000");
  assert.ok(problemOf({ kind: "tick", length: 10.5 }));
  assert.ok(problemOf({ kind: "tick", length: Number.NaN }));
});

test("presets are round numbers about a busy bar", () => {
  assert.deepEqual([1, 3, 4, 7.2, 340, 1600].map((value) => roundAbout(value).at(-2)), [1, 2, 5, 10, 500, 2000]);
  assert.deepEqual(roundAbout(340), [200, 500, 1000]);
  const bars = Array.from({ length: 20 }, (_, i) => ({ n: i < 12 ? 40 : 480 + i, v: 1900, h: 110, l: 100, d: i % 2 ? 150 : -150 }));
  assert.deepEqual(presetsFrom(bars), {
    tick: [200, 500, 1000], volume: [1000, 2000, 5000], range: [5, 10, 20], delta: [100, 200, 500],
  });
  assert.equal(presetsFrom(bars.slice(0, 5)), null);
});

test("presets keep the bounds and say nothing twice", () => {
  const quiet = Array.from({ length: 20 }, () => ({ n: 3, v: 4, h: 100, l: 100, d: 0 }));
  assert.deepEqual(presetsFrom(quiet), { tick: [10], volume: [10], range: [2], delta: [5] });
  for (const [kind, lengths] of Object.entries(defaultPresets())) {
    assert.ok(lengths.every((length) => length >= KINDS[kind].least && length <= KINDS[kind].most));
  }
});
