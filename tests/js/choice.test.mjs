import assert from "node:assert/strict";
import { test } from "node:test";

import { DEFAULT, fromSearch, fromStored, toSearch } from "../../static/js/footprint/choice.js";
import { captionWords } from "../../static/js/footprint/words.js";
import { grid } from "../../static/js/format.js";

test("a choice goes into the address and comes back, beside what else is there", () => {
  const choice = { wish: "delta", rowWish: 4 };
  const search = toSearch("?symbol=MES", choice);
  assert.equal(search, "?symbol=MES&cells=delta&rows=4");
  assert.deepEqual(fromSearch(search), choice);
  assert.equal(toSearch(search, DEFAULT), "?symbol=MES");
  assert.equal(toSearch("?cells=delta", DEFAULT), "");
});

test("the address wins over what was stored, part by part; what is unknown does not", () => {
  const stored = { wish: "volume", rowWish: 10 };
  assert.deepEqual(fromSearch("?cells=delta", stored), { wish: "delta", rowWish: 10 });
  assert.deepEqual(fromSearch("?rows=auto", stored), { wish: "volume", rowWish: null });
  for (const bad of ["?cells=pie&rows=-1", "?rows=1.5", "?rows=x", "?rows=99999999999"]) assert.deepEqual(fromSearch(bad, stored), stored);
});

test("what another version or another page stored does no harm", () => {
  for (const text of [null, "", "{", "7", "null", '{"wish":"pie","rowWish":"4 ticks"}']) assert.deepEqual(fromStored(text), DEFAULT);
  assert.deepEqual(fromStored('{"wish":"volume","rowWish":20}'), { wish: "volume", rowWish: 20 });
});

test("the caption says what is drawn, how rows were grouped, and what the zoom lacks", () => {
  const plan = { wish: "auto", drawing: "bidask", ticks: 4, grouped: true, short: null };
  const words = (changes, lot) => captionWords({ ...plan, ...changes }, grid("0.25", 2), lot);
  assert.equal(words({}), "Bid × ask, 1.00 a row, grouped");
  assert.equal(words({ ticks: 1, grouped: false }), "Bid × ask, 0.25 a row");
  assert.equal(words({ wish: "delta", drawing: "candles", short: "spacing" }), "Candles, zoom in for delta");
  assert.equal(words({ drawing: "delta", short: "width", grouped: false }), "Delta, 1.00 a row, zoom in for numbers");
  assert.equal(words({ grouped: false }, "0.001"), "Bid × ask, 1.00 a row, volumes in lots of 0.001");
});
