// Whose money is at stake, in words.

import assert from "node:assert/strict";
import test from "node:test";

import { consequences } from "../../static/js/control/consequences.js";
import { moneyWords } from "../../static/js/money.js";

const REAL = { account: "live-MES", mode: "live", broker: { name: "Rithmic", account: "S-1", test: false } };
const TEST = { ...REAL, broker: { name: "Test broker", account: "S-1", test: true } };
const UP = { up: true, since: 1_000, reconciled: 88_000, differences: 0, unknown: 0, text: "in agreement" };
const said = (config, broker, { connection = "open", now = 5_000 } = {}) =>
  moneyWords({ config, frame: { now: 100_000, broker }, frameAt: 5_000 }, connection, now);
const texts = (words) => [words.label, ...words.parts.map(({ text }) => text)].join(" · ");

test("nothing is said on paper, and nothing of a replay", () => {
  assert.equal(moneyWords({ config: null }, "open", 0), null);
  assert.equal(said({ ...REAL, broker: null }, null), null);
  assert.equal(said({ ...REAL, replay: true }, UP), null);
});

test("real money names broker, account, line and the last reconciliation", () => {
  const words = said(REAL, UP);
  assert.equal(texts(words), "Real money · Rithmic · account S-1 · live-MES · line up · reconciled 12 s ago");
  assert.deepEqual([words.level, words.test], ["ok", false]);
});

test("the age goes on by the server's clock", () => {
  assert.match(texts(said(REAL, UP, { now: 8_000 })), /reconciled 15 s ago/);
});

test("the test broker is called that", () => {
  assert.equal(texts(said(TEST, UP)), "Test broker · account S-1 · live-MES · line up · reconciled 12 s ago");
});

test("what is wrong is said and marked", () => {
  const words = said(REAL, { ...UP, up: false, since: 70_000, reconciled: null, differences: 2, unknown: 1 });
  assert.match(texts(words), /line down for 30 s · not reconciled yet · 2 differences · 1 order unknown/);
  assert.equal(words.level, "warn");
  assert.equal(said(REAL, { ...UP, reconciled: -60_000 }).level, "warn");
});

test("a page that hears nothing does not say how the line is", () => {
  for (const words of [said(REAL, UP, { connection: "closed" }), said(REAL, UP, { now: 20_000 })]) {
    assert.match(texts(words), /line not known here$/);
    assert.equal(words.level, "warn");
  }
});

test("dialogs name the account whose money it is", () => {
  const facts = (config) => consequences("halt", { config: { ...config, tick: "0.25", decimals: 2 }, frame: null, frameAt: null, bars: [] }, 0).map(({ text }) => text);
  assert.ok(facts(REAL).includes("Real money: orders go to Rithmic, account S-1."));
  assert.ok(facts(TEST).includes("Test broker, account S-1: nobody's money."));
  assert.ok(!facts({ account: "paper", mode: "paper", broker: null }).some((text) => /money/i.test(text)));
});
