// What the axes say: New York's times, and prices to the tick.

import { TickMarkType } from "../../vendor/lightweight-charts/lightweight-charts.standalone.production.mjs";
import * as format from "../format.js";

// "Jul 9 09:35" at the crosshair.
export function stamp(seconds, timeframe) {
  return `${format.day(seconds * 1000)} ${format.barTime(seconds * 1000, timeframe)}`;
}

// Marks are chosen by UTC's days; midnight in New York is the one that gets a date.
export function timeMark(seconds, type, timeframe) {
  const at = seconds * 1000;
  if (format.timeExact(at) === "00:00:00" || type < TickMarkType.DayOfMonth) return format.day(at);
  return format.barTime(at, timeframe);
}

// The price scale's format on a grid of ticks.
export function priceFormat(grid) {
  const formatter = (value) => (grid ? format.price(format.fromAxis(value, grid), grid) : "");
  return { type: "custom", minMove: grid ? grid.numerator / grid.scale : 0.01, formatter };
}

export const wholeFormat = Object.freeze({
  type: "custom", minMove: 1, formatter: (value) => format.compact(Math.round(value)),
});
