// The bar at the top: what is traded, in which mode, at which price, and how fresh that is.

import { barsName } from "../bar-kinds.js";
import * as format from "../format.js";
import { feedState } from "../feed-state.js";
import { $, h, profitTone, text, tone, whenChanged } from "./dom.js";

const PHASES = { before_open: "Before the open", open: "Open", entries_closed: "No new entries", flatten: "Flattening", closed: "Closed" };

function modeBadge(mode, test) {
  if (mode !== "live") return h("span", { class: "badge badge--paper", title: "No real orders are sent" }, mode);
  if (test) return h("span", { class: "badge badge--paper", title: "Orders go to a test broker on this machine: nobody's money" }, "test broker");
  return h("span", { class: "badge badge--live", title: "Real money: orders go to the broker" }, "live");
}

const badges = whenChanged((replay, mode, test, fills, synthetic, source, inferred, speed, halts) => {
  const list = [];
  if (replay) list.push(h("span", { class: "badge badge--replay", title: "A stored day again: nothing here is traded now" }, "Replay"));
  if (mode) list.push(modeBadge(mode, test));
  if (synthetic) list.push(h("span", { class: "badge badge--caution", title: `No such trades took place: ${source}` }, "Synthetic ticks"));
  if (inferred) list.push(h("span", { class: "badge badge--caution", title: "The source does not say who was the aggressor; sides are inferred by the tick rule" }, "Inferred side"));
  if (fills && fills !== "honest") list.push(h("span", { class: "badge badge--caution", title: "Fill assumptions" }, `${fills} fills`));
  if (speed !== null && speed !== undefined && String(speed) !== "1") list.push(h("span", { class: "badge", title: "Speed of the feed against real time" }, /^\d/.test(speed) ? `${speed}×` : String(speed)));
  if (halts) list.push(h("span", { class: "badge badge--halt" }, "Halted"));
  $("badges").replaceChildren(...list);
});

export function renderHeader(state) {
  const { config, frame } = state;
  const grid = config && format.grid(config.tick, config.decimals);
  text($("symbol"), config?.symbol ?? format.NONE);
  text($("instrument-name"), config ? `${config.name} · ${config.bars ? barsName(config.bars, config.lot) : format.timeframe(config.timeframe)}` : "");
  badges(config?.replay, config?.mode, config?.broker?.test ?? false, config?.fills?.profile, frame?.feed?.synthetic ?? config?.synthetic, frame?.feed?.source ?? config?.source, frame?.feed?.inferred ?? config?.inferred, frame?.feed?.speed ?? null, (frame?.account?.halts ?? []).join());

  const bar = (grid && (state.forming ?? state.bars.at(-1))) ?? null; // frames may overtake the snapshot
  const previous = state.forming ? state.bars.at(-1) ?? null : state.bars.at(-2) ?? null;
  text($("last-price"), bar && grid ? format.price(bar.c, grid) : format.NONE);
  tone($("last-price"), bar ? (bar.c > bar.o ? "buy" : bar.c < bar.o ? "sell" : null) : null);
  const opened = state.bars[0]?.o ?? bar?.o;
  const change = bar && opened !== undefined ? bar.c - opened : null;
  text($("last-change"), change === null || !previous ? "" : `${change > 0 ? "+" : ""}${format.price(change, grid)}`);

  const session = frame?.session;
  text($("session"), session ? PHASES[session.phase] ?? format.words(session.phase) : format.NONE);
  const regime = frame?.regime;
  text($("regime-short"), regime?.name ? format.regime(regime.name, regime.conf) : format.NONE);
  const total = frame?.account ? format.add(frame.account.day_pnl ?? "0", frame.account.open_pnl ?? "0") : null;
  text($("pnl-short"), format.money(total, { sign: true }));
  tone($("pnl-short"), profitTone(format.signOf(total)));
  const page = config?.replay ? "Replay" : "Live";
  const real = config?.broker && !config.broker.test && !config.replay ? "Real money · " : "";
  document.title = bar ? `${config.replay ? "Replay " : real}${format.price(bar.c, grid)} ${config.symbol} · tradebot` : `${page} · tradebot`;
}

// Called by its own timer, so that silence shows.
export function renderFeed(state, socket, now) {
  const feed = feedState({ socket, frame: state.frame, frameAt: state.frameAt, now });
  $("feed").dataset.level = feed.level;
  text($("feed-state"), feed.text);
  text($("feed-age"), feed.age === null ? "" : `last tick ${format.age(feed.age)} ago`);
  const info = state.frame?.feed;
  const quiet = !info || !["ok", "warn"].includes(feed.level) || feed.silent;
  text($("feed-rate"), quiet ? "" : `${format.rate(info.tps)} ticks/s`);
  const dropped = Object.values(info?.dropped ?? {}).reduce((sum, count) => sum + count, 0);
  const latency = info?.latency_us;
  $("feed").title = info
    ? [`Source: ${info.source}`, `${format.volume(info.ticks)} ticks today`, dropped ? `${format.volume(dropped)} bad ticks dropped` : null, latency ? `Engine: ${latency.p50} µs a push, 99 % under ${latency.p99} µs` : null].filter(Boolean).join("\n")
    : "";
  return feed;
}
