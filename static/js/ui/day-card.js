// The day's P&L between its limits, what stands behind it, and the tier with the way to the next one.

import * as format from "../format.js";
import { allows, drawdown, negative, standing } from "../tiers.js";
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
  difference: "The broker has other than we believe: until you resume",
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

const money = (id, amount) => {
  text($(id), format.money(amount, { sign: true }));
  tone($(id), profitTone(format.signOf(amount)));
};

export function renderDay({ config, frame, trades }) {
  const account = frame?.account;
  if (!account) return;
  const total = format.add(account.day_pnl ?? "0", account.open_pnl ?? "0");
  money("day-total", total);
  money("day-realised", account.day_pnl);
  money("day-open", account.open_pnl);
  text($("day-balance"), format.money(account.balance));
  const wins = trades.filter((trade) => format.signOf(trade.net) > 0).length;
  text($("day-trades"), trades.length === 0 ? "0" : `${trades.length} (${wins} won)`);
  const streak = account.streak ?? 0;
  text($("day-streak"), streak > 0 ? `${streak} won` : streak < 0 ? `${-streak} lost` : format.NONE);
  const below = drawdown(account.peak, account.balance, account.open_pnl);
  const most = config?.max_drawdown;
  text($("day-drawdown"), below === null ? format.NONE : format.signOf(below) === 0 ? "none" : format.money(negative(below)));
  $("day-drawdown").title = [
    account.peak ? `Highest balance ${format.money(account.peak)}` : null,
    most ? `trading halts ${format.money(most)} below it` : null,
  ].filter(Boolean).join("; ");

  const { zero, at } = placeInLimits(total, account.limit, account.target);
  const fill = $("day-fill");
  style(fill, "left", `${Math.min(zero, at) * 100}%`);
  style(fill, "width", `${Math.abs(at - zero) * 100}%`);
  style(fill, "background", at >= zero ? "var(--profit)" : "var(--loss)");
  style($("day-zero"), "left", `${zero * 100}%`);
  const limit = String(account.limit).replace("-", "");
  text($("day-limit"), `limit ${format.money(negative(limit), { places: 0 })}`);
  text($("day-target"), `target +${format.money(account.target, { places: 0 })}`);
  halts((account.halts ?? []).join("\n"));
  tier(config?.tiers, account.tier, account.balance, config?.symbol ?? "");
}

const tier = whenChanged((tiers, name, balance, symbol) => {
  const { at, tier: own, next, share, lacking } = standing(tiers, name, balance);
  text($("tier-name"), name || format.NONE);
  text($("tier-allows"), own ? allows(own, symbol) : "");
  $("tier-meter").hidden = at < 0;
  style($("tier-fill"), "width", `${share * 100}%`);
  const way = at < 0 ? "" : !next ? (tiers.length > 1 ? "The highest tier" : "The only tier")
    : format.signOf(lacking) > 0 ? `${format.money(lacking)} to ${next.name}` : `${next.name} from the next trade on`;
  text($("tier-next"), way);
  ladder(tiers, at, symbol);
});

const ladder = whenChanged((tiers, at, symbol) => {
  $("tier-ladder").parentElement.hidden = !tiers || tiers.length < 2;
  $("tier-ladder").replaceChildren(...(tiers ?? []).map((each, index) =>
    h("tr", { "aria-current": index === at ? "true" : null },
      h("th", { scope: "row" }, each.name),
      h("td", {}, `from ${format.money(each.min, { places: 0 })}`),
      h("td", {}, allows(each, symbol)),
      h("td", {}, format.money(negative(each.limit), { places: 0 })))));
});
