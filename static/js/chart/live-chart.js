// The chart of the live page: panes, series and axes, fed with the store's state.
//
// Times go in as UTC seconds and are written as New York's. What changed is found by identity, so that a
// closing bar costs one update and a catch-up one redraw. The view follows the market only while the
// latest bar is in sight; the library takes care of it.

import {
  LineSeries, LineStyle, TickMarkType, createChart, createTextWatermark,
} from "../../vendor/lightweight-charts/lightweight-charts.standalone.production.mjs";
import * as format from "../format.js";
import { CELLS, MIN_CELLS_SPACING, MIN_PROFILE_SPACING, barsAtFirst } from "../footprint/levels.js";
import { DeltaSeries } from "./delta-series.js";
import { FootprintSeries } from "./footprint-series.js";
import { SignalMarkers } from "./signal-markers.js";
import { chartOptions, readTheme } from "./theme.js";
import { TradeLines } from "./trade-lines.js";

const MOST_SPACING = 320; // pixels a bar
const HIGHEST_TICK = 26; // pixels, when the chart chooses
const RIGHT_BARS = 1; // empty bars at the right edge

export class LiveChart {
  // `onDetail(mode, ticks)`: what is drawn; `onPoint(point | null)`: what the crosshair is at;
  // `onEdge(atEdge)`: whether the latest bar is in sight.
  constructor(element, { onDetail, onPoint, onEdge }) {
    this.element = element;
    this.look = { theme: readTheme(), grid: null, mode: "auto", rules: { rowTicks: 1 } };
    this.onPoint = onPoint;
    this.onEdge = onEdge;
    this.bars = [];
    this.lines = new Map(); // position lines by name
    this.placed = false; // the first look has been set
    this.spacing = null; // a zoom that waits for the next paint
    this.shift = 0; // and bars to scroll by

    this.chart = createChart(element, {
      ...chartOptions(this.look.theme),
      autoSize: true,
      localization: { timeFormatter: (seconds) => this.#stamp(seconds) },
      handleScale: { axisPressedMouseMove: true, axisDoubleClickReset: true },
    });
    this.chart.applyOptions({
      timeScale: {
        timeVisible: true, secondsVisible: false, rightOffset: RIGHT_BARS, minBarSpacing: 0.8,
        maxBarSpacing: MOST_SPACING, allowBoldLabels: false, tickMarkFormatter: (seconds, type) => this.#tickMark(seconds, type),
      },
      rightPriceScale: { scaleMargins: { top: 0.08, bottom: 0.08 }, minimumWidth: 68, entireTextOnly: true },
    });

    const priceFormat = { type: "custom", minMove: 0.01, formatter: (value) => this.#price(value) };
    this.vwap = this.chart.addSeries(LineSeries, {
      color: this.look.theme.vwap, lineWidth: 2, priceLineVisible: false, lastValueVisible: false,
      crosshairMarkerVisible: false, priceFormat,
      autoscaleInfoProvider: () => null, // the bars decide the range
    });
    this.footprint = this.chart.addCustomSeries(
      new FootprintSeries(this.look, onDetail), {
        priceFormat, priceLineStyle: LineStyle.Dotted,
        autoscaleInfoProvider: (original) => this.#roomy(original()),
      },
    );
    this.markers = new SignalMarkers(this.look);
    this.trades = new TradeLines(this.look);
    this.footprint.attachPrimitive(this.trades);
    this.footprint.attachPrimitive(this.markers);

    const whole = { type: "custom", minMove: 1, formatter: (value) => format.compact(Math.round(value)) };
    this.delta = this.chart.addCustomSeries(new DeltaSeries(this.look), {
      priceFormat: whole, priceLineVisible: false, lastValueVisible: true,
    }, 1);
    this.cumulative = this.chart.addSeries(LineSeries, {
      color: this.look.theme.cumulative, lineWidth: 2, priceLineVisible: false, lastValueVisible: true,
      crosshairMarkerRadius: 3, priceFormat: whole,
    }, 2);
    for (const series of [this.delta, this.cumulative]) {
      series.priceScale().applyOptions({ scaleMargins: { top: 0.24, bottom: 0.1 } });
    }
    const [main, delta, cumulative] = this.chart.panes();
    this.titles = [[delta, "Delta"], [cumulative, "Cumulative delta"]].map(([pane, text]) =>
      ({ text, mark: createTextWatermark(pane, title(text, this.look.theme)) }));
    main.setStretchFactor(100);
    delta.setStretchFactor(18);
    cumulative.setStretchFactor(15);

    this.chart.subscribeCrosshairMove((event) => this.#moved(event));
    this.chart.subscribeClick((event) => this.#moved(event, true));
    this.chart.timeScale().subscribeVisibleLogicalRangeChange(() => this.onEdge(this.atEdge()));
  }

  configure(config) {
    this.look.grid = format.grid(config.tick, config.decimals);
    this.look.rules = { rowTicks: Math.max(1, config.row_ticks ?? 1), ratio: config.ratio, minVolume: config.min_volume ?? 1 };
    this.look.timeframe = config.timeframe;
    this.look.lot = config.lot;
    const minMove = Number(config.tick);
    const priceFormat = { type: "custom", minMove, formatter: (value) => this.#price(value) };
    this.footprint.applyOptions({ priceFormat });
    this.vwap.applyOptions({ priceFormat });
    this.placed = false;
    this.bars = [];
  }

  show({ bars, signals, trades, position }) {
    if (!this.look.grid) return;
    this.#bars(bars);
    this.markers.show(signals, bars);
    this.trades.show(trades, position, bars);
    this.#position(position);
    if (!this.placed && bars.length > 0) this.home();
  }

  #bars(bars) {
    const before = this.bars;
    this.bars = bars;
    let same = 0;
    while (same < bars.length && bars[same] === before[same]) same += 1;
    if (same === bars.length && same === before.length) return;
    // Only the latest point may be replaced; everything after it may be appended.
    const append = before.length > 0 && same >= before.length - 1 && bars.length >= before.length
      && (same === before.length || bars[same].t === before[same].t);
    if (append) {
      for (let index = same; index < bars.length; index += 1) {
        const bar = bars[index];
        this.footprint.update(candle(bar, this.look));
        this.delta.update(deltaPoint(bar, this.look));
        this.cumulative.update(point(bar, bar.cd));
        this.#vwap(bars, index);
      }
      return;
    }
    this.footprint.setData(bars.map((bar) => candle(bar, this.look)));
    this.delta.setData(bars.map((bar) => deltaPoint(bar, this.look)));
    this.cumulative.setData(bars.map((bar) => point(bar, bar.cd)));
    this.vwap.setData(bars.map((bar, index) => vwapPoint(bar, bars[index + 1])));
  }

  #vwap(bars, index) {
    const bar = bars[index];
    this.vwap.update(vwapPoint(bar));
    const historical = true;
    if (index > 0 && begins(bar)) this.vwap.update(vwapPoint(bars[index - 1], bar), historical);
  }

  #position(position) {
    const { theme, grid } = this.look;
    const key = JSON.stringify(position && [position.id, position.size, position.ep, position.stop, position.target]);
    if (key === this.positionKey) return;
    this.positionKey = key;
    const wanted = new Map();
    if (position) {
      const side = position.dir > 0 ? "LONG" : "SHORT";
      wanted.set("entry", { price: format.fromPrice(position.ep), color: position.dir > 0 ? theme.buy : theme.sell, lineStyle: LineStyle.Solid, title: `${side} ${format.size(position.size, this.look.lot)}` });
      if (position.stop !== null) wanted.set("stop", { price: format.toAxis(position.stop, grid), color: theme.loss, lineStyle: LineStyle.Dashed, title: "STOP" });
      if (position.target !== null) wanted.set("target", { price: format.toAxis(position.target, grid), color: theme.profit, lineStyle: LineStyle.Dashed, title: "TARGET" });
    }
    for (const [name, line] of this.lines) {
      if (!wanted.has(name)) {
        this.footprint.removePriceLine(line);
        this.lines.delete(name);
      }
    }
    for (const [name, options] of wanted) {
      const full = { ...options, lineWidth: 1, axisLabelVisible: true };
      if (this.lines.has(name)) this.lines.get(name).applyOptions(full);
      else this.lines.set(name, this.footprint.createPriceLine(full));
    }
  }

  // A quiet market's few prices do not fill the pane: a row stays a row.
  #roomy(info) {
    const { grid } = this.look;
    if (!info?.priceRange || !grid) return info;
    const { minValue, maxValue } = info.priceRange;
    const height = this.chart.paneSize(0).height - (info.margins?.above ?? 0) - (info.margins?.below ?? 0);
    const least = format.toAxis(Math.floor(height / HIGHEST_TICK), grid);
    const lacking = Math.max(0, least - (maxValue - minValue)) / 2;
    return { ...info, priceRange: { minValue: minValue - lacking, maxValue: maxValue + lacking } };
  }

  // The first look: footprint cells of the latest bars.
  home() {
    const scale = this.chart.timeScale();
    const count = barsAtFirst(scale.width());
    scale.applyOptions({ barSpacing: scale.width() / (count + RIGHT_BARS) });
    scale.scrollToPosition(RIGHT_BARS, false);
    this.footprint.priceScale().applyOptions({ autoScale: true });
    this.placed = scale.width() > 0;
  }

  // The library takes a spacing over when it paints: what comes in between adds up.
  zoom(factor) {
    const waiting = this.spacing !== null;
    this.spacing = (this.spacing ?? this.chart.timeScale().options().barSpacing) * factor;
    if (!waiting) requestAnimationFrame(() => this.#space());
  }

  #space() {
    const scale = this.chart.timeScale();
    const { barSpacing } = scale.options();
    // Farther out than all bars there is nothing to see; a few bars need not fill the chart.
    const least = Math.min(6, barSpacing, scale.width() / (this.bars.length + 2 * RIGHT_BARS));
    const wanted = Math.min(MOST_SPACING, Math.max(least, this.spacing));
    this.spacing = null;
    const range = scale.getVisibleLogicalRange();
    if (range === null || this.atEdge()) {
      scale.applyOptions({ barSpacing: wanted });
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
      const to = Math.min(RIGHT_BARS, scale.scrollPosition() + this.shift);
      this.shift = 0;
      scale.scrollToPosition(to, false);
    });
  }

