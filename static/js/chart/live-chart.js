// The chart of the live page: panes and series, fed with the store's state.
//
// Times go in as UTC seconds and are written as New York's. What changed is found by identity, so that a
// closing bar costs one update and a catch-up one redraw.

import { LineStyle, createChart } from "../../vendor/lightweight-charts/lightweight-charts.standalone.production.mjs";
import * as format from "../format.js";
import { spacingFor } from "../footprint/detail.js";
import { Choices, browserStorage } from "../overlays/options.js";
import { priceFormat, stamp, timeMark } from "./axis.js";
import { FootprintSeries } from "./footprint-series.js";
import { Overlays } from "./overlays.js";
import { Panes } from "./panes.js";
import { candle } from "./points.js";
import { PositionLines } from "./position-lines.js";
import { priceWheel } from "./price-wheel.js";
import { chartOptions, readTheme } from "./theme.js";
import { MOST_SPACING, RIGHT_BARS, View, roomy } from "./view.js";

export class LiveChart {
  // `choice`: {wish, rowWish}; `onPlan(plan)`: what is drawn (footprint/detail.js); `onPoint(point | null)`: what the crosshair is at;
  // `onEdge(atEdge)`: whether the latest bar is in sight.
  constructor(element, { choice, onPlan, onPoint, onEdge }) {
    this.look = { theme: readTheme(), grid: null, rules: { rowTicks: 1 }, ...choice };
    this.onPoint = onPoint;
    this.onPick = () => {}; // what a click was at: overlays.find, or null
    this.bars = [];
    this.placed = false; // the first look has been set

    const timeframe = () => this.look.timeframe;
    this.chart = createChart(element, {
      ...chartOptions(this.look.theme),
      autoSize: true,
      localization: { timeFormatter: (seconds) => stamp(seconds, timeframe()) },
      handleScale: { axisPressedMouseMove: true, axisDoubleClickReset: true },
    });
    this.chart.applyOptions({
      timeScale: {
        timeVisible: true, secondsVisible: false, rightOffset: RIGHT_BARS, minBarSpacing: 0.8,
        maxBarSpacing: MOST_SPACING, allowBoldLabels: false,
        tickMarkFormatter: (seconds, type) => timeMark(seconds, type, timeframe()),
      },
      rightPriceScale: { scaleMargins: { top: 0.08, bottom: 0.08 }, minimumWidth: 68, entireTextOnly: true },
    });

    this.footprint = this.chart.addCustomSeries(
      new FootprintSeries(this.look, onPlan), {
        priceFormat: priceFormat(null), priceLineStyle: LineStyle.Dotted,
        autoscaleInfoProvider: (original) => roomy(original(), this.chart.paneSize(0).height, this.look.grid),
      },
    );
    this.view = new View(this.chart, this.footprint, () => this.bars.length);
    this.choices = new Choices(browserStorage(), { narrow: element.clientWidth < 600 });
    this.overlays = new Overlays(this.footprint, this.look, this.choices);
    this.#margin(element.clientWidth);
    this.choices.onChange(() => this.#margin(element.clientWidth));
    this.panes = new Panes(this.chart, this.look, this.choices, element);
    this.position = new PositionLines(this.look, this.footprint);

    priceWheel(element, this.chart, this.footprint);
    this.chart.subscribeCrosshairMove((event) => this.#moved(event));
    this.chart.subscribeClick((event) => this.#moved(event, true));
    const scale = this.chart.timeScale();
    scale.subscribeVisibleLogicalRangeChange((range) => {
      onEdge(this.view.atEdge());
      if (range) this.panes.space(scale.width() / (range.to - range.from));
    });
  }

  configure(config) {
    this.look.grid = format.grid(config.tick, config.decimals);
    this.look.rules = { rowTicks: Math.max(1, config.row_ticks ?? 1), ratio: config.ratio, minVolume: config.min_volume ?? 1 };
    this.look.timeframe = config.timeframe;
    this.look.lot = config.lot;
    this.footprint.applyOptions({ priceFormat: priceFormat(this.look.grid) });
    const market = ["account", "symbol", "session_date", "source"].map((name) => config[name]).join(" ");
    if (this.market !== undefined && market !== this.market) this.overlays.clear();
    this.market = market;
    this.placed = false;
    this.bars = [];
  }

  // `day`: the session's own bars, where others are shown.
  show({ bars, signals, trades, position, day = bars }) {
    if (!this.look.grid) return;
    this.#bars(bars);
    this.overlays.show({ bars, signals, trades, position, day });
    this.position.show(position);
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
        this.panes.update(bar, bars);
      }
      return;
    }
    this.footprint.setData(bars.map((bar) => candle(bar, this.look)));
    this.panes.setData(bars);
  }

  #margin(width) {
    this.view.setMargin(this.overlays.margin(width));
  }

  home() {
    this.placed = this.view.home();
  }

  zoom(factor) {
    this.view.zoom(factor);
  }

  scroll(bars) {
    this.view.scroll(bars);
  }

  toLive(smooth) {
    this.view.toLive(smooth);
  }

  // A wish that the zoom cannot carry moves the zoom.
  choose(choice) {
    if (choice.wish !== this.look.wish) this.view.widen(spacingFor(choice.wish));
    Object.assign(this.look, choice);
    this.redraw();
  }

  redraw() {
    this.overlays.redraw();
  }

  // Brings a moment into sight, and the bar that holds it.
  goTo(at, signal = null, trade = null) {
    const index = this.bars.findLastIndex((bar) => bar.t <= at);
    if (index < 0) return;
    this.view.reveal(index);
    this.overlays.signals.select(signal);
    this.overlays.trades.select(trade);
  }

  retheme() {
    this.look.theme = readTheme();
    const { theme } = this.look;
    this.chart.applyOptions(chartOptions(theme));
    this.panes.retheme();
    this.position.clear();
    this.bars = [];
  }

  #moved(event, clicked = false) {
    const nothing = !event.point || event.logical === undefined || event.logical === null;
    const over = this.overlays.find(event.hoveredInfo?.objectId ?? event.hoveredObjectId ?? null);
    // Names at the right edge lie beyond the last bar.
    const bar = nothing ? undefined : this.bars[Math.round(event.logical)] ?? (over ? this.bars.at(-1) : undefined);
    if (clicked) this.onPick(over);
    if (!bar) {
      this.onPoint(null);
      return;
    }
    const main = (event.paneIndex ?? 0) === 0;
    const value = main ? this.footprint.coordinateToPrice(event.point.y) : null;
    this.onPoint({
      bar,
      price: value === null ? null : format.fromAxis(value, this.look.grid),
      over,
      x: event.point.x,
      y: event.point.y,
    });
  }
}
