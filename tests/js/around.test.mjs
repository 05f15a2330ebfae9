// What stands around the chart: session clock, tiers, working orders, heartbeat.

import assert from "node:assert/strict";
import { test } from "node:test";

import * as format from "../../static/js/format.js";
import { Rate, Samples, micros, troubles } from "../../static/js/heartbeat.js";
import { countdown, eventNow, nextMoment, progress } from "../../static/js/session-clock.js";
import { allows, drawdown, standing } from "../../static/js/tiers.js";
import { orderRows } from "../../static/js/working-orders.js";

const TIMES = { open: 1000, entries_from: 2000, entries_to: 7000, flatten: 8000, close: 9000, end: 9500 };

test("the next moment of the day is told with what is left", () => {
  assert.deepEqual(nextMoment(TIMES, 0), { name: "open", words: "Opens", at: 1000, left: 1000 });
  assert.equal(nextMoment(TIMES, 1000).name, "entries_from");
  assert.deepEqual(nextMoment(TIMES, 6500), { name: "entries_to", words: "Last entries", at: 7000, left: 500 });
  assert.equal(nextMoment(TIMES, 9500), null);
  assert.equal(nextMoment(null, 5), null);
  assert.equal(nextMoment(TIMES, null), null);
});

test("the session's progress has its marks", () => {
  assert.deepEqual(progress(TIMES, 5000), { at: 0.5, from: 0.125, to: 0.75, flatten: 0.875 });
  assert.equal(progress(TIMES, 99_999).at, 1);
  assert.equal(progress({ ...TIMES, close: 1000 }, 5000), null);
});

test("event time goes on with real time, at real speed alone", () => {
  const frame = (speed, state = "live") => ({ session: { ts: 5000 }, feed: { speed, state } });
  assert.equal(eventNow(frame("1"), 100, 350), 5250);
  assert.equal(eventNow(frame("30"), 100, 350), 5000);
  assert.equal(eventNow(frame("1", "ended"), 100, 350), 5000);
  assert.equal(eventNow(frame("1", "replay"), 100, 350), 5000);
  assert.equal(eventNow({ session: { ts: null } }, 100, 350), null);
});

test("a countdown has seconds only where they matter", () => {
  assert.equal(countdown(4_320_000), "1 h 12 min");
  assert.equal(countdown(1_500_000), "25 min");
  assert.equal(countdown(95_000), "1 min 35 s");
  assert.equal(countdown(1), "1 s");
  assert.equal(countdown(-5), "0 s");
});

const TIERS = [
  { name: "MES 1-3", min: "0.00", symbol: "MES", sizes: [1, 3], limit: "100.00" },
  { name: "ES 1", min: "3500.00", symbol: "ES", sizes: [1, 1], limit: "400.00" },
];

test("the way to the next tier is told exactly", () => {
  const { at, next, share, lacking } = standing(TIERS, "MES 1-3", "2500.10");
  assert.equal(at, 0);
  assert.equal(next.name, "ES 1");
  assert.equal(lacking, "999.90");
  assert.ok(Math.abs(share - 0.7143) < 0.001);
  assert.equal(standing(TIERS, "MES 1-3", "3600").lacking, "0.00");
});

test("the last tier has no next, and a tier that is gone has no place", () => {
  assert.deepEqual(standing(TIERS, "ES 1", "9000"), { at: 1, tier: TIERS[1], next: null, share: 1, lacking: null });
  assert.equal(standing(TIERS, "other", "1").at, -1);
  assert.equal(standing([], "", null).next, null);
});

test("what a tier allows names its own symbol or the feed's", () => {
  assert.equal(allows(TIERS[0], "X"), "1–3 × MES");
  assert.equal(allows({ sizes: [1, 1], symbol: "" }, "BTC"), "1 × BTC");
});

test("drawdown counts open P&L and is never negative", () => {
  assert.equal(drawdown("2600.00", "2500.00", "-25.50"), "125.50");
  assert.equal(drawdown("2500.00", "2500.00", "40.00"), "0.00");
  assert.equal(drawdown(undefined, "1", "1"), null);
});

