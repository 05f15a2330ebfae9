import assert from "node:assert/strict";
import { test } from "node:test";

import { begins, emaRuns, everyOf, vwapRuns } from "../../static/js/overlays/averages.js";
import { declutter } from "../../static/js/overlays/labels.js";
import { Choices, OVERLAYS } from "../../static/js/overlays/options.js";
import { indexOf, placeOf } from "../../static/js/overlays/place.js";
import { regimeRuns, strength, stretches } from "../../static/js/overlays/regimes.js";
import { stepped, stopLine, told } from "../../static/js/overlays/stops.js";
import { MOST_KEPT, NO_TAPE, largest, radius, taken } from "../../static/js/overlays/tape.js";
import { details } from "../../static/js/signal-words.js";

// Choices

function storage(kept = {}) {
  return { kept, getItem: (key) => kept[key] ?? null, setItem: (key, value) => { kept[key] = value; } };
}

test("what was chosen is on again the next time, everything else as it is by default", () => {
  const store = storage();
  const first = new Choices(store);
  assert.equal(first.on("vwap"), true);
  assert.equal(first.on("gone"), false);
  first.set("vwap", false);
  first.setHeights({ delta: 240 });
  const next = new Choices(store);
  assert.equal(next.on("vwap"), false);
  assert.equal(next.on("ema"), true);
  assert.equal(next.height("delta", 180), 240);
  assert.equal(next.height("volume", 150), 150);
});

test("on a small screen fewer panes are open unless the trader chose otherwise", () => {
  const store = storage();
  const phone = new Choices(store, { narrow: true });
  assert.deepEqual(["volume", "delta", "cumulative"].map((name) => phone.on(name)), [false, true, false]);
  phone.set("volume", true);
  assert.equal(new Choices(store, { narrow: true }).on("volume"), true);
});

test("a broken or foreign entry in the browser's storage is no reason to fail", () => {
  for (const text of ["{", "null", "7", '{"on":{"vwap":"yes","else":true},"heights":{"delta":-4,"volume":1e9}}']) {
    const choices = new Choices(storage({ overlays: text }));
    assert.equal(choices.on("vwap"), true);
    assert.equal(choices.height("delta", 180), 180);
    assert.equal(choices.height("volume", 150), 150);
  }
  const forbidden = { getItem: () => { throw new Error("no"); }, setItem: () => { throw new Error("no"); } };
  const choices = new Choices(forbidden);
  choices.set("vwap", false);
  assert.equal(choices.on("vwap"), false);
});

test("listeners hear a change once; an unknown name is refused", () => {
  const heard = [];
  const choices = new Choices(null);
  choices.onChange((name, on) => heard.push([name, on]));
  choices.set("ema", false);
  choices.set("ema", false);
  assert.deepEqual(heard, [["ema", false]]);
  assert.throws(() => choices.set("macd", true), /macd is no overlay/);
});

test("every overlay says what it means", () => {
  assert.equal(new Set(OVERLAYS.map(({ name }) => name)).size, OVERLAYS.length);
  for (const { label, means, sign } of OVERLAYS) assert.ok(label && means && sign);
});

// Lines

const line = (svwap, { vwap = "0", sdev = 4, ema = null } = {}) => ({ svwap, vwap, sdev, ema });

test("the VWAP's run breaks where the session's begins anew", () => {
  const bars = [line("10.00"), line("10.50"), line("12.00", { vwap: "12.00" }), line("12.25")];
  assert.equal(begins(bars[2]), true);
  const runs = vwapRuns(bars, 0, 3, 0.25);
  assert.deepEqual(runs.map((run) => run.map(({ at }) => at)), [[0, 1], [2, 3]]);
  assert.deepEqual(runs[0][0], { at: 0, mid: 10, dev: 1 });
});

test("bars without a VWAP leave a gap, and only bars in sight are laid out", () => {
  const bars = [line("1"), line(null), line("3"), line("4")];
  assert.deepEqual(vwapRuns(bars, 0, 9, 1).map((run) => run.map(({ at }) => at)), [[0], [2, 3]]);
  assert.deepEqual(vwapRuns(bars, -3, 0, 1).map((run) => run.length), [1]);
  assert.deepEqual(vwapRuns([], 0, 5, 1), []);
});

test("EMAs come in ticks, begin where they are known, and leave out the forming bar", () => {
  const bars = [line("1"), line("1", { ema: [40, 44] }), line("1", { ema: [42, 45] }), line("1")];
  assert.deepEqual(emaRuns(bars, 0, 3, 0.25, 0), [[{ at: 1, value: 10 }, { at: 2, value: 10.5 }]]);
  assert.deepEqual(emaRuns(bars, 0, 3, 0.25, 1)[0].map(({ value }) => value), [11, 11.25]);
});

test("from afar lines keep every so many bars, the same ones wherever one looks, and both ends of a run", () => {
  const bars = Array.from({ length: 20 }, (_, at) => line(String(at), { vwap: at === 13 ? "13" : "x", ema: [at, at] }));
  assert.deepEqual(vwapRuns(bars, 2, 17, 1, 4).map((run) => run.map(({ at }) => at)), [[2, 4, 8, 12], [13, 16, 17]]);
  assert.deepEqual(emaRuns(bars, 3, 17, 1, 0, 4)[0].map(({ at }) => at), [3, 4, 8, 12, 16, 17]);
  assert.deepEqual([40, 3, 2, 0.8].map(everyOf), [1, 1, 2, 4]);
});

// Regimes

