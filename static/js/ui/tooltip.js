// What a signal marker says when it is pointed at.

import * as format from "../format.js";
import { $, h } from "./dom.js";

let shown = null;

export function renderTooltip(state, point, stage) {
  const box = $("tooltip");
  const signal = point?.signal ? state.signals.find(({ id }) => id === point.signal) : null;
  if (!signal) {
    box.hidden = true;
    shown = null;
    return;
  }
  if (shown !== signal) {
    shown = signal;
    const grid = format.grid(state.config.tick, state.config.decimals);
    box.replaceChildren(
      h("p", { class: "tooltip__title" }, format.words(signal.pattern)),
      h("p", {}, h("strong", { class: signal.dir > 0 ? "buy" : "sell" }, format.side(signal.dir)), ` at ${format.price(signal.price, grid)}, ${format.barTime(signal.t, state.config.timeframe)} NY`),
      h("p", {}, `Strength ${format.percent(signal.strength)}`, signal.regime ? ` · ${format.regime(signal.regime, signal.conf)}` : ""),
      h("p", { class: signal.ok ? "tooltip__ok" : "tooltip__no" }, signal.ok ? "Accepted" : `Rejected: ${format.reason(signal).toLowerCase()}`),
    );
  }
  box.hidden = false;
  const { clientWidth, clientHeight } = stage;
  const left = point.x + 16 + box.offsetWidth > clientWidth ? point.x - 16 - box.offsetWidth : point.x + 16;
  const top = Math.min(Math.max(4, point.y + 12), clientHeight - box.offsetHeight - 4);
  box.style.transform = `translate(${Math.round(Math.max(4, left))}px, ${Math.round(top)}px)`;
}
