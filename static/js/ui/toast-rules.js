// Which events are worth a toast, and which sound goes with it. Pure.

import * as format from "../format.js";

const BY_NOTICE = {
  halted: { title: "Halted", sound: "alert" },
  resumed: { title: "No longer halted" },
  tier: { title: "Tier changed", sound: "info" },
  rejected: { title: "Order rejected", sound: "alert" },
  protection: { title: "Unprotected", sound: "alert" },
  flatten_failed: { title: "Not closed", sound: "alert" },
  database: { title: "Database" },
  feed_lost: { title: "Feed lost", sound: "alert" },
  feed_silence: { title: "Feed lost", sound: "alert" },
  feed_restored: { title: "Feed back", sound: "info" },
  feed_gap: { title: "Gap in the ticks", sound: "alert" },
  feed_error: { title: "Feed", sound: "alert" },
  feed_clock: { title: "Clock" },
  feed_slow: { title: "Feed is slow" },
  feed_slow_reader: { title: "Feed is slow" },
  feed_roll: { title: "Contract rolled", sound: "info" },
  failed: { title: "The session failed", sound: "alert" },
  ended: { title: "Session over" },
};
const EXITS = { stop: "stop", break_even: "break-even stop", trailing_stop: "trailing stop", target: "target", time_stop: "time stop" };

// A notice of the pipeline as a toast, or null: commands and phases are told elsewhere.
export function ofNotice({ kind, text, level }) {
  const rule = BY_NOTICE[kind];
  if (!rule) return null;
  const said = text.replace(/^Halted \(operator\): operator$/, "By the operator").replace(/^(Halted|No longer halted) \(([^)]*)\): /, (_, word, halt) => `${format.words(halt)}: `);
  return { key: kind, level, title: rule.title, text: format.sentence(said), sound: level === "error" ? "alert" : rule.sound ?? null };
}

// What a frame says that the one before it did not: [{key, level, title, text, sound}].
// `before` is the page's state as the frame came. The first frame after a load tells no news.
export function ofFrame(frame, before) {
  if (!before.frame || !before.config) return [];
  if (before.frame.account_name !== frame.account_name) return [];
  const grid = format.grid(before.config.tick, before.config.decimals);
  const toasts = (frame.notices ?? []).map(ofNotice).filter((toast) => toast !== null);
  const known = new Set(before.trades.map(({ id }) => id));
  const position = frame.position;
  if (position && position.id !== before.frame.position?.id) {
    toasts.push({
      key: "opened", level: "info", title: `Opened ${what(position, before.config)}`,
      text: `at ${format.priceText(position.ep, grid)}, stop ${format.price(position.stop, grid)}, target ${format.price(position.target, grid)}`,
      sound: "fill",
    });
  }
  for (const trade of frame.trades ?? []) {
    if (trade.xt === null || known.has(trade.id)) continue;
    toasts.push({
      key: "closed", level: "info", title: `Closed ${what(trade, before.config)}`,
      text: `${format.money(trade.net, { sign: true })} net at ${format.priceText(trade.xp, grid)}, ${EXITS[trade.why] ?? format.words(trade.why).toLowerCase()}`,
      sound: "fill",
    });
  }
  return toasts;
}

const what = ({ dir, size, symbol }, config) => `${format.side(dir).toLowerCase()} ${format.size(size, config.lot)} ${symbol}`;

// The line to the server, from one state to the next: a toast, "gone" to take the old one away, or null.
export function ofConnection(before, now) {
  if (now === "closed" && before === "open") {
    return { key: "connection", level: "warning", title: "Connection lost", text: "Trying again. Trading goes on without this page.", lasts: Infinity, sound: "alert" };
  }
  if (now === "open" && before === "closed") {
    return { key: "connection", level: "info", title: "Connection restored", text: "", sound: "info" };
  }
  return null;
}