test("orders are listed from the highest price down with their distance", () => {
  const order = (role, price, side = -1) => ({ id: role, role, kind: "limit", side, size: 3, filled: 1, price });
  const rows = orderRows([order("stop", 90), order("target", 120), order("exit", null)], 100);
  assert.deepEqual(rows.map(({ role, away, left }) => [role, away, left]), [["Exit", null, 2], ["Target", 20, 2], ["Stop", -10, 2]]);
  assert.equal(orderRows([order("stop", 90)], null)[0].away, null);
  assert.deepEqual(orderRows(), []);
});

const frame = (changes = {}) => ({
  output: { failing: false, waiting: 3, inputs: 0, ...changes.output },
  feed: { speed: "1", latency_us: { p50: 5, p99: 40 }, ...changes.feed },
});
const fine = { level: "ok", age: 200 };

test("a healthy system has nothing to say", () => {
  assert.deepEqual(troubles({ connection: "open", feed: fine, frame: frame(), roundTrip: 20 }), []);
  assert.deepEqual(troubles({ connection: "connecting", feed: { level: "idle", age: null }, frame: null }), []);
});

test("each trouble is named, the worst first", () => {
  const words = (situation) => troubles({ connection: "open", feed: fine, frame: frame(), ...situation }).map(({ level, text }) => `${level}: ${text}`);
  assert.deepEqual(words({ connection: "closed" }), ["danger: No connection to the server"]);
  assert.deepEqual(words({ feed: { level: "danger", age: 40_000 } }), ["danger: The feed is silent"]);
  assert.deepEqual(words({ feed: { level: "warn", age: 9_000 } }), ["warn: Ticks come late"]);
  assert.deepEqual(words({ feed: { level: "warn", age: 9_000, silent: true } }), ["warn: The server says nothing"]);
  assert.deepEqual(words({ frame: frame({ output: { inputs: 8 } }), roundTrip: 900 }), [
    "warn: The engine is behind: its queue is full", "warn: The way to the server is slow"]);
  assert.deepEqual(words({ frame: frame({ output: { failing: true, inputs: 8 } }) })[0], "danger: The database takes no rows; 3 wait");
  assert.deepEqual(words({ frame: frame({ output: { waiting: 9_000 } }) }), ["warn: 9000 rows wait for the database"]);
  assert.deepEqual(words({ frame: frame({ feed: { latency_us: { p99: 50_000 } } }) }), ["warn: The engine is slow"]);
  assert.deepEqual(words({ frame: frame({ output: { inputs: 8 }, feed: { speed: "max" } }) }), []);
});

test("a sparkline ends at the right edge and reaches the top with its largest value", () => {
  const samples = new Samples(5);
  assert.equal(samples.points(40, 10), "");
  for (const value of [1, 2, 4]) samples.add(value);
  assert.equal(samples.points(40, 10), "20.0,7.5 30.0,5.0 40.0,0.0");
  for (let value = 0; value < 10; value += 1) samples.add(value);
  assert.equal(samples.values.length, 5);
});

test("a rate is of the last seconds", () => {
  const rate = new Rate(1000);
  for (let at = 0; at < 5000; at += 20) rate.add(at);
  assert.equal(rate.perSecond(4980), 50);
  assert.equal(rate.perSecond(9000), 0);
});

test("microseconds are written as short as they can be", () => {
  assert.deepEqual([4.25, 85.4, 850, 12_345, 250_000, null].map(micros), ["4.3 µs", "85 µs", "850 µs", "12.3 ms", "250 ms", "–"]);
});

test("times of trades are New York's with milliseconds, on both sides of an hour and of the clocks' change", () => {
  assert.equal(format.timeMs(Date.UTC(2024, 5, 12, 13, 31, 5, 7)), "09:31:05.007");
  assert.equal(format.timeMs(Date.UTC(2024, 5, 12, 13, 59, 59, 999)), "09:59:59.999");
  assert.equal(format.timeMs(Date.UTC(2024, 5, 12, 14, 0, 0, 0)), "10:00:00.000");
  assert.equal(format.timeMs(Date.UTC(2024, 11, 12, 14, 31, 5, 7)), "09:31:05.007");
});
