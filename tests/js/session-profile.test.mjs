import assert from "node:assert/strict";
import { test } from "node:test";

import { SessionProfile, grouped, summary } from "../../static/js/overlays/session-profile.js";

const bar = (i, lv) => ({ i, t: i * 1000, lv });

test("the profile adds what was bought, sold and unknown at each price of all bars", () => {
  const profile = new SessionProfile().update([bar(0, [[10, 1, 2, 0], [11, 0, 5, 1]]), bar(1, [[11, 4, 0, 0]])]);
  assert.deepEqual(profile.rows, [[10, 3], [11, 10]]);
  assert.equal(profile.total, 13);
  assert.equal(profile.poc, 11);
  assert.equal(profile.whole, true);
});

test("the forming bar counts as it is now, not as it was", () => {
  const profile = new SessionProfile();
  const first = bar(0, [[10, 5, 0, 0]]);
  profile.update([first, bar(1, [[12, 3, 0, 0]])]);
  profile.update([first, bar(1, [[12, 4, 0, 0]])]);
  const now = profile.update([first, bar(1, [[12, 4, 2, 0]])]);
  assert.deepEqual(now.rows, [[10, 5], [12, 6]]);
});

test("closed bars are read once, and the sum is that of a fresh profile", () => {
  let read = 0;
  const watched = (i) => ({ i, t: i, get lv() { read += 1; return [[10 + (i % 3), 1, i, 0]]; } });
  const bars = Array.from({ length: 50 }, (_, i) => watched(i));
  const profile = new SessionProfile();
  for (let count = 1; count <= bars.length; count += 1) profile.update(bars.slice(0, count));
  assert.ok(read <= 100, `${read} reads`);
  assert.deepEqual(profile.update(bars).rows, new SessionProfile().update(bars).rows);
});

test("bars that came in before, or another day, begin the profile anew", () => {
  const profile = new SessionProfile();
  const late = [bar(5, [[10, 1, 0, 0]]), bar(6, [[10, 1, 0, 0]]), bar(7, [[10, 1, 0, 0]])];
  assert.equal(profile.update(late).whole, false);
  const early = Array.from({ length: 5 }, (_, i) => bar(i, [[9, 1, 0, 0]]));
  assert.deepEqual(profile.update([...early, ...late]).rows, [[9, 5], [10, 3]]);
  assert.equal(profile.update([...early, ...late]).whole, true);
  const next = [bar(0, [[20, 1, 0, 0]]), bar(1, [[21, 1, 0, 0]])];
  const after = profile.update([...early, ...late, ...next]);
  assert.deepEqual(after.rows, [[20, 1], [21, 1]]);
  assert.equal(profile.update([]), null);
});

test("value area: pairs above and below compared, the upper on a tie, never beyond the range", () => {
  // 100 lots: POC 103 (30), then 104+105 (25) against 101+102 (25): the upper pair; then the lower.
  const rows = [[100, 10], [101, 5], [102, 20], [103, 30], [104, 15], [105, 10], [106, 10]];
  const { poc, vah, val } = summary(rows);
  assert.deepEqual([poc, vah, val], [103, 105, 101]);
});

test("a POC of equals is the one nearest to the middle, then the lower", () => {
  assert.equal(summary([[1, 5], [2, 5], [3, 1], [4, 5]]).poc, 2);
  assert.equal(summary([[1, 5], [2, 5]]).poc, 1);
  assert.deepEqual(summary([]), { most: 0, total: 0, poc: null, vah: null, val: null });
});

test("prices between which nothing traded are no obstacle", () => {
  assert.deepEqual((({ vah, val }) => [vah, val])(summary([[10, 60], [20, 40]])), [20, 10]);
});

test("rows are joined on multiples of the row's ticks, also below zero", () => {
  const rows = [[-3, 1], [-1, 2], [0, 4], [3, 8]];
  assert.deepEqual(grouped(rows, 4), [[-4, 3], [0, 12]]);
  assert.equal(grouped(rows, 1), rows);
});