  // A wish that the zoom cannot carry moves the zoom.
  mode(mode) {
    this.look.mode = mode;
    const scale = this.chart.timeScale();
    const { barSpacing } = scale.options();
    if (mode === CELLS && barSpacing < MIN_CELLS_SPACING) this.zoom(84 / barSpacing);
    else if (mode === "profile" && barSpacing < MIN_PROFILE_SPACING) this.zoom(28 / barSpacing);
    this.redraw();
  }

  redraw() {
    this.markers.requestUpdate?.();
  }

  atEdge() {
    return this.chart.timeScale().scrollPosition() > -1.5;
  }

  toLive(smooth) {
    if (smooth) this.chart.timeScale().scrollToRealTime();
    else this.chart.timeScale().scrollToPosition(RIGHT_BARS, false);
  }

  // Brings a moment into sight, and the bar that holds it.
  goTo(at, signal = null) {
    const index = this.bars.findLastIndex((bar) => bar.t <= at);
    if (index < 0) return;
    const scale = this.chart.timeScale();
    const range = scale.getVisibleLogicalRange();
    if (range && (index < range.from + 1 || index > range.to - 1)) {
      const half = (range.to - range.from) / 2;
      scale.setVisibleLogicalRange({ from: index - half, to: index + half });
    }
    this.markers.select(signal);
  }

