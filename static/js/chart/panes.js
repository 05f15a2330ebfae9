// The panes below the bars: volume, delta, cumulative delta. Each can be closed; heights are kept as the
// trader dragged them. Closing removes its series and so the pane; opening puts it back into its place.

import { LineSeries, createTextWatermark } from "../../vendor/lightweight-charts/lightweight-charts.standalone.production.mjs";
import { PANES } from "../overlays/options.js";
import { wholeFormat } from "./axis.js";
import { DeltaSeries } from "./delta-series.js";
import { barPoint, deltaPoint, point } from "./points.js";
import { VolumeSeries } from "./volume-series.js";

const THICK = 2;
const FINE_SPACING = 4; // pixels a bar, below it a line of one pixel: it is many times as fast
const MAIN = 1000; // the main pane's share; the others' are against it
const KINDS = {
  volume: { title: "Volume", height: 150, data: (bar) => barPoint(bar), make: ({ chart, look }, at) =>
    chart.addCustomSeries(new VolumeSeries(look), { priceFormat: wholeFormat, priceLineVisible: false, lastValueVisible: true, color: look.theme.text }, at) },
  delta: { title: "Delta", height: 180, data: (bar, look) => deltaPoint(bar, look), make: ({ chart, look }, at) =>
    chart.addCustomSeries(new DeltaSeries(look), { priceFormat: wholeFormat, priceLineVisible: false, lastValueVisible: true }, at) },
  cumulative: { title: "Cumulative delta", height: 150, data: (bar) => point(bar, bar.cd), make: ({ chart, look }, at) =>
    chart.addSeries(LineSeries, { color: look.theme.cumulative, lineWidth: THICK, priceLineVisible: false, lastValueVisible: true, crosshairMarkerRadius: 3, priceFormat: wholeFormat }, at) },
};

export class Panes {
  constructor(chart, look, choices, element) {
    Object.assign(this, { chart, look, choices });
    this.open = new Map(); // name -> {series, mark}
    this.bars = [];
    chart.panes()[0].setStretchFactor(MAIN);
    for (const name of PANES) if (choices.on(name)) this.#add(name);
    choices.onChange((name, on) => {
      if (!PANES.includes(name)) return;
      if (on) this.#add(name);
      else this.#remove(name);
    });
    // The library does not tell when a separator was dragged.
    element.addEventListener("pointerup", () => this.#keepHeights());
  }

  setData(bars) {
    this.bars = bars;
    for (const [name, { series }] of this.open) series.setData(bars.map((bar) => KINDS[name].data(bar, this.look)));
  }

  // The bar is the last one or comes after it.
  update(bar, bars) {
    this.bars = bars;
    for (const [name, { series }] of this.open) series.update(KINDS[name].data(bar, this.look));
  }

  // How far apart bars are now.
  space(spacing) {
    const width = spacing < FINE_SPACING ? 1 : THICK;
    if (width === this.width) return;
    this.width = width;
    this.open.get("cumulative")?.series.applyOptions({ lineWidth: width });
  }

  nameOf(pane) {
    return PANES.find((name) => this.open.get(name)?.series.getPane().paneIndex() === pane.paneIndex()) ?? null;
  }

  retheme() {
    const { theme } = this.look;
    this.open.get("cumulative")?.series.applyOptions({ color: theme.cumulative });
    this.open.get("volume")?.series.applyOptions({ color: theme.text });
    for (const [name, { mark }] of this.open) mark.applyOptions(title(KINDS[name].title, theme));
  }

  #add(name) {
    const at = 1 + PANES.slice(0, PANES.indexOf(name)).filter((each) => this.open.has(each)).length;
    // New panes come last, then move up.
    const series = KINDS[name].make(this, this.chart.panes().length);
    const pane = series.getPane();
    pane.moveTo(at);
    series.priceScale().applyOptions({ scaleMargins: { top: 0.32, bottom: 0.1 } });
    pane.setStretchFactor(this.choices.height(name, KINDS[name].height));
    const mark = createTextWatermark(pane, title(KINDS[name].title, this.look.theme));
    this.open.set(name, { series, mark });
    if (this.bars.length > 0) series.setData(this.bars.map((bar) => KINDS[name].data(bar, this.look)));
  }

  #remove(name) {
    const { series, mark } = this.open.get(name) ?? {};
    if (!series) return;
    mark.detach();
    this.chart.removeSeries(series);
    this.open.delete(name);
  }

  #keepHeights() {
    const main = this.chart.panes()[0].getStretchFactor();
    const heights = {};
    for (const [name, { series }] of this.open) {
      const height = Math.round((series.getPane().getStretchFactor() / main) * MAIN);
      if (height !== this.choices.height(name, KINDS[name].height)) heights[name] = height;
    }
    if (Object.keys(heights).length > 0) this.choices.setHeights(heights);
  }
}

function title(text, { text: color, font }) {
  return { horzAlign: "left", vertAlign: "top", lines: [{ text, color, fontSize: 11, fontFamily: font }] };
}
