// The cards beside the chart: the day's P&L against its limits, the position, the regime.

import * as format from "../format.js";
import { $, h, profitTone, style, text, tone, whenChanged } from "./dom.js";

const HALTS = {
  profit_target: "Profit target reached: no entries until the next trading day",
  loss_limit: "Loss limit reached: flat, no entries until the next trading day",
  max_drawdown: "Drawdown limit reached: flat, until you resume",
  margin: "Margin above the limit: no entries until the next trading day",
  stale_feed: "No ticks: no entries until the next one",
  rejects: "Too many rejected orders: until you resume",
  operator: "Halted by the operator: until you resume",
  kill: "Kill switch: flat and cancelled, until you resume",
};

// Where the day stands between -limit and +target, 0..1; beyond either end it stays there.
export function placeInLimits(total, limit, target) {
  const [low, high] = [-Math.abs(Number(limit)), Math.abs(Number(target))];
  if (!(high > low)) return { zero: 0.5, at: 0.5 };
  const place = (value) => Math.min(1, Math.max(0, (value - low) / (high - low)));
  return { zero: place(0), at: place(Number(total)) };
}

const halts = whenChanged((joined) => {
  const list = joined ? joined.split("\n") : [];
  $("halts").hidden = list.length === 0;
  $("halts").replaceChildren(...list.map((halt) => h("p", { class: "message" }, HALTS[halt] ?? format.words(halt))));
});

export function renderDay({ frame, trades }) {
  const account = frame?.account;
  if (!account) return;
  const total = format.add(account.day_pnl ?? "0", account.open_pnl ?? "0");
  text($("day-total"), format.money(total, { sign: true }));
  tone($("day-total"), profitTone(format.signOf(total)));
  text($("day-realised"), format.money(account.day_pnl, { sign: true }));
  tone($("day-realised"), profitTone(format.signOf(account.day_pnl)));
  text($("day-open"), format.money(account.open_pnl, { sign: true }));
  tone($("day-open"), profitTone(format.signOf(account.open_pnl)));
  text($("day-balance"), format.money(account.balance));
  text($("day-tier"), account.tier || format.NONE);
  $("day-tier").title = account.symbol ? `Trades ${account.symbol}` : "";
  const wins = trades.filter((trade) => format.signOf(trade.net) > 0).length;
  text($("day-trades"), trades.length === 0 ? "0" : `${trades.length} (${wins} won)`);
  const streak = account.streak ?? 0;
  text($("day-streak"), streak > 0 ? `${streak} won` : streak < 0 ? `${-streak} lost` : format.NONE);

  const { zero, at } = placeInLimits(total, account.limit, account.target);
  const fill = $("day-fill");
  style(fill, "left", `${Math.min(zero, at) * 100}%`);
  style(fill, "width", `${Math.abs(at - zero) * 100}%`);
  style(fill, "background", at >= zero ? "var(--profit)" : "var(--loss)");
  style($("day-zero"), "left", `${zero * 100}%`);
  text($("day-limit"), `limit −${format.money(String(account.limit).replace("-", ""), { places: 0 })}`);
  text($("day-target"), `target +${format.money(account.target, { places: 0 })}`);
  halts((account.halts ?? []).join("\n"));
}

const position = whenChanged((side, what, where, since, stop, target) => {
  if (side === null) {
    $("position").replaceChildren(h("p", { class: "muted" }, what));
    return;
  }
  $("position").replaceChildren(
    h("p", { class: "position__side" }, h("strong", { class: side }, what), ` ${where} `, h("span", { class: "muted" }, since)),
    h("dl", { class: "figures" },
      h("div", {}, h("dt", {}, "Stop"), h("dd", { class: "loss" }, stop)),
      h("div", {}, h("dt", {}, "Target"), h("dd", { class: "profit" }, target))),
  );
});

export function renderPosition({ config, frame }) {
  const held = config && frame?.position;
  text($("position-pnl"), held ? format.money(held.open_pnl, { sign: true }) : "");
  tone($("position-pnl"), held ? profitTone(format.signOf(held.open_pnl)) : null);
  if (!held) {
    position(null, frame?.waiting ? describeWaiting(frame.waiting, config) : "Flat");
    return;
  }
  const grid = format.grid(config.tick, config.decimals);
  position(held.dir > 0 ? "buy" : "sell", `${format.side(held.dir)} ${format.size(held.size, config.lot)}`,
    `${held.symbol} at ${format.priceText(held.ep, grid)}`, `since ${format.time(held.et)}`,
    format.price(held.stop, grid), format.price(held.target, grid));
}

function describeWaiting(waiting, config) {
  return `${format.side(waiting.dir)} ${format.size(waiting.size, config?.lot ?? "1")}: the entry order waits for its fill`;
}

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
