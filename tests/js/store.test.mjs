import assert from "node:assert/strict";
import { test } from "node:test";

import { EMPTY, MAX_BARS, OTHER_AFTER_MS, drawn, have, missing, reduce } from "../../static/js/store.js";

const CONFIG = { account: "paper", symbol: "ES", timeframe: 300, session_date: "2026-11-19", mode: "paper", source: "simulator" };
const bar = (i, extra = {}) => ({ i, t: i * 300_000, e: (i + 1) * 300_000, c: 100 + i, ...extra });
const bars = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => bar(from + index));
const signal = (id, t) => ({ id, t, bar: t - 1, ok: true });
const trade = (id, xt) => ({ id, et: 1, xt, net: xt === null ? null : "5.00" });
const snapshot = (extra = {}) => ({ type: "snapshot", have: null, config: CONFIG, bars: [], signals: [], trades: [], frame: null, ...extra });
const frame = (seq, extra = {}) => ({
  type: "frame", seq, account_name: "paper", bars: [], last_bar: null, forming: null, signals: [], trades: [],
  notices: [], position: null, session: { day: "2026-11-19" }, ...extra,
});
const play = (...messages) => messages.reduce((state, message, index) => reduce(state, message, index * 100), EMPTY);
const times = (state) => state.bars.map(({ i }) => i);

test("a snapshot and frames make one list of bars, the forming one last", () => {
  const state = play(snapshot({ bars: bars(0, 2) }), frame(1, { bars: [bar(3)], last_bar: bar(3).t, forming: bar(4) }));
  assert.deepEqual(times(state), [0, 1, 2, 3]);
  assert.deepEqual(drawn(state).map(({ i }) => i), [0, 1, 2, 3, 4]);
  assert.equal(missing(state), null);
});

test("what comes twice changes nothing, not even the lists' identity", () => {
  const messages = [
    snapshot({ bars: bars(0, 2), signals: [signal("a", 10)], trades: [trade("x", 20)] }),
    frame(1, { bars: [bar(3)], last_bar: bar(3).t, signals: [signal("b", 30)], trades: [trade("y", 40)] }),
  ];
  const once = play(...messages);
  const twice = reduce(reduce(once, { ...messages[1] }, 500), snapshot({ bars: bars(0, 3), signals: [signal("a", 10), signal("b", 30)], trades: [trade("x", 20), trade("y", 40)] }), 600);
  for (const name of ["bars", "signals", "trades", "notices"]) assert.equal(twice[name], once[name]);
});

test("frames before the first snapshot are kept, and asking is the socket's", () => {
  const early = play(frame(5, { bars: [bar(3)], last_bar: bar(3).t }));
  assert.equal(missing(early), null);
  assert.equal(have(early), null);
  const state = reduce(early, snapshot({ bars: bars(0, 2) }), 100);
  assert.deepEqual(times(state), [0, 1, 2, 3]);
  assert.equal(state.frame.seq, 5);
});

test("an older frame in a snapshot does not replace a newer one", () => {
  const state = play(frame(7, { forming: bar(4) }), snapshot({ bars: bars(0, 3), frame: frame(6, { forming: bar(3) }) }));
  assert.equal(state.seq, 7);
  assert.equal(state.forming.i, 4);
  assert.equal(state.stale, false);
});

test("a bar that the page lacks is asked for", () => {
  const state = play(snapshot({ bars: bars(0, 2) }), frame(1, { last_bar: bar(3).t }));
  assert.deepEqual(missing(state), { have: bar(2).t });
  const caught = reduce(state, snapshot({ have: bar(2).t, bars: [bar(3)] }), 300);
  assert.equal(missing(caught), null);
  assert.deepEqual(times(caught), [0, 1, 2, 3]);
});

test("a gap in the middle is asked for from before the gap, and filled in order", () => {
  const state = play(snapshot({ bars: bars(0, 2) }), frame(1), frame(2, { bars: [bar(5)], last_bar: bar(5).t }));
  assert.deepEqual(missing(state), { have: bar(2).t });
  assert.equal(have(state), bar(2).t);
  const filled = reduce(state, snapshot({ have: bar(2).t, bars: bars(3, 5) }), 300);
  assert.deepEqual(times(filled), [0, 1, 2, 3, 4, 5]);
  assert.equal(missing(filled), null);
});

