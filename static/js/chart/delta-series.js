// A bar's delta as a column from zero, its lowest and highest running delta as whiskers, and the number
// where there is room for it.

import { compact } from "../format.js";
import { textSize } from "../footprint/detail.js";
import { Columns, TEXT_HEIGHT } from "./columns.js";
import { between, span } from "./pixels.js";

const WHISKER_SPACING = 5; // pixels a bar from which they can be told from the columns

export class DeltaSeries extends Columns {
  priceValueBuilder(item) {
    return [Math.min(item.bar.dmin ?? 0, item.bar.d, 0), Math.max(item.bar.dmax ?? 0, item.bar.d, 0), item.bar.d];
  }

  draw(space, items, { toY, zero, width, barSpacing }) {
    const { context, mediaSize, horizontalPixelRatio: across, verticalPixelRatio: down } = space;
    const { theme } = this.look;
    context.fillStyle = theme.grid;
    context.fillRect(0, Math.round(zero * down), Math.round(mediaSize.width * across), Math.max(1, Math.round(down)));
    const columns = { buy: this.ink(theme.buy), sell: this.ink(theme.sell) };
    const whiskers = { buy: this.ink(theme.buy, "whisker"), sell: this.ink(theme.sell, "whisker") };
    for (const item of items) {
      const { bar } = item.originalData;
      const side = bar.d >= 0 ? "buy" : "sell";
      if (barSpacing >= WHISKER_SPACING && bar.dmin !== undefined && bar.dmax !== undefined) {
        const [x, w] = span(item.x, 1, across);
        const [top, height] = between(toY(bar.dmax), toY(bar.dmin), down);
        whiskers[side].rect(x, top, w, height);
      }
      const [x, w] = span(item.x, width, across);
      const [top, height] = between(zero, toY(bar.d), down);
      columns[side].rect(x, top, w, height);
    }
    context.globalAlpha = 0.55;
    for (const ink of Object.values(whiskers)) ink.lay(context);
    context.globalAlpha = 1;
    for (const ink of Object.values(columns)) ink.lay(context);
    if (!this.holds(barSpacing - width - 6)) return;
    for (const item of items) this.#number(context, item, item.originalData.bar, { zero, barSpacing, width, across, down, theme });
  }

  // Beside the column, on its own side of zero.
  #number(context, item, bar, { zero, barSpacing, width, across, down, theme }) {
    const text = bar.d > 0 ? `+${compact(bar.d)}` : compact(bar.d);
    const size = textSize(barSpacing - width - 6, TEXT_HEIGHT, text.length);
    if (size === 0) return;
    context.font = `${Math.round(size * down)}px ${theme.font}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = bar.d >= 0 ? theme.buy : theme.sell;
    const y = zero + (bar.d >= 0 ? -7 : 8);
    context.fillText(text, Math.round((item.x + width / 2 + 3) * across), Math.round(y * down));
  }
}
