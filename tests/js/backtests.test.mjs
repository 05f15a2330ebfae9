// A backtest's progress, and choosing two of a list.

import assert from "node:assert/strict";
import { test } from "node:test";

import { mayChoose, ready } from "../../static/js/backtests/choosing.js";
import { duration, isOver, news, Progress, rate, SILENT_MS, widths, WINDOW_MS, words } from "../../static/js/backtests/progress.js";

const START = { id: 7, status: "running", done: 0, days: 100, analysed: 0, kept: 0, ticks: 0, started: 0, stopping: false };

function going(...heard) {
  const progress = new Progress(START, 1_000);
  for (const [at, message] of heard) progress.hear(message, at);
  return progress;
}

test("speed and time left are those of the last messages", () => {
  const progress = going([3_000, { done: 10, analysed: 30, ticks: 8_000_000 }]);
  assert.equal(progress.speed(3_000), 4_000_000);
  assert.equal(progress.left(3_000), (160 * 2) / 40); // of 200 steps 40 took 2 s
});

test("what is long ago does not count", () => {
  const progress = going([2_000, { analysed: 100, ticks: 50_000_000 }], [2_000 + WINDOW_MS * 2, { done: 1, ticks: 50_000_000 }], [2_000 + WINDOW_MS * 3, { done: 2 }]);
  assert.equal(progress.speed(2_000 + WINDOW_MS * 3), 0);
  assert.equal(progress.left(2_000 + WINDOW_MS * 3), (98 * WINDOW_MS) / 1000);
});

test("nothing is said of the future before anything moved", () => {
  const progress = going();
  assert.equal(progress.speed(9_000), null);
  assert.equal(progress.left(9_000), null);
  assert.equal(words(progress, "open", 9_000).left, "–");
  assert.equal(words(progress, "open", 9_000).speed, "–");
});

test("when nothing moves, no time is promised, and a first run may compile", () => {
  const progress = going([2_000, { analysed: 12 }]);
  assert.equal(progress.left(3_000), (188 * 2) / 12);
  assert.equal(progress.left(2_000 + SILENT_MS), null);
  assert.match(news(going(), "open", 1_000 + SILENT_MS), /compiles the engine/);
  assert.match(news(progress, "open", 2_000 + SILENT_MS), /worker is gone/);
});

test("a message that does not say something leaves it as it was", () => {
  const progress = going([2_000, { done: 3, ticks: 5 }], [2_500, { analysed: 8 }]);
  assert.deepEqual([progress.now.done, progress.now.analysed, progress.now.days], [3, 8, 100]);
});

test("the same message again is no news", () => {
  const progress = going([2_000, { done: 3 }], [2_000 + SILENT_MS, { done: 3 }]);
  assert.equal(progress.silent(2_000 + SILENT_MS), SILENT_MS / 1000);
  assert.match(news(progress, "open", 2_000 + SILENT_MS), /^Nothing new for 20 s\./);
});

test("what is wrong is said, the worst first", () => {
  const late = 1_000 + SILENT_MS;
  assert.equal(news(going(), "open", 2_000), "");
  assert.match(news(going(), "closed", 2_000), /asks every few seconds/);
  assert.match(news(going(), "refused", late), /logged out/);
  assert.match(news(going([2_000, { stopping: true }]), "open", 2_000), /stops after the days/);
  const waiting = new Progress({ ...START, status: "waiting" }, 1_000);
  assert.match(news(waiting, "open", 2_000), /waits for a worker/);
  assert.match(news(waiting, "open", late), /celery -A tradebot worker/);
});

test("a run is over when it neither waits nor runs", () => {
  assert.deepEqual(["waiting", "running", "done", "stopped", "failed"].map((status) => isOver({ status })), [false, false, true, true, true]);
});

test("amounts of time and ticks are said as people do", () => {
  assert.deepEqual([null, 0.4, 59.6, 75, 3_725].map(duration), ["–", "0 s", "1 min 0 s", "1 min 15 s", "1 h 2 min"]);
  assert.deepEqual([null, 0, 1234.4, 12_345_678].map(rate), ["–", "–", "1,234 ticks/s", "12.3 million ticks/s"]);
});

test("words and widths follow the run", () => {
  const progress = going([2_000, { done: 25, analysed: 50, kept: 7, ticks: 1_500 }]);
  const said = words(progress, "open", 61_000);
  assert.equal(said.done, "25 of 100 days");
  assert.equal(said.stage, "50 analysed, 7 of them kept from before");
  assert.equal(said.elapsed, "1 min 1 s");
  assert.deepEqual(widths(progress.now), { done: "25.0%", analysed: "50.0%" });
  assert.deepEqual(widths({ done: 0, analysed: 0, days: 0 }), { done: "0%", analysed: "0%" });
});

test("two of a list are chosen, no third", () => {
  assert.deepEqual([0, 1, 2].map(ready), [false, false, true]);
  assert.deepEqual([mayChoose(false, 1), mayChoose(false, 2), mayChoose(true, 2)], [true, false, true]);
});
