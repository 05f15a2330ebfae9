import assert from "node:assert/strict";
import { test } from "node:test";

import { accountAddress, silenceWords, sorted, stateWords } from "../../static/js/sessions.js";

const session = (account, running, extra = {}) => ({
  id: 1, account, symbol: "MES", running, status: running ? "running" : "ended", phase: "open", day: "2026-11-19", updated: 0, ...extra,
});

test("the address keeps bars of time and leaves those that belong to an instrument", () => {
  assert.equal(accountAddress("paper-MNQ", "?bars=time-60"), "/?account=paper-MNQ&bars=time-60");
  assert.equal(accountAddress("paper-MNQ", "?account=a&bars=volume-500"), "/?account=paper-MNQ");
  assert.equal(accountAddress("a&b", ""), "/?account=a%26b");
});

test("those that run come apart from those that are over", () => {
  const { running, over } = sorted([session("a", true), session("b", false), session("c", false)], 1);
  assert.deepEqual([running.map(({ account }) => account), over.map(({ account }) => account)], [["a"], ["b"]]);
});

test("a session's state is said in words", () => {
  assert.equal(stateWords(session("a", true)), "open");
  assert.equal(stateWords(session("a", true, { phase: "entries_closed" })), "entries closed");
  assert.equal(stateWords(session("a", true, { phase: "" })), "running");
  assert.equal(stateWords(session("a", false)), "ended");
  assert.equal(stateWords(session("a", false, { status: "running" })), "not heard of");
});

test("silence is explained by what is known of the account", () => {
  const words = (sessions, shared = false) => silenceWords({ sessions, shared }, "a");
  const elsewhere = words([session("a", true), session("b", true)]);
  assert.match(elsewhere.text, /Redis/);
  assert.equal(elsewhere.poll, true);
  assert.equal(words([session("a", true)], true), null);
  assert.equal(silenceWords({ sessions: [session("a", true)], shared: false }, "a", true), null);
  assert.equal(words([session("a", false, { status: "running" })]).level, "danger");
  assert.deepEqual(words([session("a", false)]).level, "info");
  assert.equal(words([session("b", true)]), null);
});
