// What is known of a bar, prices first, then what was traded: the one under the crosshair, else the latest.

import * as format from "../format.js";
import { $, h, whenChanged } from "./dom.js";

const pair = (label, value, name = null, title = null) =>
  h("span", { class: "readout__pair", title }, h("span", { class: "readout__label" }, label), h("span", { class: name }, value));

const render = whenChanged((bar, grid, price, seconds) => {
  const tone = (value) => (value > 0 ? "buy" : value < 0 ? "sell" : null);
  const level = price === null ? null : bar.lv.find(([at]) => at === price);
  const prices = [
    pair("", `${format.barTime(bar.t, seconds)} NY`, "readout__time"),
    ...(level ? [pair(format.price(price, grid), `${format.volume(level[1])} × ${format.volume(level[2])}`, "readout__level", "Bid × ask at the crosshair")] : []),
    pair("O", format.price(bar.o, grid)),
    pair("H", format.price(bar.h, grid)),
    pair("L", format.price(bar.l, grid)),
    pair("C", format.price(bar.c, grid), tone(bar.c - bar.o)),
    ...(bar.svwap ? [pair("VWAP", format.priceText(bar.svwap, grid), null, "Of the session, at this bar")] : []),
  ];
  const flow = [
    pair("Vol", format.volume(bar.v)),
    h("span", { class: "readout__pair", title: "Bought and sold" }, h("span", { class: "buy" }, format.volume(bar.bv)), " / ", h("span", { class: "sell" }, format.volume(bar.sv))),
    pair("Delta", format.signed(bar.d), tone(bar.d), "Ask volume less bid volume"),
    pair("", `${format.signed(bar.dmin)}…${format.signed(bar.dmax)}`, "muted", "Lowest and highest running delta in the bar"),
    pair("POC", format.price(bar.poc, grid), null, "Price with most volume"),
    pair("VA", `${format.price(bar.val, grid)}–${format.price(bar.vah, grid)}`, null, "Value area, 70 % of volume: VAL to VAH"),
    ...(bar.regime ? [pair("Regime", format.regime(bar.regime, bar.conf))] : []),
    ...(bar.warm ? [pair("", "warm-up")] : []),
  ];
  $("readout").replaceChildren(h("div", { class: "readout__lines" },
    h("div", { class: "readout__line" }, ...prices), h("div", { class: "readout__line" }, ...flow)));
});

export function renderReadout(state, point) {
  const bar = point?.bar ?? state.forming ?? state.bars.at(-1) ?? null;
  if (!bar || !state.config) return;
  // The forming bar is another object with each frame; under a resting crosshair it must be the new one.
  const current = state.forming && bar.t === state.forming.t ? state.forming : bar;
  render(current, gridOf(state.config), point?.price ?? null, state.config.timeframe);
}

let known = { config: null, grid: null };
function gridOf(config) {
  if (known.config !== config) known = { config, grid: format.grid(config.tick, config.decimals) };
  return known.grid;
}
