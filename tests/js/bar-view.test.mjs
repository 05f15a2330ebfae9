import assert from "node:assert/strict";
import { test } from "node:test";

import { OWN, lens, levelsOf, loading, reduceView, want } from "../../static/js/bar-view.js";
import { EMPTY, drawn } from "../../static/js/store.js";

const MINUTE = { kind: "time", length: 60 };
const TICKS = { kind: "tick", length: 500 };
const bar = (i) => ({ i, t: i * 60_000, e: (i + 1) * 60_000 });
const bars = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => bar(from + index));
const snapshot = (extra = {}) => ({
  type: "view_snapshot", account_name: "paper", key: "time-60", view: MINUTE, day: "2026-11-19", seq: 10,
  bars: bars(0, 2), last_bar: bar(2).t, forming: bar(3), signals: [], levels: [], ...extra,
});
const frame = (seq, extra = {}) => ({
  type: "view_frame", account_name: "paper", key: "time-60", day: "2026-11-19", seq, bars: [], last_bar: bar(2).t,
  forming: bar(3), signals: [], levels: null, ...extra,
});
const error = (extra = {}) => ({ type: "error", about: "view", key: "time-60", message: "Too many.", ...extra });
const play = (view, ...messages) => messages.reduce(reduceView, view);
const minutes = () => play(want(OWN, MINUTE), snapshot());
const STATE = { ...EMPTY, config: { account: "paper", timeframe: 300, bars: { kind: "time", length: 300 } }, bars: [bar(0)], synced: true };

test("frames after the snapshot add to it", () => {
  const view = play(minutes(), frame(11, { bars: [bar(3)], last_bar: bar(3).t, forming: bar(4) }), frame(12, { last_bar: bar(3).t, forming: bar(4) }));
  assert.deepEqual(view.shown.bars.map(({ i }) => i), [0, 1, 2, 3]);
  assert.equal(view.shown.forming.i, 4);
  assert.equal(view.lost, false);
});

test("a frame from before the snapshot changes nothing", () => {
  const view = minutes();
  assert.equal(reduceView(view, frame(10)), view);
  assert.equal(reduceView(view, frame(4, { bars: [bar(1)] })), view);
});

test("a gap in the numbers, an unknown newest bar and a new day are asked about", () => {
  assert.equal(reduceView(minutes(), frame(12)).lost, true);
  assert.equal(reduceView(minutes(), frame(11, { last_bar: bar(5).t })).lost, true);
  assert.equal(reduceView(minutes(), frame(1, { day: "2026-11-20" })).lost, true);
  assert.equal(play(minutes(), frame(12), snapshot({ seq: 12 })).lost, false);
});

test("frames of bars whose snapshot has not come are asked about, and draw nothing", () => {
  const other = want(minutes(), TICKS);
  const view = reduceView(other, frame(11, { key: "tick-500" }));
  assert.deepEqual([view.lost, view.shown], [true, other.shown]);
  assert.equal(reduceView(view, frame(12, { key: "tick-500" })), view);
  assert.equal(reduceView(view, snapshot({ key: "tick-500", view: TICKS })).lost, false);
  assert.equal(want(view, MINUTE).lost, false, "others are chosen");
});

test("until the new snapshot has come the old bars stay", () => {
  const view = want(minutes(), TICKS);
  assert.equal(loading(view), true);
  assert.equal(view.shown.key, "time-60");
  assert.equal(reduceView(view, frame(11)), view, "what is left behind moves no more");
  const there = reduceView(view, snapshot({ key: "tick-500", view: TICKS }));
  assert.equal(loading(there), false);
  assert.equal(there.shown.key, "tick-500");
});

test("a snapshot that is no longer wanted is ignored", () => {
  const view = want(minutes(), TICKS);
  assert.equal(reduceView(view, snapshot()), view);
  const own = want(view, null);
  assert.equal(reduceView(own, snapshot({ key: "tick-500" })), own);
  assert.equal(own.shown, null);
});

