// The day's signals, trades and notices, newest first. A row leads to its place on the chart.

import { markElement } from "../chart/marks.js";
import * as format from "../format.js";
import { family } from "../signals.js";
import { $, h, keyed, profitTone, remember, text, whenChanged } from "./dom.js";

const MOST_ROWS = 250; // what a list shows; the pages behind it have the rest

const NOTHING = Object.freeze([]);

const EXITS = { stop: "stop", break_even: "break-even stop", trailing_stop: "trailing stop", target: "target", time_stop: "time stop", flatten: "flattened", loss_limit: "loss limit", max_drawdown: "drawdown", operator: "by operator", kill: "kill switch", end_of_data: "end of data", late_fill: "late fill", unprotected: "stop was gone", external: "at the broker" };

export const exitWords = (why) => EXITS[why] ?? format.words(why);

export class Lists {
  constructor({ onSelect, onFilter }) {
    this.onSelect = onSelect;
    this.acceptedOnly = false;
    this.chosen = remember((signals, acceptedOnly) => (acceptedOnly ? signals.filter((signal) => signal.ok) : signals));
    this.signals = whenChanged((signals, grid, acceptedOnly) => this.#signals(signals, grid, acceptedOnly));
    this.trades = whenChanged((trades, grid) => this.#trades(trades, grid));
    this.notices = whenChanged((notices) => this.#notices(notices));
    $("accepted-only").addEventListener("change", (event) => {
      this.acceptedOnly = event.target.checked;
      onFilter();
    });
  }

  // The signals that the filter leaves: the chart shows the same.
  filtered(signals) {
    return this.chosen(signals, this.acceptedOnly);
  }

  render(state) {
    const { config } = state;
    if (config && this.config !== config) {
      this.config = config;
      this.grid = format.grid(config.tick, config.decimals);
      const told = [config.account, config.symbol, config.session_date, config.timeframe].join();
      if (told !== this.told) for (const name of ["signals", "trades"]) $(name).replaceChildren();
      this.told = told;
    }
    // Frames may come before the snapshot that says what their prices mean.
    this.signals(state.config ? state.signals : NOTHING, this.grid, this.acceptedOnly);
    this.trades(state.config ? state.trades : NOTHING, this.grid);
    this.notices(state.notices);
  }

  #signals(signals, grid, acceptedOnly) {
    const accepted = signals.filter((signal) => signal.ok);
    text($("signals-count"), signals.length === 0 ? "" : `${accepted.length}/${signals.length}`);
    $("signals-count").title = `${accepted.length} accepted of ${signals.length}`;
    const list = this.filtered(signals).slice(-MOST_ROWS).reverse();
    this.#fill($("signals"), list, (signal) => signal.id, (signal) => this.#row(
      { "data-id": signal.id, class: signal.ok ? "row" : "row row--rejected", onclick: () => this.onSelect(signal.bar, signal.id) },
      h("span", { class: "row__time" }, format.barTime(signal.t, this.config.timeframe)),
      h("span", { class: `row__mark ${signal.dir > 0 ? "buy" : "sell"}` }, markElement(family(signal.pattern).shape, { up: signal.dir > 0, filled: signal.ok })),
      h("span", { class: "row__what" }, h("span", { class: "row__title" }, format.words(signal.pattern)),
        h("span", { class: "row__detail" }, signal.ok ? (signal.foreign ? "Accepted · not traded here" : "Accepted") : format.reason(signal))),
      h("span", { class: "row__figure" }, h("span", { class: signal.dir > 0 ? "buy" : "sell" }, format.side(signal.dir)), h("span", { class: "muted" }, format.price(signal.price, grid))),
    ), acceptedOnly && signals.length > 0 ? "None of today's signals was accepted yet." : "No signals yet. Patterns are looked for at each bar's close.");
  }

  #trades(trades, grid) {
    text($("trades-count"), trades.length === 0 ? "" : trades.length);
    this.#fill($("trades"), [...trades].reverse().slice(0, MOST_ROWS), (trade) => trade.id, (trade) => this.#row(
      { "data-id": trade.id, class: "row", onclick: () => this.onSelect(trade.et, null, trade.id) },
      h("span", { class: "row__time" }, format.time(trade.et)),
      h("span", { class: "row__what" },
        h("span", { class: "row__title" }, h("span", { class: trade.dir > 0 ? "buy" : "sell" }, `${format.side(trade.dir)} ${format.size(trade.size, this.config.lot)}`), ` ${trade.symbol}`),
        h("span", { class: "row__detail" }, `${format.priceText(trade.ep, grid)} → ${format.priceText(trade.xp, grid)} · ${exitWords(trade.why)} ${format.time(trade.xt)}`)),
      h("span", { class: "row__figure" }, h("strong", { class: profitTone(format.signOf(trade.net)) ?? "muted" }, format.money(trade.net, { sign: true })), h("span", { class: "muted" }, `fees ${format.money(trade.fees)}`)),
    ), "No trades yet today.");
  }

  #notices(notices) {
    text($("notices-count"), notices.length === 0 ? "" : notices.length);
    this.#fill($("notices"), [...notices].reverse(), (notice) => `${notice.t} ${notice.kind} ${notice.text}`, (notice) => h("li", {},
      h("div", { class: "row row--notice", "data-level": notice.level },
        h("span", { class: "row__time" }, format.time(notice.t)), h("span", { class: "dot" }),
        h("span", { class: "row__what" }, h("span", { class: "row__title" }, format.sentence(notice.text))))), "Nothing to report.");
  }

  #fill(list, items, key, make, empty) {
    if (items.length > 0) keyed(list, items, key, make);
    else list.replaceChildren(h("li", { class: "empty" }, empty));
  }

  #row(attributes, ...cells) {
    return h("li", {}, h("button", { type: "button", ...attributes }, ...cells));
  }
}

// Tabs by the ARIA pattern: arrows move, the selected one is in the tab order.
export function tabs(list) {
  const all = [...list.querySelectorAll("[role=tab]")];
  const select = (tab, focus) => {
    for (const each of all) {
      const chosen = each === tab;
      each.setAttribute("aria-selected", String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      $(each.getAttribute("aria-controls")).hidden = !chosen;
    }
    if (focus) tab.focus();
  };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) select(tab, false);
  });
  list.addEventListener("keydown", (event) => {
    const at = all.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    event.stopPropagation();
    select(all[(at + step + all.length) % all.length], true);
  });
}
