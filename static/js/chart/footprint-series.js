// The footprint as a lightweight-charts custom series. footprint/detail.js decides what is drawn at this
// zoom, draw-bars.js draws the bars in sight, ink.js puts them on the canvas.

import { BIDASK, CANDLES, DELTA, DIGIT, PROFILE, SPLIT, column, plan } from "../footprint/detail.js";
import { full } from "../footprint/heat.js";
import { RowCache } from "../footprint/rows.js";
import { deltaLabel, drawBar, drawFigures, dropOf, label, layout, padOf } from "./draw-bars.js";
import { Palette } from "./ink.js";
import { linear } from "./pixels.js";

const FIGURE_TEXT = 10.5; // delta and volume below a bar
const FIGURE_PITCH = 13;
const ROW_GAP = 5; // rows higher than this have a hair between them

export class FootprintSeries {
  // `look` is shared with the page: {theme, grid, wish, rowWish, rules}; `onPlan` hears what is drawn
  // when it is another thing than before. What is drawn around a bar keeps clear of its rows and figures:
  // `look.drawnRow` and `look.drawnBelow` (pixels) say how far they reach, `look.drawnText` whether rows
  // hold numbers.
  constructor(look, onPlan = () => {}) {
    this.look = look;
    this.onPlan = onPlan;
    this.data = null;
    this.plan = null;
    this.cache = new RowCache();
    this.palette = null;
  }

  defaultOptions() {
    return {};
  }

  priceValueBuilder(item) {
    return [item.low, item.high, item.close];
  }

  isWhitespace(item) {
    return item.bar === undefined;
  }

  update(data) {
    this.data = data;
  }

  renderer() {
    return { draw: (target, toY) => this.#draw(target, toY) };
  }

  rowsOf(bar, ticks) {
    return this.cache.of(bar, ticks, this.look.rules);
  }

  #draw(target, toY) {
    const { bars, barSpacing, visibleRange } = this.data ?? {};
    const { theme, grid } = this.look;
    if (!bars?.length || !visibleRange || !grid) return;
    const shown = [];
    for (let index = visibleRange.from; index < visibleRange.to; index += 1) {
      if (bars[index]) shown.push({ x: bars[index].x, bar: bars[index].originalData.bar });
    }
    if (shown.length === 0) return;
    const unit = grid.numerator / grid.scale;
    const first = shown[0].bar;
    const axis = linear(toY, first.l * unit, (first.l + 100) * unit);
    if (axis === null) return;
    const tickHeight = axis.perUnit * unit;
    const made = this.#plan(shown, barSpacing, tickHeight);
    if (this.palette?.theme !== theme) this.palette = new Palette(theme);

    target.useBitmapCoordinateSpace(({ context, mediaSize, horizontalPixelRatio: across, verticalPixelRatio: down }) => {
      const frame = this.#frame(made, shown, { barSpacing, tickHeight, axis, unit, mediaSize, across, down });
      for (const { x, bar } of shown) {
        drawBar(frame, bar, x, made.drawing === CANDLES ? null : this.rowsOf(bar, made.ticks));
        if (frame.figures) drawFigures(frame, bar, x);
      }
      this.palette.lay(context, frame.number, frame.figures?.size);
      this.look.drawnBelow = frame.figures ? 2 * FIGURE_PITCH + 4 : 0;
    });
    this.look.drawnText = made.text > 0;
    this.look.drawnRow = made.drawing === CANDLES ? 1 : made.ticks;
    this.#tell(made);
  }

  #plan(shown, spacing, tickHeight) {
    const { wish = "auto", rowWish = null, rules } = this.look;
    const typical = () => {
      const ranges = shown.map(({ bar }) => bar.h - bar.l + 1).sort((one, other) => one - other);
      return ranges[ranges.length >> 1];
    };
    const longest = (drawing, ticks) => {
      let length = 1;
      for (const { bar } of shown) {
        const { most } = this.rowsOf(bar, ticks);
        const [value, sign] = drawing === BIDASK ? [most.side, 0] : drawing === DELTA ? [most.delta, 1] : [most.volume, 0];
        length = Math.max(length, label(value).length + sign);
      }
      return length;
    };
    return plan({
      wish, rowWish, spacing, tickHeight, base: rules.rowTicks, typical, longest,
      before: this.plan,
    });
  }

  #frame(made, shown, { barSpacing, tickHeight, axis, unit, mediaSize, across, down }) {
    const { drawing, ticks, text } = made;
    // One lattice for the rows of all bars: its origin lies on a whole pixel.
    const pitch = tickHeight * down;
    const origin = Math.round(axis.y(0) * down);
    const number = Math.round(text * down);
    const largest = (name) => full(shown.map(({ bar }) => this.rowsOf(bar, ticks).most[name]));
    const rows = drawing !== CANDLES;
    return {
      palette: this.palette,
      plan: made,
      across,
      down,
      tickHeight,
      layout: layout(barSpacing, drawing, across),
      edge: (price) => origin + Math.round((0.5 - price) * pitch),
      middle: (price) => axis.y(price * unit) * down,
      height: Math.round(mediaSize.height * down),
      gap: ticks * tickHeight > ROW_GAP ? Math.max(1, Math.round(down * 0.75)) : 0,
      mostVolume: rows ? largest("volume") : 1,
      most: rows ? largest(drawing === BIDASK ? "side" : drawing === DELTA ? "delta" : "volume") : 1,
      number,
      drop: dropOf(number),
      pad: padOf(across),
      figures: this.#figures(made, shown, barSpacing, down),
    };
  }

  // Delta and volume below the bars, where they fit all columns in sight.
  #figures({ drawing, text }, shown, spacing, down) {
    if (drawing === CANDLES || ((drawing === PROFILE || drawing === SPLIT) && spacing < 40)) return null;
    if (text === 0 && spacing < 40) return null;
    const longest = shown.reduce((most, { bar }) => Math.max(most, deltaLabel(bar.d).length, label(bar.v).length), 1);
    if (longest * DIGIT * FIGURE_TEXT > column(spacing, drawing).width) return null;
    return { size: Math.round(FIGURE_TEXT * down), pitch: Math.round(FIGURE_PITCH * down) };
  }

  #tell(made) {
    const before = this.plan;
    this.plan = made;
    const same = before && ["wish", "drawing", "ticks", "grouped", "short"].every((name) => before[name] === made[name]);
    if (!same) this.onPlan(made);
  }
}
