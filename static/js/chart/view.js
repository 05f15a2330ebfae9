// Which bars and prices are in sight: zoom, scroll, home, back to live.
//
// The library takes a spacing over when it paints; what comes in between adds up here and is applied
// once a frame. The view follows the market only while the latest bar is in sight.

import { toAxis } from "../format.js";
import { barsAtFirst } from "../footprint/detail.js";

export const MOST_SPACING = 320; // pixels a bar
export const RIGHT_BARS = 1; // empty bars at the right edge
const HIGHEST_TICK = 26; // pixels, when the chart chooses

export class View {
  // `count()` says how many bars there are.
  constructor(chart, series, count) {
    this.chart = chart;
    this.series = series;
    this.count = count;
    this.spacing = null; // a zoom that waits for the next paint
    this.shift = 0; // and bars to scroll by
    this.margin = 0; // pixels to leave free at the right edge
  }

  // The first look: footprint cells of the latest bars. False while there is no room to lay it out in.
  home() {
    const scale = this.chart.timeScale();
    const room = scale.width() - this.margin;
    const count = barsAtFirst(room);
    const spacing = room / (count + (this.margin > 0 ? 0 : RIGHT_BARS));
    scale.applyOptions({ barSpacing: spacing });
    scale.scrollToPosition(this.#rightBars(spacing), false);
    this.series.priceScale().applyOptions({ autoScale: true });
    return scale.width() > 0;
  }

  // Pixels to leave free at the right edge; they stay whatever the zoom.
  setMargin(pixels) {
    if (this.margin === pixels) return;
    const follows = this.count() > 0 && this.atEdge();
    this.margin = pixels;
    if (follows) this.toLive(false);
  }

  // The empty bars at the right edge.
  #rightBars(spacing = this.chart.timeScale().options().barSpacing) {
    return this.margin > 0 ? this.margin / spacing : RIGHT_BARS;
  }

  zoom(factor) {
    const waiting = this.spacing !== null;
    this.spacing = (this.spacing ?? this.chart.timeScale().options().barSpacing) * factor;
    if (!waiting) requestAnimationFrame(() => this.#space());
  }

  // At least so many pixels a bar.
  widen(spacing) {
    const { barSpacing } = this.chart.timeScale().options();
    if (barSpacing < spacing) this.zoom(spacing / barSpacing);
  }

  #space() {
    const scale = this.chart.timeScale();
    const { barSpacing } = scale.options();
    // Farther out than all bars there is nothing to see; a few bars need not fill the chart.
    const least = Math.min(6, barSpacing, scale.width() / (this.count() + 2 * RIGHT_BARS));
    const wanted = Math.min(MOST_SPACING, Math.max(least, this.spacing));
    this.spacing = null;
    const range = scale.getVisibleLogicalRange();
    if (range === null || this.atEdge()) {
      const position = scale.scrollPosition();
      scale.applyOptions({ barSpacing: wanted });
      // What is free at the edge does not shrink with the bars.
      if (this.margin > 0 && position > 0) scale.scrollToPosition((position * barSpacing) / wanted, false);
      return;
    }
    const middle = (range.from + range.to) / 2;
    const half = (((range.to - range.from) / 2) * barSpacing) / wanted;
    scale.setVisibleLogicalRange({ from: middle - half, to: middle + half });
  }

  scroll(bars) {
    const waiting = this.shift !== 0;
    this.shift += bars;
    if (waiting) return;
    requestAnimationFrame(() => {
      const scale = this.chart.timeScale();
      const to = Math.min(this.#rightBars(), scale.scrollPosition() + this.shift);
      this.shift = 0;
      scale.scrollToPosition(to, false);
    });
  }

  atEdge() {
    return this.chart.timeScale().scrollPosition() > -1.5;
  }

  toLive(smooth) {
    this.chart.timeScale().scrollToPosition(this.#rightBars(), smooth);
  }

  // Brings the bar of this number into sight, unless it is.
  reveal(index) {
    const scale = this.chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (!range || (index >= range.from + 1 && index <= range.to - 1)) return;
    const half = (range.to - range.from) / 2;
    scale.setVisibleLogicalRange({ from: index - half, to: index + half });
  }
}

// The range that the price scale chooses, for a pane so high: a quiet market's few prices do not fill
// it, a row stays a row.
export function roomy(info, paneHeight, grid) {
  if (!info?.priceRange || !grid) return info;
  const { minValue, maxValue } = info.priceRange;
  const height = paneHeight - (info.margins?.above ?? 0) - (info.margins?.below ?? 0);
  const least = toAxis(Math.floor(height / HIGHEST_TICK), grid);
  const lacking = Math.max(0, least - (maxValue - minValue)) / 2;
  return { ...info, priceRange: { minValue: minValue - lacking, maxValue: maxValue + lacking } };
}