  retheme() {
    this.look.theme = readTheme();
    const { theme } = this.look;
    this.chart.applyOptions(chartOptions(theme));
    this.vwap.applyOptions({ color: theme.vwap });
    this.cumulative.applyOptions({ color: theme.cumulative });
    for (const { text, mark } of this.titles) mark.applyOptions(title(text, theme));
    for (const line of this.lines.values()) this.footprint.removePriceLine(line);
    this.lines.clear();
    this.positionKey = undefined;
    this.bars = [];
  }

  #moved(event, clicked = false) {
    if (!event.point || event.logical === undefined || event.logical === null) {
      this.onPoint(null);
      return;
    }
    const bar = this.bars[Math.round(event.logical)];
    if (!bar) {
      this.onPoint(null);
      return;
    }
    const main = (event.paneIndex ?? 0) === 0;
    const value = main ? this.footprint.coordinateToPrice(event.point.y) : null;
    this.onPoint({
      bar,
      price: value === null ? null : format.fromAxis(value, this.look.grid),
      signal: event.hoveredInfo?.objectId ?? event.hoveredObjectId ?? null,
      x: event.point.x,
      y: event.point.y,
      clicked,
    });
  }

  #stamp(seconds) {
    return `${format.day(seconds * 1000)} ${format.barTime(seconds * 1000, this.look.timeframe)}`;
  }

  // Marks are chosen by UTC's days; midnight in New York is the one that gets a date.
  #tickMark(seconds, type) {
    const at = seconds * 1000;
    if (format.timeExact(at) === "00:00:00" || type < TickMarkType.DayOfMonth) return format.day(at);
    return format.barTime(at, this.look.timeframe);
  }

  #price(value) {
    const { grid } = this.look;
    return grid ? format.price(format.fromAxis(value, grid), grid) : "";
  }
}

function candle(bar, { grid, theme }) {
  return {
    time: bar.t / 1000,
    low: format.toAxis(bar.l - 0.5, grid),
    high: format.toAxis(bar.h + 0.5, grid),
    close: format.toAxis(bar.c, grid),
    color: bar.c >= bar.o ? theme.buy : theme.sell,
    bar,
  };
}

// Where the session opens its VWAP begins anew, as the bar's own. A point's colour is that of the line
// which leaves it, so the one before shows none.
const begins = (bar) => bar !== undefined && bar.svwap !== null && bar.svwap === bar.vwap;

function vwapPoint(bar, next) {
  return begins(next) ? { ...point(bar, bar.svwap), color: "transparent" } : point(bar, bar.svwap);
}

function deltaPoint(bar, { theme }) {
  return { time: bar.t / 1000, color: bar.d >= 0 ? theme.buy : theme.sell, bar };
}

function point(bar, value) {
  return value === null || value === undefined
    ? { time: bar.t / 1000 } : { time: bar.t / 1000, value: Number(value) };
}

function title(text, { text: color, font }) {
  return { horzAlign: "left", vertAlign: "top", lines: [{ text, color, fontSize: 11, fontFamily: font }] };
}

