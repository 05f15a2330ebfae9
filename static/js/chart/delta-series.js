// A bar's delta as a column from zero, its lowest and highest running delta as whiskers, and the number
// where there is room for it.

import { compact } from "../format.js";
import { textSize } from "../footprint/detail.js";
import { Columns } from "./columns.js";
import { between, span } from "./pixels.js";

export class DeltaSeries extends Columns {
  priceValueBuilder(item) {
    return [Math.min(item.bar.dmin ?? 0, item.bar.d, 0), Math.max(item.bar.dmax ?? 0, item.bar.d, 0), item.bar.d];
  }

  draw(space, items, { toY, zero, width, barSpacing }) {
    const { context, mediaSize, horizontalPixelRatio: across, verticalPixelRatio: down } = space;
    const { theme } = this.look;
    context.fillStyle = theme.grid;
    context.fillRect(0, Math.round(zero * down), Math.round(mediaSize.width * across), Math.max(1, Math.round(down)));
    for (const item of items) {
      const { bar } = item.originalData;
      context.fillStyle = bar.d >= 0 ? theme.buy : theme.sell;
      if (barSpacing >= 5 && bar.dmin !== undefined && bar.dmax !== undefined) {
        context.globalAlpha = 0.55;
        const [x, w] = span(item.x, 1, across);
        const [top, height] = between(toY(bar.dmax), toY(bar.dmin), down);
        context.fillRect(x, top, w, height);
        context.globalAlpha = 1;
      }
      const [x, w] = span(item.x, width, across);
      const [top, height] = between(zero, toY(bar.d), down);
      context.fillRect(x, top, w, height);
      this.#number(context, item, bar, { zero, barSpacing, width, across, down, theme });
    }
  }

  // Beside the column, on its own side of zero.
  #number(context, item, bar, { zero, barSpacing, width, across, down, theme }) {
    const text = bar.d > 0 ? `+${compact(bar.d)}` : compact(bar.d);
    const size = textSize(barSpacing - width - 6, 13, text.length);
    if (size === 0) return;
    context.font = `${Math.round(size * down)}px ${theme.font}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = bar.d >= 0 ? theme.buy : theme.sell;
    const y = zero + (bar.d >= 0 ? -7 : 8);
    context.fillText(text, Math.round((item.x + width / 2 + 3) * across), Math.round(y * down));
  }
}
