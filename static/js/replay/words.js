// The replay in words. Pure.

import * as format from "../format.js";

export const UNITS = { tick: "Tick", bar: "Bar", signal: "Signal", trade: "Trade" };
export const SPEEDS = [1, 2, 5, 10, 30, 60, 120, 300, "max"];
export const speedWords = (speed) => (speed === "max" ? "Max" : `${speed}×`);

export function markWords(mark) {
  const what = format.words(mark.label);
  if (mark.kind === "halt") return `Halted: ${format.sentence(mark.label)}`;
  if (mark.kind === "signal") return `${format.side(mark.dir)} signal: ${what}${mark.ok ? "" : ", rejected"}`;
  const result = mark.net === null || mark.net === undefined ? "open at the end" : format.money(mark.net, { sign: true });
  return `${format.side(mark.dir)} trade: ${what}, ${result}`;
}

// The state beside the play button.
export function stateWords({ playing, over, loading }) {
  if (loading) return "Loading the ticks…";
  if (over) return "End of the day";
  return playing ? "Playing" : "Paused";
}

const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

const inNewYork = new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York", year: "numeric", month: "2-digit", day: "2-digit" });

// "2024-06-12" -> "Wed, 12 Jun 2024": the trading day, which has no zone.
export const dayWords = (day) => weekday.format(Date.parse(`${day}T00:00:00Z`));

// The date in New York at `t`, and in the evening before also the trading day that it belongs to.
export function whenWords(day, t) {
  const date = inNewYork.format(t);
  return date === day ? dayWords(day) : `${dayWords(date)}, for ${dayWords(day)}`;
}
