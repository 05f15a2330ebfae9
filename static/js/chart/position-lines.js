// The open position's entry, stop and target as price lines with labels on the axis.

import { LineStyle } from "../../vendor/lightweight-charts/lightweight-charts.standalone.production.mjs";
import * as format from "../format.js";

export class PositionLines {
  constructor(look, series) {
    this.look = look;
    this.series = series;
    this.lines = new Map(); // by name
    this.key = undefined;
  }

  show(position) {
    const key = JSON.stringify(position && [position.id, position.size, position.ep, position.stop, position.target]);
    if (key === this.key) return;
    this.key = key;
    const wanted = position ? this.#wanted(position) : new Map();
    for (const [name, line] of this.lines) {
      if (!wanted.has(name)) {
        this.series.removePriceLine(line);
        this.lines.delete(name);
      }
    }
    for (const [name, options] of wanted) {
      const full = { ...options, lineWidth: 1, axisLabelVisible: true };
      if (this.lines.has(name)) this.lines.get(name).applyOptions(full);
      else this.lines.set(name, this.series.createPriceLine(full));
    }
  }

  // They are drawn anew, in the colours of now, with the next `show`.
  clear() {
    for (const line of this.lines.values()) this.series.removePriceLine(line);
    this.lines.clear();
    this.key = undefined;
  }

  #wanted({ dir, size, ep, stop, target }) {
    const { theme, grid, lot } = this.look;
    const side = dir > 0 ? "LONG" : "SHORT";
    const lines = new Map([["entry", {
      price: format.fromPrice(ep), color: dir > 0 ? theme.buy : theme.sell,
      lineStyle: LineStyle.Solid, title: `${side} ${format.size(size, lot)}`,
    }]]);
    const dashed = (ticks, color, title) =>
      ({ price: format.toAxis(ticks, grid), color, lineStyle: LineStyle.Dashed, title });
    if (stop !== null) lines.set("stop", dashed(stop, theme.loss, "STOP"));
    if (target !== null) lines.set("target", dashed(target, theme.profit, "TARGET"));
    return lines;
  }
}
