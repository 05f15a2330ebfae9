// The facts of the chosen trade, over the chart, with a way to its whole story.

import * as format from "../format.js";
import { h, profitTone, whenChanged } from "./dom.js";
import { exitWords } from "./lists.js";

export class TradeCard {
  constructor(element, { onClose }) {
    this.element = element;
    this.onClose = onClose;
    this.draw = whenChanged((key, trade, config) => this.#draw(trade, config));
  }

  // `trade` is a closed one, the open position, or null.
  render(trade, config) {
    const shown = config ? trade : null;
    this.draw(shown && JSON.stringify(shown), shown, config);
  }

  close() {
    if (this.element.hidden) return;
    this.onClose();
    this.render(null); // and forget it: the same trade may be chosen next
  }

  #draw(trade, config) {
    this.element.hidden = trade === null;
    if (trade === null) return;
    const grid = format.grid(config.tick, config.decimals);
    const open = trade.xt === undefined || trade.xt === null;
    const price = (ticks) => format.price(ticks, grid);
    const moved = !open && trade.last_stop !== null && trade.last_stop !== undefined && trade.last_stop !== trade.stop;
    const fact = (name, value, tone = null) => h("div", {}, h("dt", {}, name), h("dd", { class: tone }, value));
    this.element.replaceChildren(
      h("div", { class: "trade-card__head" },
        h("h2", { class: "trade-card__title" },
          h("span", { class: trade.dir > 0 ? "buy" : "sell" }, `${format.side(trade.dir)} ${format.size(trade.size, config.lot)}`), ` ${trade.symbol}`),
        h("button", { type: "button", class: "button button--quiet button--icon", "aria-label": "Close the trade's facts", title: "Close ( Esc )", onclick: () => this.close() }, "×")),
      h("dl", { class: "figures trade-card__facts" },
        fact("Entry", `${format.priceText(trade.ep, grid)} at ${format.timeExact(trade.et)}`),
        open ? fact("Exit", "open") : fact("Exit", `${format.priceText(trade.xp, grid)} at ${format.timeExact(trade.xt)}`),
        fact("Stop", moved ? `${price(trade.stop)} → ${price(trade.last_stop)}` : price(trade.stop)),
        fact("Target", price(trade.target)),
        open ? fact("Open P&L", format.money(trade.open_pnl, { sign: true }), profitTone(format.signOf(trade.open_pnl)))
          : fact("Net", format.money(trade.net, { sign: true }), profitTone(format.signOf(trade.net))),
        ...(open ? [] : [
          fact("Ended by", exitWords(trade.why)),
          fact("Fees", format.money(trade.fees)),
          fact("Best / worst", `${format.signed(trade.mfe)} / ${format.signed(-Math.abs(trade.mae))} ticks`),
          fact("Pattern", format.words(trade.pattern)),
        ])),
      h("a", { class: "button", href: `/trades/${encodeURIComponent(trade.id)}/` }, "Whole story"),
    );
  }
}
