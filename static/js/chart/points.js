// Bars as the chart's series take them.

import { toAxis } from "../format.js";

export function candle(bar, { grid, theme }) {
  return {
    time: bar.t / 1000,
    low: toAxis(bar.l - 0.5, grid),
    high: toAxis(bar.h + 0.5, grid),
    close: toAxis(bar.c, grid),
    color: bar.c >= bar.o ? theme.buy : theme.sell,
    bar,
  };
}

export const barPoint = (bar) => ({ time: bar.t / 1000, bar });

export function deltaPoint(bar, { theme }) {
  return { time: bar.t / 1000, color: bar.d >= 0 ? theme.buy : theme.sell, bar };
}

export function point(bar, value) {
  return value === null || value === undefined
    ? { time: bar.t / 1000 } : { time: bar.t / 1000, value: Number(value) };
}
