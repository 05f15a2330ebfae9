// What belongs to the chart's overlays outside of its canvas: their messages, their menu, and the facts of
// the trade that was clicked.

import { overlaysMenu } from "./overlays-menu.js";
import { TradeCard } from "./trade-card.js";
import { $ } from "./dom.js";

export class OverlaysPanel {
  constructor(station) {
    this.station = station;
    const { overlays, choices } = station.chart;
    const ours = (message, state) => !state.config || message.account_name === state.config.account;
    station.onMessage("levels", (message, state) => ours(message, state) && overlays.takeLevels(message));
    station.onMessage("tape", (message, state) => ours(message, state) && overlays.takeTape(message));
    station.onMessage("recent", (message, state) => {
      if (!ours(message, state)) return;
      overlays.clearTape(); // all that was told before is in it
      overlays.takeTape(message);
    });
    // Everything anew, as after a jump in a replay: what the tape said comes again or has not happened yet.
    station.onMessage("snapshot", ({ have }) => (have ?? null) === null && overlays.clearTape());
    const menu = overlaysMenu($("overlays-menu"), choices);
    choices.onChange(() => station.paintSoon());
    station.chart.onPick = (over) => {
      overlays.trades.select(over?.kind === "trade" ? over.what.id : null);
      station.paintSoon();
    };
    station.keys.set("l", () => menu.toggle(), { group: "Chart", does: "Overlays (layers)" });
    this.card = new TradeCard($("trade-card"), { onClose: () => station.chart.overlays.trades.select(null) });
    // Beside whatever else Escape closes: the key stays free for it.
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.card.close();
    });
  }

  render(state) {
    const { trades } = this.station.chart.overlays;
    const chosen = state.trades.find(({ id }) => id === trades.selected)
      ?? (state.frame?.position?.id === trades.selected ? state.frame.position : null);
    this.card.render(trades.selected === null ? null : chosen, state.config);
  }
}
