// Signals on the chart as a series primitive: long below the bar, short above, stacked outwards. Hovering
// a marker names the signal; its id reaches the page as the crosshair's hovered object.

import { byBar, family, placed } from "../signals.js";
import { drawMark } from "./marks.js";

const SMALL_SPACING = 22; // below, only accepted signals are shown

export class SignalMarkers {
  constructor(look) {
    this.look = look;
    this.signals = new Map();
    this.bars = [];
    this.spots = []; // where markers were drawn, for the pointer
    this.selected = null;
    this.view = { zOrder: () => "top", renderer: () => ({ draw: (target) => this.#draw(target) }) };
  }

  attached({ chart, series, requestUpdate }) {
    Object.assign(this, { chart, series, requestUpdate });
  }

  detached() {
    this.chart = this.series = null;
  }

  paneViews() {
    return [this.view];
  }

  // Room above and below the bars for the markers.
  autoscaleInfo() {
    if (this.signals.size === 0) return null;
    return { priceRange: null, margins: { above: 34, below: 34 } };
  }

  show(signals, bars) {
    if (signals !== this.list) this.signals = byBar(signals);
    this.list = signals;
    this.bars = bars;
    this.requestUpdate?.();
  }

  select(id) {
    this.selected = id;
    this.requestUpdate?.();
  }

  hitTest(x, y) {
    let best = null;
    for (const spot of this.spots) {
      const distance = Math.hypot(spot.x - x, spot.y - y);
      if (distance <= spot.reach && (best === null || distance < best.distance)) best = { ...spot, distance };
    }
    return best && { externalId: best.id, zOrder: "top", cursorStyle: "help", distance: best.distance, hitTestPriority: 2, itemType: "marker" };
  }

  #draw(target) {
    this.spots = [];
    const range = this.chart?.timeScale().getVisibleLogicalRange();
    const { theme, grid } = this.look;
    if (!range || !grid) return;
    const unit = grid.numerator / grid.scale;
    const spacing = this.chart.timeScale().options().barSpacing;
    const size = Math.max(5, Math.min(10, spacing * 0.8));
    target.useBitmapCoordinateSpace(({ context, mediaSize, horizontalPixelRatio: across, verticalPixelRatio: down }) => {
      const from = Math.max(0, Math.floor(range.from));
      const to = Math.min(this.bars.length - 1, Math.ceil(range.to));
      for (let index = from; index <= to; index += 1) {
        const bar = this.bars[index];
        const signals = this.signals.get(bar.t);
        if (!signals) continue;
        const x = this.chart.timeScale().logicalToCoordinate(index);
        const row = this.look.drawnRow ?? 1;
        const high = this.series.priceToCoordinate((Math.floor(bar.h / row) * row + row - 0.5) * unit);
        const low = this.series.priceToCoordinate((Math.floor(bar.l / row) * row - 0.5) * unit);
        if (x === null || high === null || low === null) continue;
        const { below, above, moreBelow, moreAbove } = placed(signals, spacing < SMALL_SPACING);
        const pitch = size + 5;
        const column = (list, more, start, direction) => {
          list.forEach((signal, place) => {
            const y = start + direction * (size / 2 + 5 + place * pitch);
            if (y < -size || y > mediaSize.height + size) return;
            const up = signal.dir >= 0;
            const chosen = signal.id === this.selected;
            drawMark(context, family(signal.pattern).shape, Math.round(x * across), Math.round(y * down), size * (chosen ? 1.4 : 1) * down, {
              up,
              filled: signal.ok,
              colour: up ? theme.buy : theme.sell,
              background: theme.background,
              line: Math.max(1, Math.round((chosen ? 2.5 : 1.25) * across)),
            });
            this.spots.push({ id: signal.id, x, y, reach: size / 2 + 4 });
          });
          if (more === 0 || spacing < 24) return;
          const y = start + direction * (size / 2 + 5 + list.length * pitch);
          context.font = `${Math.round(9 * down)}px ${theme.font}`;
          context.fillStyle = theme.text;
          context.textAlign = "center";
          context.textBaseline = "middle";
          context.fillText(`+${more}`, Math.round(x * across), Math.round(y * down));
        };
        column(below, moreBelow, low, 1);
        column(above, moreAbove, high, -1);
      }
    });
  }
}
