// A bar's volume as a column of two parts: what sellers hit below, what buyers lifted above; what has no
// known side on top. The number where there is room for it.

import { compact } from "../format.js";
import { textSize } from "../footprint/detail.js";
import { Columns, TEXT_HEIGHT } from "./columns.js";
import { between, span } from "./pixels.js";

const TITLE = [72, 34]; // pixels from the pane's corner

export class VolumeSeries extends Columns {
  priceValueBuilder(item) {
    return [0, item.bar.v, item.bar.v];
  }

  draw({ context, horizontalPixelRatio: across, verticalPixelRatio: down }, items, { toY, width, barSpacing }) {
    const { theme } = this.look;
    const inks = [this.ink(theme.sellBar), this.ink(theme.buyBar), this.ink(theme.neutralBar)];
    for (const item of items) {
      const { bar: { sv, bv, v } } = item.originalData;
      const [x, w] = span(item.x, width, across);
      const part = (ink, from, to) => {
        if (to <= from) return;
        const [top, height] = between(toY(from), toY(to), down);
        ink.rect(x, top, w, height);
      };
      part(inks[0], 0, sv);
      part(inks[1], sv, sv + bv);
      part(inks[2], sv + bv, v);
    }
    for (const ink of inks) ink.lay(context);
    if (!this.holds(barSpacing - 6)) return;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    for (const item of items) {
      const { bar } = item.originalData;
      const text = compact(bar.v);
      const size = textSize(barSpacing - 6, TEXT_HEIGHT, text.length);
      if (size === 0) continue;
      if (item.x < TITLE[0] && toY(bar.v) < TITLE[1]) continue; // the pane's title is there
      context.font = `${Math.round(size * down)}px ${theme.font}`;
      context.fillStyle = theme.text;
      context.fillText(text, Math.round(item.x * across), Math.round((toY(bar.v) - 2) * down));
    }
  }
}
