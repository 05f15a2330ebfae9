// The colours of the canvas, read from the design system's variables (css/tokens.css).

import { blend, fade, ramp } from "../footprint/heat.js";

export function readTheme(element = document.documentElement) {
  const style = getComputedStyle(element);
  return themeFrom((name) => style.getPropertyValue(name).trim());
}

// `value(name)`: what a variable is.
export function themeFrom(value) {
  const buy = value("--buy");
  const sell = value("--sell");
  const background = value("--chart-bg");
  const cell = value("--chart-cell");
  const area = value("--chart-area");
  return {
    background,
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
    buyHeat: ramp(buy, cell, 0.06, 0.5),
    sellHeat: ramp(sell, cell, 0.05, 0.45),
    volumeHeat: ramp(area, cell, 0.06, 0.5),
    // A histogram's rows within the value area and outside of it.
    buyBar: blend(buy, background, 0.62),
    buyBarDim: blend(buy, background, 0.3),
    sellBar: blend(sell, background, 0.62),
    sellBarDim: blend(sell, background, 0.3),
    neutralBar: blend(area, background, 0.55),
    neutralBarDim: blend(area, background, 0.28),
    cell,
    cellText: value("--chart-cell-text"),
    cellDim: value("--chart-cell-dim"),
    poc: value("--chart-poc"),
    area,
    vwap: value("--chart-vwap"),
    ema: value("--chart-ema"),
    regimes: {
      TRENDING_UP: buy, TRENDING_DOWN: sell, RANGING: value("--regime-ranging"),
      VOLATILE: value("--regime-volatile"), NO_TRADE: value("--regime-none"),
    },
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
