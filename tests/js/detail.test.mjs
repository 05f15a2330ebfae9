import assert from "node:assert/strict";
import { test } from "node:test";

import {
  AUTO, BIDASK, CANDLES, DELTA, PROFILE, SPLIT, VOLUME, barsAtFirst, column, plan, roomFor, rowTicks, textSize,
} from "../../static/js/footprint/detail.js";

const VIEW = {
  wish: AUTO, rowWish: null, spacing: 90, tickHeight: 12, base: 1, typical: () => 20, longest: () => 3, before: null,
};
const at = (changes) => plan({ ...VIEW, ...changes });

test("zooming in goes from candles over profiles and cells to cells with numbers", () => {
  const seen = [];
  for (let spacing = 2; spacing < 120; spacing += 1) {
    const { drawing, text } = at({ spacing });
    const name = drawing === BIDASK ? `${drawing} ${text > 0 ? "numbers" : "plain"}` : drawing;
    if (seen.at(-1) !== name) seen.push(name);
  }
  assert.deepEqual(seen, [CANDLES, SPLIT, "bidask plain", "bidask numbers"]);
});

test("profile rows widen to cells step by step", () => {
  assert.equal(at({ spacing: 36.5 }).morph < 0.1, true);
  assert.equal(at({ spacing: 41 }).morph, 0.5);
  assert.equal(at({ spacing: 46 }).morph, 1);
  assert.equal(at({ spacing: 30, wish: BIDASK }).morph, 1);
});

test("a wish is followed as far as the zoom carries it, and told where it is not", () => {
  assert.deepEqual([at({ wish: DELTA, spacing: 20 }).drawing, at({ wish: DELTA, spacing: 20 }).short], [DELTA, "width"]);
  assert.deepEqual([at({ wish: DELTA, spacing: 8 }).drawing, at({ wish: DELTA, spacing: 8 }).short], [CANDLES, "spacing"]);
  assert.deepEqual([at({ wish: BIDASK, spacing: 15 }).drawing, at({ wish: BIDASK, spacing: 15 }).short], [SPLIT, "spacing"]);
  assert.deepEqual([at({ wish: CANDLES }).drawing, at({ wish: CANDLES }).short], [CANDLES, null]);
  assert.equal(at({ wish: VOLUME }).short, null);
});

test("a pane too low for numbers groups rows until they can be read, and says so", () => {
  const { ticks, grouped, text } = at({ tickHeight: 3, typical: () => 40 });
  assert.equal(ticks, 4);
  assert.equal(grouped, true);
  assert.ok(text > 0);
});

test("where grouping would leave a bar only a few rows, rows stay fine and without numbers", () => {
  const { ticks, text, short } = at({ tickHeight: 0.6, typical: () => 30 });
  assert.equal(ticks, 5);
  assert.equal(text, 0);
  assert.equal(short, "height");
});

test("chosen rows are kept, as multiples of the engine's own, with numbers or without", () => {
  assert.deepEqual([at({ rowWish: 10 }).ticks, at({ rowWish: 10 }).grouped], [10, false]);
  assert.equal(at({ rowWish: 5, base: 4 }).ticks, 8);
  const low = at({ rowWish: 1, tickHeight: 4 });
  assert.deepEqual([low.ticks, low.text, low.short], [1, 0, "height"]);
});

test("chosen rows thinner than a pixel are grouped, and that is told", () => {
  const { ticks, short } = at({ rowWish: 1, tickHeight: 0.01, typical: () => 4000 });
  assert.ok(ticks * 0.01 >= 3);
  assert.equal(short, "rows");
});

test("a profile has numbers where its rows are high anyway, and never is grouped for them", () => {
  assert.ok(at({ wish: PROFILE }).text > 0);
  assert.deepEqual([at({ wish: PROFILE, tickHeight: 4 }).ticks, at({ wish: PROFILE, tickHeight: 4 }).text], [1, 0]);
  assert.equal(at({ wish: SPLIT }).text, 0);
});

test("numbers that do not fit their cell are left out", () => {
  assert.equal(at({ longest: () => 9 }).text, 0);
  const { text } = at({ longest: () => 4 });
  assert.ok(text * 0.57 * 4 <= roomFor(BIDASK, VIEW.spacing));
});

test("a price scale that breathes does not make rows jump", () => {
  const before = at({ tickHeight: 5.6 });
  assert.equal(before.ticks, 2);
  assert.equal(at({ tickHeight: 5.3, before }).ticks, 2);
  assert.equal(at({ tickHeight: 4.5, before }).ticks, 4);
  const coarse = at({ tickHeight: 5.4 });
  assert.equal(coarse.ticks, 4);
  assert.equal(at({ tickHeight: 5.6, before: coarse }).ticks, 4);
  assert.equal(at({ tickHeight: 6.2, before: coarse }).ticks, 2);
});

test("rows are grouped to round counts of ticks until they are high enough", () => {
  assert.equal(rowTicks(12, 11), 1);
  assert.equal(rowTicks(8.7, 11), 2);
  assert.equal(rowTicks(2.3, 11), 5);
  assert.equal(rowTicks(0.01, 11), 2000);
});

test("the engine's own row is never split", () => {
  assert.equal(rowTicks(100, 11, 50), 50);
  assert.equal(rowTicks(0.1, 11, 50), 200);
});

test("a column's parts stay inside of it and in order, and move smoothly", () => {
  let before = null;
  for (let spacing = 12; spacing < 200; spacing += 0.5) {
    const drawing = spacing > 36 ? BIDASK : SPLIT; // as in auto
    const { width, candle, from, to } = column(spacing, drawing);
    assert.ok(width < spacing && candle > 0 && from > candle && to <= width);
    if (spacing > 14) assert.ok(to > from);
    if (before) for (const name of ["width", "candle", "from", "to"]) assert.ok(Math.abs(column(spacing, drawing)[name] - before[name]) < 1);
    before = column(spacing, drawing);
  }
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