test("what went wrong is kept until something comes or else is chosen", () => {
  const view = reduceView(want(OWN, MINUTE), error());
  assert.equal(view.problem, "Too many.");
  assert.equal(loading(view), false);
  assert.equal(reduceView(view, snapshot()).problem, null);
  assert.equal(want(view, TICKS).problem, null);
  const other = want(OWN, TICKS);
  assert.equal(reduceView(other, error()), other, "about bars that were left");
  assert.equal(reduceView(other, error({ key: undefined })).problem, "Too many.");
});

test("signals of other bars are marked as not traded, once", () => {
  const signal = { id: "a", t: 5, bar: 0, ok: true };
  const view = play(minutes(), frame(11, { signals: [signal] }), frame(12, { signals: [signal] }));
  assert.deepEqual(view.shown.signals, [{ ...signal, foreign: true }]);
});

test("levels stay until others are told", () => {
  const view = play(want(OWN, MINUTE), snapshot({ levels: [{ id: "a" }] }), frame(11));
  assert.deepEqual(view.shown.levels, [{ id: "a" }]);
  assert.deepEqual(reduceView(view, frame(12, { levels: [] })).shown.levels, []);
});

test("so do levels that ended", () => {
  const view = play(want(OWN, MINUTE), snapshot({ gone: [{ id: "b" }] }), frame(11, { gone: null }));
  assert.deepEqual(view.shown.gone, [{ id: "b" }]);
  const more = [{ id: "b" }, { id: "c" }];
  assert.deepEqual(reduceView(view, frame(12, { levels: [], gone: more })).shown.gone, more);
});

test("levels are the view's while it is drawn, and the session's before and after", () => {
  const own = { levels: [{ id: "own" }], gone: [] };
  const there = play(want(OWN, MINUTE), snapshot({ levels: [{ id: "a" }] }));
  const drawn = (view, state = STATE) => levelsOf(view, state, lens()(state, view), own).levels[0].id;
  assert.equal(drawn(OWN), "own");
  assert.equal(drawn(want(OWN, MINUTE)), "own", "until the view's bars are there");
  assert.equal(drawn(there), "a");
  assert.equal(drawn(want(there, TICKS)), "a", "until the next view's bars are there");
  assert.equal(drawn(want(there, null)), "own");
  assert.equal(drawn(there, { ...STATE, config: { ...STATE.config, account: "other" } }), "own");
});

test("a forming bar that has closed is none", () => {
  const view = reduceView(minutes(), frame(11, { bars: [bar(3)], last_bar: bar(3).t, forming: bar(3) }));
  assert.equal(view.shown.forming, null);
});

test("the lens shows the view's bars over the session, and the session without a view", () => {
  const look = lens();
  assert.equal(look(STATE, OWN), STATE);
  const seen = look(STATE, minutes());
  assert.deepEqual(drawn(seen).map(({ i }) => i), [0, 1, 2, 3]);
  assert.equal(seen.config.timeframe, 60);
  assert.equal(seen.config.account, "paper");
  assert.equal(seen.synced, true);
});

test("who compares by identity sees no change where there is none", () => {
  const look = lens();
  const view = minutes();
  const seen = look(STATE, view);
  assert.equal(look(STATE, view), seen);
  const later = look(STATE, reduceView(view, frame(11)));
  assert.equal(later.config, seen.config);
  assert.equal(later.bars, seen.bars);
});

test("bars that an address asks for are waited for, unless they cannot be had", () => {
  const view = want(OWN, MINUTE, { first: true });
  assert.deepEqual(drawn(lens()(STATE, view)), []);
  assert.equal(lens()(STATE, reduceView(view, error())), STATE);
  assert.equal(lens()(EMPTY, view), EMPTY);
});

test("another account's bars are not drawn over this one's", () => {
  const other = { ...STATE, config: { ...STATE.config, account: "other" } };
  assert.equal(lens()(other, minutes()), other);
});
