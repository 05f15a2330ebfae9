// What the chart's signs mean, drawn with the very shapes that the chart draws.

import { markElement } from "../chart/marks.js";
import { FAMILIES } from "../signals.js";
import { $, h } from "./dom.js";

const KEYS = [["+  −", "zoom"], ["← →", "scroll"], ["0", "footprint of the latest bars"], ["Wheel", "zoom; over the prices, stretch them"], ["End", "back to live"], ["L", "overlays"]];

// Open until Esc or a press elsewhere, like the menus beside it.
function closing(menu) {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open || event.defaultPrevented) return;
    event.preventDefault();
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  document.addEventListener("pointerdown", (event) => {
    if (menu.open && !menu.contains(event.target)) menu.open = false;
  });
}

export function renderLegend() {
  closing($("legend-menu"));
  const sign = (shape, filled, up) =>
    h("span", { class: up ? "buy" : "sell" }, markElement(shape, { up, filled }));
  const cell = (name, words) => h("li", {}, h("span", { class: `legend__cell legend__cell--${name}`, "aria-hidden": "true" }), words);
  $("legend").replaceChildren(
    h("h3", {}, "Signals"),
    h("ul", { class: "legend__list" },
      ...FAMILIES.map(({ shape, label }) => h("li", {}, sign(shape, true, true), label)),
      h("li", {}, sign("circle", true, true), sign("circle", false, true), "filled accepted, hollow rejected"),
      h("li", {}, sign("triangle", true, true), sign("triangle", true, false), "long below the bar, short above")),
    h("h3", {}, "Footprint"),
    h("ul", { class: "legend__list" },
      cell("bid", "bid volume: sellers hit the bid"), cell("ask", "ask volume: buyers lift the ask"),
      cell("sell", "sell imbalance"), cell("buy", "buy imbalance"),
      cell("stack-sell", "three or more sell imbalances in a row"), cell("stack-buy", "the same of buyers"),
      cell("volume", "volume; the stronger, the more"), cell("poc", "POC, the price with most volume"),
      cell("area", "value area, 70 %"), cell("vwap", "session VWAP"),
      h("li", {}, h("span", { class: "legend__figures", "aria-hidden": "true" }, h("b", { class: "buy" }, "+12"), h("span", {}, "340")), "below a bar: its delta, its volume")),
    h("h3", {}, "Trades"),
    h("ul", { class: "legend__list" }, cell("won", "entry (arrow) to exit, won"), cell("lost", "lost")),
    h("h3", {}, "Keys"),
    h("ul", { class: "legend__list" }, ...KEYS.map(([key, words]) => h("li", {}, h("kbd", {}, key), words))),
  );
}