test("neighbouring bars of one regime are one stretch", () => {
  const bars = ["RANGING", "RANGING", "", "RANGING", "VOLATILE"].map((regime) => ({ regime }));
  assert.deepEqual(regimeRuns(bars, 0, 4), [
    { from: 0, to: 1, name: "RANGING" }, { from: 3, to: 3, name: "RANGING" }, { from: 4, to: 4, name: "VOLATILE" },
  ]);
  assert.deepEqual(regimeRuns(bars, 1, 1), [{ from: 1, to: 1, name: "RANGING" }]);
});

test("more confidence is drawn more strongly, none is still seen", () => {
  assert.ok(strength(0.9) > strength(0.5) && strength(0.5) > strength(0));
  assert.ok(strength(null) > 0.1);
});

test("neighbours of about the same confidence are drawn in one", () => {
  const bars = [0.49, 0.5, 0.9, null, null].map((conf) => ({ conf }));
  const drawn = stretches(bars, { from: 0, to: 4, name: "RANGING" });
  assert.deepEqual(drawn.map(({ from, to }) => [from, to]), [[0, 1], [2, 2], [3, 4]]);
  assert.equal(stretches(bars, { from: 0, to: 4, name: "NO_TRADE" }).length, 1);
});

// Labels

test("labels that would touch become one with a count, the more important one stays", () => {
  const labels = [
    { y: 100, text: "Zone", rank: 3 }, { y: 104, text: "POC", rank: 1 }, { y: 110, text: "VWAP", rank: 5 },
    { y: 140, text: "VAL", rank: 2 }, { y: -5, text: "out", rank: 0 }, { y: 999, text: "out", rank: 0 },
  ];
  assert.deepEqual(declutter(labels, 500, 17).map(({ text, more }) => [text, more]), [["POC", 2], ["VAL", 0]]);
});

test("labels a line apart all stay, in order", () => {
  const labels = [40, 0, 20].map((y) => ({ y, text: String(y), rank: 1 }));
  assert.deepEqual(declutter(labels, 100, 20).map(({ y }) => y), [0, 20, 40]);
});

// The tape

test("the tape is bounded and everything in it has a name of its own", () => {
  let tape = NO_TAPE;
  for (let index = 0; index < 3; index += 1) {
    tape = taken(tape, { large: Array.from({ length: 400 }, (_, at) => ({ t: index * 400 + at, size: 1 })) });
  }
  assert.equal(tape.large.length, MOST_KEPT);
  assert.equal(tape.large.at(-1).t, 1199);
  assert.equal(new Set(tape.large.map(({ id }) => id)).size, MOST_KEPT);
  assert.equal(tape.sweeps, NO_TAPE.sweeps);
});

test("of too many in sight the largest are drawn, in order of time", () => {
  const items = [5, 1, 9, 7, 3].map((size, t) => ({ t, size }));
  assert.deepEqual(largest(items, 0, 4, ({ size }) => size, 3).map(({ t }) => t), [0, 2, 3]);
  assert.deepEqual(largest(items, 3, 9, ({ size }) => size, 3).map(({ t }) => t), [3, 4]);
});

test("a bubble's area grows with the size, up to a bound", () => {
  assert.equal(radius(10, 10), 4);
  assert.equal(radius(40, 10), 8);
  assert.equal(radius(1e9, 10), 16);
  assert.equal(radius(5, 0), 4 * Math.sqrt(5));
});

// Stops

test("a stop's moves become steps; the same stop adds none", () => {
  let steps = stepped([], 100, 10);
  assert.equal(stepped(steps, 100, 20), steps);
  steps = stepped(steps, 104, 30);
  assert.deepEqual(stopLine(steps, { entered: 5, first: 100, last: 104, end: 50 }), {
    line: [{ from: 5, to: 30, stop: 100 }, { from: 30, to: 50, stop: 104 }], ended: null,
  });
});

test("a stop's moves that were told count, whatever the page saw", () => {
  const seen = stepped([], 104, 30);
  const steps = told(seen, [[5, 100], [20, 104]]);
  assert.deepEqual(steps, [{ t: 5, stop: 100 }, { t: 20, stop: 104 }]);
  assert.equal(told(steps, [[5, 100], [20, 104]]), steps, "nothing moved");
  assert.deepEqual(told(steps, [[5, 100], [20, 104], [25, 106]]).at(-1), { t: 25, stop: 106 });
  assert.equal(told(seen, []), null);
  assert.equal(told(seen, undefined), null);
});

test("a stop that moved unseen is told by where it was at the end", () => {
  assert.deepEqual(stopLine([], { entered: 5, first: 100, last: 104, end: 50 }), {
    line: [{ from: 5, to: 50, stop: 100 }], ended: 104,
  });
  assert.deepEqual(stopLine([], { entered: 5, first: null, last: null, end: 50 }), { line: [], ended: null });
});

// Places

test("the bar that a moment belongs to", () => {
  const bars = [0, 300, 600].map((t) => ({ t, e: t + 300 }));
  assert.deepEqual([-5, 0, 299, 300, 9999].map((at) => indexOf(bars, at)), [0, 0, 0, 1, 2]);
  assert.equal(placeOf(bars, 150), 0.5);
});

// Signals in words

const GRID = { numerator: 25, places: 2, scale: 100 };

test("a signal's details are told as a trader says them", () => {
  assert.equal(details("imbalance", { volume: 120, against: 30, ratio: 4, count: 3 }, GRID), "120 against 30, 4.0×; 3 in the bar");
  assert.equal(details("stacked", { low: 19200, high: 19204, count: 4 }, GRID), "4 rows, 4800.00 to 4801.00");
  assert.equal(details("exhaustion", { levels: 4, first: 80, last: 6 }, GRID), "4 rows, from 80 down to 6 at the extreme");
  assert.equal(details("unfinished", { level: 19200, side: "high" }, GRID), "unfinished high 4800.00 traded again");
  assert.equal(details("other", { a: 1 }, GRID), "");
  assert.equal(details("imbalance", {}, GRID), "");
});
