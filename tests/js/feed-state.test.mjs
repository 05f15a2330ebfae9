import assert from "node:assert/strict";
import { test } from "node:test";

import { feedState } from "../../static/js/feed-state.js";

const at = (now, feed = {}, socket = "open") => feedState({
  socket, now, frameAt: 0, frame: { feed: { state: "live", age_ms: 100, ...feed } },
});

test("the age grows by the page's own clock when no frame comes", () => {
  assert.equal(at(0).age, 100);
  assert.equal(at(3_000).age, 3_100);
});

test("fresh is live, five seconds are amber, thirty are red", () => {
  assert.equal(at(1_000).level, "ok");
  assert.equal(at(0, { age_ms: 5_500 }).level, "warn");
  assert.equal(at(6_000).level, "warn");
  assert.deepEqual([at(31_000).level, at(31_000).text], ["danger", "Stale"]);
  assert.equal(at(0, { state: "stale" }).level, "danger");
});

test("a lost connection is red at once, whatever came before", () => {
  assert.deepEqual([at(0, {}, "closed").level, at(0, {}, "closed").text], ["danger", "Disconnected"]);
  assert.equal(at(0, {}, "refused").text, "Logged out");
});

test("a feed that lost its source is red at once, however new its last tick is", () => {
  assert.deepEqual([at(0, { state: "lost" }).level, at(0, { state: "lost" }).text], ["danger", "Feed lost"]);
});

test("a closed market's silence is no fault, a dead pipeline's is", () => {
  const closed = (now, age) => feedState({
    socket: "open", now, frameAt: 0,
    frame: { feed: { state: "stale", age_ms: age }, session: { phase: "closed" } },
  });
  assert.deepEqual([closed(0, 90_000).level, closed(0, 90_000).text], ["idle", "Market closed"]);
  assert.equal(closed(10_000, 90_000).level, "danger");
});

test("waiting and ended are neither good nor bad", () => {
  assert.equal(at(0, { state: "waiting", age_ms: null }).level, "idle");
  assert.equal(at(90_000, { state: "ended" }).level, "idle");
  assert.equal(feedState({ socket: "open", frame: null, frameAt: null, now: 5 }).level, "idle");
});

test("a session that was stopped is idle, one that failed is a fault", () => {
  assert.deepEqual([at(9_000, { state: "stopped" }).level, at(9_000, { state: "stopped" }).text], ["idle", "Stopped"]);
  const frame = { feed: { state: "ended", age_ms: 1 }, session: { status: "failed" } };
  assert.equal(feedState({ socket: "open", frame, frameAt: 0, now: 0 }).level, "danger");
});
