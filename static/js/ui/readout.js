// What is known of a bar, prices first, then what was traded: the one under the crosshair, else the latest.

import * as format from "../format.js";
import { $, h, whenChanged } from "./dom.js";

// What is told, in two lines: {key, label, parts: [[text, tone]], name?, title?}. A
// key says what it is, and whether it has a label.
function told(bar, grid, price, seconds) {
  const one = (key, label, value, colour = null, title = null) => ({ key, label, parts: [[value, colour]], title });
  const tone = (value) => (value > 0 ? "buy" : value < 0 ? "sell" : null);
  const level = price === null ? null : bar.lv.find(([at]) => at === price);
  const prices = [
    { ...one("time", "", `${format.barTime(bar.t, seconds)} NY`), name: "readout__time" },
    ...(level ? [{ ...one("level", format.price(price, grid), `${format.volume(level[1])} × ${format.volume(level[2])}`, null, "Bid × ask at the crosshair"), name: "readout__level" }] : []),
    one("open", "O", format.price(bar.o, grid)),
    one("high", "H", format.price(bar.h, grid)),
    one("low", "L", format.price(bar.l, grid)),
    one("close", "C", format.price(bar.c, grid), tone(bar.c - bar.o)),
    ...(bar.svwap ? [one("vwap", "VWAP", format.priceText(bar.svwap, grid), null, "Of the session, at this bar")] : []),
  ];
  const flow = [
    one("volume", "Vol", format.volume(bar.v)),
    { key: "sides", label: "", parts: [[format.volume(bar.bv), "buy"], [" / ", null], [format.volume(bar.sv), "sell"]], title: "Bought and sold" },
    one("delta", "Delta", format.signed(bar.d), tone(bar.d), "Ask volume less bid volume"),
    one("range", "", `${format.signed(bar.dmin)}…${format.signed(bar.dmax)}`, "muted", "Lowest and highest running delta in the bar"),
    one("poc", "POC", format.price(bar.poc, grid), null, "Price with most volume"),
    one("area", "VA", `${format.price(bar.val, grid)}–${format.price(bar.vah, grid)}`, null, "Value area, 70 % of volume: VAL to VAH"),
    ...(bar.regime ? [one("regime", "Regime", format.regime(bar.regime, bar.conf))] : []),
    ...(bar.warm ? [one("warm", "", "warm-up")] : []),
  ];
  return [prices, flow];
}

// The elements stay while the same things are told, and only what reads otherwise is written: a chart that
// is dragged changes the readout with each frame, and new elements would have the page laid out each time.
class Pairs {
  constructor() {
    this.shape = null;
    this.nodes = [];
  }

  show(lines) {
    const shape = lines.map((line) => line.map(({ key }) => key).join()).join(";");
    if (shape !== this.shape) this.#build(lines);
    this.shape = shape;
    lines.flat().forEach(({ label, parts }, index) => {
      const node = this.nodes[index];
      if (node.label) write(node.label, label);
      parts.forEach(([value, colour], part) => {
        write(node.parts[part], value);
        if (node.parts[part].className !== (colour ?? "")) node.parts[part].className = colour ?? "";
      });
    });
  }

  #build(lines) {
    this.nodes = [];
    const pair = ({ label, parts, name = null, title }) => {
      const node = {
        label: label === "" ? null : h("span", { class: "readout__label" }, label),
        parts: parts.map(([value]) => h("span", {}, value)),
      };
      this.nodes.push(node);
      return h("span", { class: name ? `readout__pair ${name}` : "readout__pair", title }, node.label, ...node.parts);
    };
    $("readout").replaceChildren(h("div", { class: "readout__lines" },
      ...lines.map((line) => h("div", { class: "readout__line" }, ...line.map(pair)))));
  }
}

// The text of an element that has no other children.
function write(element, value) {
  const { firstChild } = element;
  if (firstChild === null) element.append(value);
  else if (firstChild.data !== value) firstChild.data = value;
}

const pairs = new Pairs();
const render = whenChanged((bar, grid, price, seconds) => pairs.show(told(bar, grid, price, seconds)));

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
