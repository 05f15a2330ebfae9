import assert from "node:assert/strict";
import { test } from "node:test";

import { Tape, leastLots, slice } from "../../static/js/tape.js";

const prints = (...rows) => ({ type: "prints", prints: rows, left_out: 0 });
const seen = (tape, ...words) => tape.rows(...words).map((row) => row.price ?? row.kind);

test("the newest trade is first and the list is bounded", () => {
  const tape = new Tape();
  tape.add(prints([1, 100, 5, 1], [2, 101, 6, -1]));
  tape.add(prints([3, 102, 7, 0]));
  assert.deepEqual(seen(tape), [102, 101, 100]);
  assert.deepEqual(seen(tape, 0, 2), [102, 101]);
});

test("what is kept does not grow with what comes", () => {
  const tape = new Tape({ kept: 100 });
  for (let at = 0; at < 10_000; at += 1) tape.add(prints([at, 100, 1, 1]));
  assert.ok(tape.all.length <= 125);
  assert.equal(tape.rows(0, 1)[0].t, 9_999);
});

test("a size filter leaves what is at least as large", () => {
  const tape = new Tape();
  tape.add(prints([1, 100, 5, 1], [2, 101, 10, 1], [3, 102, 11, 1]));
  assert.deepEqual(seen(tape, 10), [102, 101]);
});

test("a large trade is marked whether it is told before its print or after", () => {
  const tape = new Tape();
  tape.mark({ large: [{ t: 2, price: 101, size: 60, side: 1, threshold: 50 }], sweeps: [] });
  tape.add(prints([1, 100, 60, 1], [2, 101, 60, 1], [3, 100, 70, -1]));
  tape.mark({ large: [{ t: 3, price: 100, size: 70, side: -1, threshold: 50 }], sweeps: [] });
  assert.deepEqual(tape.rows().map((row) => row.large), [true, true, false]);
});

test("two equal large trades mark two prints", () => {
  const tape = new Tape();
  const large = { t: 1, price: 100, size: 60, side: 1, threshold: 50 };
  tape.add(prints([1, 100, 60, 1], [1, 100, 60, 1]));
  tape.mark({ large: [large, large] });
  assert.deepEqual(tape.rows().map((row) => row.large), [true, true]);
});

test("trades left out are said, and the large ones among them are shown", () => {
  const tape = new Tape();
  tape.mark({ large: [{ t: 5, price: 99, size: 80, side: -1, threshold: 50 }] });
  tape.add({ prints: [[9, 100, 1, 1]], left_out: 412 });
  assert.deepEqual(seen(tape), [100, 99, "gap"]);
  assert.equal(tape.rows().at(-1).count, 412);
  assert.equal(tape.count, 413);
});

test("a sweep stands after its last trade", () => {
  const tape = new Tape();
  tape.mark({ sweeps: [{ t: 1, e: 2, side: 1, first: 100, last: 103, prices: 4, v: 44, n: 9 }] });
  tape.add(prints([1, 100, 20, 1], [2, 103, 24, 1], [3, 103, 1, -1]));
  assert.deepEqual(seen(tape), [103, "sweep", 103, 100]);
  assert.equal(tape.rows(40)[0].size, 44);
});

test("large trades whose print never comes do not pile up", () => {
  const tape = new Tape();
  for (let t = 0; t < 2_000; t += 1) tape.mark({ large: [{ t, price: 1, size: 60, side: 1 }], sweeps: [{ e: Infinity }] });
  assert.ok(tape.large.size <= 500);
  assert.ok(tape.sweeps.length <= 500);
});

test("of a long list only what is in sight is drawn", () => {
  assert.deepEqual(slice(500, 20, 0, 395), { first: 0, many: 21 });
  assert.deepEqual(slice(500, 20, 210, 400), { first: 10, many: 21 });
  assert.deepEqual(slice(500, 20, 9_990, 400), { first: 499, many: 1 });
  assert.deepEqual(slice(0, 20, 0, 400), { first: 0, many: 0 });
});

test("a typed size becomes whole lots", () => {
  assert.equal(leastLots("10", "1"), 10);
  assert.equal(leastLots("0.5", "0.001"), 500);
  assert.equal(leastLots("0,3", "0.1"), 3);
  for (const nothing of ["", "abc", "-3", "0", null]) assert.equal(leastLots(nothing, "1"), 0);
});

test("a tape that was cleared is never taken for one that was drawn", () => {
  const tape = new Tape();
  const versions = [1, 2, 3].map(() => {
    tape.clear();
    tape.add({ prints: [[1_000, 10, 1, 1]] });
    return tape.version;
  });
  assert.equal(new Set(versions).size, 3);
  assert.equal(tape.rows().length, 1);
});

test("a tape that goes back in time begins anew, one that is a little late does not", () => {
  const tape = new Tape();
  tape.add(prints([100_000, 100, 1, 1]));
  const { version } = tape;
  tape.add(prints([99_500, 101, 1, 1]));
  assert.deepEqual(seen(tape), [101, 100]);
  tape.add(prints([50_000, 102, 1, 1]));
  assert.deepEqual(seen(tape), [102]);
  assert.ok(tape.version > version);
});

// What was told before the page joined

const recent = (prints, more = {}) => ({ type: "recent", prints, large: [], sweeps: [], ...more });

test("a page that joins begins with the last trades, and goes on without doubles", () => {
  const tape = new Tape();
  tape.add(prints([3, 103, 1, 1])); // overtook the answer, which has it too
  tape.recall(recent([[1, 101, 1, 1], [2, 102, 1, 1], [3, 103, 1, 1]]));
  tape.add(prints([4, 104, 1, 1]));
  assert.deepEqual(seen(tape), [104, 103, 102, 101]);
  assert.equal(tape.count, 2, "what is old is not counted as new");
});

test("large trades and sweeps of that time are marked, those from before it are not listed", () => {
  const tape = new Tape();
  const large = (t, size) => ({ t, price: 100 + t, size, side: 1, threshold: 50 });
  const sweep = (t) => ({ t, e: t, side: 1, first: 100, last: 104, prices: 4, v: 20, n: 5 });
  tape.recall(recent([[7, 107, 60, 1], [8, 108, 1, 1]], { large: [large(2, 80), large(7, 60)], sweeps: [sweep(1), sweep(7)] }));
  assert.deepEqual(tape.rows().map(({ kind, t, large = null }) => [kind, t, large]), [
    ["print", 8, false], ["sweep", 7, null], ["print", 7, true],
  ]);
  tape.add(prints([9, 109, 1, 1]));
  assert.deepEqual(seen(tape).length, 4, "they are told once");
});

test("after a lost connection older trades stay; what nobody heard is said", () => {
  const heard = () => {
    const tape = new Tape();
    tape.add(prints([1, 101, 1, 1], [2, 102, 1, 1]));
    return tape;
  };
  const joined = heard();
  joined.recall(recent([[2, 102, 1, 1], [3, 103, 1, 1]]));
  assert.deepEqual(seen(joined), [103, 102, 101], "nothing is missing");
  const away = heard();
  away.recall(recent([[50, 150, 1, 1], [51, 151, 1, 1]]));
  assert.deepEqual(seen(away), [151, 150, "gap", 102, 101]);
  assert.equal(away.rows()[2].count, null);
});

test("what another run told is forgotten, and an answer without trades changes nothing", () => {
  const tape = new Tape();
  tape.add(prints([10_000, 101, 1, 1]));
  tape.recall(recent([]));
  assert.deepEqual(seen(tape), [101]);
  tape.recall(recent([[1, 50, 1, 1]]));
  assert.deepEqual(seen(tape), [50]);
});
