import assert from "node:assert/strict";
import { test } from "node:test";

import * as format from "../../static/js/format.js";

const ES = format.grid("0.25", 2);

test("a price is made from ticks by integers, with all the tick's decimals", () => {
  assert.equal(format.price(19201, ES), "4800.25");
  assert.equal(format.price(19200, ES), "4800.00");
  assert.equal(format.price(-3, ES), "−0.75");
  assert.equal(format.price(1, format.grid("0.01", 2)), "0.01");
  assert.equal(format.price(605001, format.grid("0.1", 1)), "60500.1");
  assert.equal(format.price(7, format.grid("1", 0)), "7");
  assert.equal(format.price(null, ES), "–");
});

test("a price that no float holds is written exactly", () => {
  const tiny = format.grid("0.00000001", 8);
  assert.equal(format.price(9007199254740991, tiny), "90071992.54740991");
});

test("the axis comes back to the same tick for every tick", () => {
  for (const tick of ["0.25", "0.1", "0.01", "0.00001", "5"]) {
    const of = format.grid(tick);
    for (let ticks = -50; ticks < 200_000; ticks += 337) {
      assert.equal(format.fromAxis(format.toAxis(ticks, of), of), ticks);
    }
  }
});

test("a tick that is no positive number is refused", () => {
  for (const tick of ["0", "-1", "abc", ""]) assert.throws(() => format.grid(tick), RangeError);
});

test("a price string keeps the instrument's decimals", () => {
  assert.equal(format.priceText("5012.375", ES), "5012.37");
  assert.equal(format.priceText("5012.5", ES), "5012.50");
  assert.equal(format.priceText(null, ES), "–");
});

test("money has thousands, cents and a sign that is not a hyphen", () => {
  assert.equal(format.money("1234567.5"), "1,234,567.50");
  assert.equal(format.money("-1234.5"), "−1,234.50");
  assert.equal(format.money("12.5", { sign: true }), "+12.50");
  assert.equal(format.money("0.00", { sign: true }), "0.00");
  assert.equal(format.money("-0.00"), "0.00");
  assert.equal(format.money("500", { places: 0 }), "500");
  assert.equal(format.money(null), "–");
});

test("decimal strings add exactly", () => {
  assert.equal(format.add("0.1", "0.2"), "0.30");
  assert.equal(format.add("-258.50", "-184.00"), "-442.50");
  assert.equal(format.add("100", "-100.00"), "0.00");
  assert.equal(format.add("90071992547409.93", "0.01"), "90071992547409.94");
  assert.equal(format.signOf(format.add("-1", "1")), 0);
  assert.equal(format.signOf("-0.01"), -1);
});

test("volumes fit a cell of five characters", () => {
  const cases = [[0, "0"], [9999, "9999"], [12_345, "12.3k"], [99_999, "99.9k"], [123_456, "123k"], [1_234_567, "1.2M"], [-12_345, "−12.3k"]];
  for (const [lots, text] of cases) assert.equal(format.compact(lots), text);
});

test("signed counts", () => {
  assert.equal(format.signed(1234), "+1,234");
  assert.equal(format.signed(-20), "−20");
  assert.equal(format.signed(0), "0");
});

test("times are New York's, in summer and in winter", () => {
  assert.equal(format.time(Date.UTC(2026, 10, 19, 14, 30)), "09:30");
  assert.equal(format.time(Date.UTC(2026, 6, 20, 13, 30)), "09:30");
  assert.equal(format.time(Date.UTC(2026, 6, 20, 4, 0)), "00:00");
});

test("an age says what matters at its size", () => {
  assert.equal(format.age(420), "0.4 s");
  assert.equal(format.age(31_900), "31 s");
  assert.equal(format.age(192_000), "3 min 12 s");
  assert.equal(format.age(7_500_000), "2 h 5 min");
});

test("a size is told in contracts or coins, exactly", () => {
  assert.equal(format.size(2, "1"), "2");
  assert.equal(format.size(3, "0.001"), "0.003");
});

test("short bars are told with seconds", () => {
  const at = Date.UTC(2026, 10, 19, 14, 30, 15);
  assert.equal(format.barTime(at, 15), "09:30:15");
  assert.equal(format.barTime(at, 60), "09:30");
});

test("names and reasons read as words", () => {
  assert.equal(format.words("STACKED_BUY_IMBALANCE"), "Stacked buy imbalance");
  const rejected = { pattern: "BUY_IMBALANCE", why: "BUY_IMBALANCE is not enabled in TRENDING_UP" };
  assert.equal(format.reason(rejected), "Not enabled in trending up");
  assert.equal(format.reason({ pattern: "X", why: "" }), "Rejected");
  assert.equal(format.timeframe(300), "5 min");
});