test("a lost frame is noticed by its number even if it carried no bar", () => {
  const state = play(snapshot({ bars: bars(0, 2) }), frame(1), frame(3, { last_bar: bar(2).t }));
  assert.deepEqual(missing(state), { have: bar(2).t });
  const caught = reduce(state, snapshot({ have: bar(2).t, trades: [trade("x", 9)] }), 300);
  assert.equal(missing(caught), null);
  assert.equal(caught.trades.length, 1);
});

test("a whole answer drops what lies before it, so that no gap remains", () => {
  const state = play(snapshot({ bars: bars(0, 10) }), snapshot({ bars: bars(600, 700) }));
  assert.deepEqual([state.bars[0].i, state.bars.length], [600, 101]);
  assert.equal(missing(state), null);
});

test("a pipeline that starts anew, or another day, brings everything anew", () => {
  for (const odd of [frame(1), frame(9, { session: { day: "2026-11-20" } })]) {
    const state = play(snapshot({ bars: bars(0, 2), signals: [signal("a", 1)] }), frame(8), odd);
    assert.deepEqual(missing(state), { have: null });
    const config = { ...CONFIG, session_date: odd.session.day };
    const anew = reduce(state, snapshot({ config, bars: bars(0, 0) }), 300);
    assert.deepEqual(times(anew), [0]);
    assert.equal(anew.signals.length, 0);
    assert.equal(missing(anew), null);
  }
});

test("a partial answer about another session does not pass for the whole", () => {
  const state = play(snapshot({ bars: bars(0, 2) }), snapshot({ have: bar(2).t, config: { ...CONFIG, timeframe: 60 }, bars: [bar(7)] }));
  assert.deepEqual(missing(state), { have: null });
});

test("another account's frames are ignored while our own come", () => {
  const ours = play(snapshot({ bars: bars(0, 1) }), frame(4));
  const other = frame(900, { account_name: "other", bars: [bar(9)] });
  assert.equal(reduce(ours, other, 200), ours);
  const followed = reduce(ours, other, 200 + OTHER_AFTER_MS);
  assert.deepEqual(missing(followed), { have: null });
});

test("the forming bar gives way to the closed one", () => {
  const state = play(snapshot({ bars: bars(0, 2) }), frame(1, { forming: bar(3) }), snapshot({ have: bar(2).t, bars: [bar(3)] }));
  assert.deepEqual(drawn(state).map(({ i }) => i), [0, 1, 2, 3]);
  assert.equal(state.forming, null);
});

test("an open trade is the position's, not the list's", () => {
  const state = play(snapshot({ trades: [trade("x", null), trade("y", 5)] }), frame(1, { trades: [trade("x", 7)] }));
  assert.deepEqual(state.trades.map(({ id }) => id), ["y", "x"]);
});

test("stored notices come before those that the page was told, each once", () => {
  const notice = (t, text) => ({ t, kind: "halted", text, level: "warning" });
  const state = play(frame(1, { notices: [notice(5, "b")] }), snapshot({ notices: [notice(1, "a"), notice(5, "b")] }), frame(2, { notices: [notice(5, "b"), notice(9, "c")] }));
  assert.deepEqual(state.notices.map(({ text }) => text), ["a", "b", "c"]);
});

test("memory is bounded", () => {
  const state = play(snapshot({ bars: bars(0, MAX_BARS + 50) }));
  assert.equal(state.bars.length, MAX_BARS);
  assert.equal(state.bars.at(-1).i, MAX_BARS + 50);
});

test("any order and repetition of the same messages ends in the same bars", () => {
  const closes = bars(0, 30).map((one, index) => frame(index + 1, { bars: [one], last_bar: one.t }));
  let seed = 7;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  for (let round = 0; round < 50; round += 1) {
    const seen = closes.filter(() => random() > 0.3);
    let state = play(snapshot({ bars: bars(0, 3) }), ...seen, ...seen.filter(() => random() > 0.5).map((one) => ({ ...one, seq: 99 })));
    state = reduce(state, snapshot({ have: have(state), bars: bars(0, 30) }), 0);
    assert.deepEqual(times(state), Array.from({ length: 31 }, (_, index) => index));
  }
});

test("an unknown message is ignored", () => {
  const state = play(snapshot());
  assert.equal(reduce(state, { type: "later" }, 5), state);
});
