// The regime: its name, how sure it is, the scores, and what they are computed from.

import * as format from "../format.js";
import { $, h, text } from "./dom.js";

const SCORES = ["Up", "Down", "Ranging", "Volatile"];
const NAMES = ["TRENDING_UP", "TRENDING_DOWN", "RANGING", "VOLATILE"];
const WINNING = 4; // points a regime needs
const MOST = 8;
const CONFIDENT = 0.6; // the router's minimum

// What a regime is computed from: its name, and what kind of figure it is. The engine counts in ticks.
const INPUTS = {
  adx: ["ADX", "figure"], adx_slope: ["ADX slope", "figure"], atr: ["ATR", "ticks"],
  atr_percentile: ["ATR percentile", "figure"], ema_fast: ["EMA 9", "price"], ema_slow: ["EMA 21", "price"],
  vwap_distance: ["Close to VWAP", "ticks"], mean_range: ["Mean range", "ticks"],
  volume_ratio: ["Volume to mean", "figure"], cum_delta: ["Cumulative delta", "count"],
  delta_slope: ["Delta slope", "figure"], delta_slope_limit: ["Steep slope", "figure"],
  higher_highs: ["Higher highs", "yes"], higher_lows: ["Higher lows", "yes"], lower_highs: ["Lower highs", "yes"],
  lower_lows: ["Lower lows", "yes"], range_bound: ["Inside bars of 10", "count"],
  minutes_since_open: ["Since the open", "minutes"], minutes_to_close: ["To the close", "minutes"],
  news: ["News window", "yes"],
};

export function inputText(value, kind, grid) {
  if (kind === "yes") return value ? "yes" : "no";
  if (kind === "price") return format.price(Math.round(value), grid);
  if (kind === "ticks") return `${value.toFixed(1)} ticks`.replace("-", "\u2212");
  if (kind === "minutes") return `${Math.round(value)} min`.replace("-", "\u2212");
  if (kind === "count") return format.volume(value).replace("-", "\u2212");
  return value.toFixed(2).replace("-", "\u2212");
}

function regime(reading, grid) {
  const { name, conf, scores, reason, inputs } = reading;
  const noTrade = name === "NO_TRADE";
  text($("regime-name"), name ? format.words(name) : format.NONE);
  const parts = [];
  if (reason) parts.push(h("p", { class: "regime__reason" }, format.sentence(reason)));
  if (!noTrade && conf !== null && conf !== undefined) {
    parts.push(h("div", { class: "regime__confidence", title: "Signals need 60 %" },
      h("span", { class: "muted" }, "Confidence"),
      h("div", { class: "meter" },
        h("span", { class: "meter__fill", style: { left: "0", width: `${conf * 100}%`, background: conf >= CONFIDENT ? "var(--accent)" : "var(--warn)" } }),
        h("span", { class: "meter__mark", style: { left: `${CONFIDENT * 100}%` } })),
      h("span", {}, format.percent(conf))));
  }
  if (scores) {
    parts.push(h("ul", { class: "scores" }, ...scores.map((score, index) =>
      h("li", { "data-winner": String(NAMES[index] === name) },
        h("span", {}, SCORES[index]),
        h("div", { class: "meter" },
          h("span", { class: "meter__fill", style: { left: "0", width: `${Math.min(1, score / MOST) * 100}%` } }),
          h("span", { class: "meter__mark", style: { left: `${(WINNING / MOST) * 100}%` } })),
        h("span", {}, score.toFixed(1))))));
  }
  const known = Object.entries(inputs ?? {}).filter(([, value]) => value !== null);
  if (known.length > 0) {
    const open = $("regime").querySelector("details")?.open ?? false;
    parts.push(h("details", { class: "inputs", open },
      h("summary", {}, "What it is computed from"),
      h("dl", { class: "figures" }, ...known.map(([key, value]) =>
        h("div", {}, h("dt", {}, INPUTS[key]?.[0] ?? format.words(key)), h("dd", {}, inputText(value, INPUTS[key]?.[1], grid)))))));
  }
  $("regime").replaceChildren(...parts);
}

let shown = "";
export function renderRegime({ config, frame }) {
  const reading = frame?.regime;
  if (!reading || !config) return;
  const key = JSON.stringify(reading);
  if (key === shown) return;
  shown = key;
  regime(reading, format.grid(config.tick, config.decimals));
}
