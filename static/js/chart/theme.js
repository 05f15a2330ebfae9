// The colours of the canvas, read from the design system's variables (css/tokens.css).

import { fade, ramp } from "../footprint/heat.js";

export function readTheme(element = document.documentElement) {
  const style = getComputedStyle(element);
  const value = (name) => style.getPropertyValue(name).trim();
  const buy = value("--buy");
  const sell = value("--sell");
  return {
    background: value("--chart-bg"),
    grid: value("--chart-grid"),
    text: value("--chart-text"),
    line: value("--line"),
    surface: value("--surface-2"),
    crosshair: value("--chart-crosshair"),
    font: value("--font-chart"),
    buy,
    sell,
    buyStrong: value("--buy-strong"),
    sellStrong: value("--sell-strong"),
    onBuy: value("--on-buy"),
    onSell: value("--on-sell"),
    buyHeat: ramp(buy, 0.06, 0.5),
    sellHeat: ramp(sell, 0.05, 0.45),
    buyBar: fade(buy, 0.62),
    sellBar: fade(sell, 0.62),
    neutralBar: fade(value("--chart-area"), 0.4),
    cell: value("--chart-cell"),
    cellText: value("--chart-cell-text"),
    cellDim: value("--chart-cell-dim"),
    poc: value("--chart-poc"),
    area: value("--chart-area"),
    vwap: value("--chart-vwap"),
    cumulative: value("--chart-cum"),
    profit: value("--profit"),
    loss: value("--loss"),
    bright: value("--text"),
  };
}

// What lightweight-charts itself draws.
export function chartOptions(theme) {
  return {
    layout: {
      background: { type: "solid", color: theme.background },
      textColor: theme.text,
      fontFamily: theme.font,
      fontSize: 11,
      attributionLogo: true,
      panes: { separatorColor: theme.line, separatorHoverColor: fade(theme.crosshair, 0.2) },
    },
    grid: { vertLines: { visible: false }, horzLines: { color: theme.grid } },
    rightPriceScale: { borderColor: theme.line },
    timeScale: { borderColor: theme.line },
    crosshair: {
      mode: 0,
      vertLine: { color: theme.crosshair, labelBackgroundColor: theme.surface, width: 1, style: 3 },
      horzLine: { color: theme.crosshair, labelBackgroundColor: theme.surface, width: 1, style: 3 },
    },
  };
}
