// The lines of each kind of tooltip.

import * as format from "../format.js";
import { REGIMES } from "../overlays/regimes.js";
import { details } from "../signal-words.js";
import { family } from "../signals.js";
import { h, profitTone } from "./dom.js";
import { exitWords } from "./lists.js";

const MOST = 6; // signals of one count

const gridOf = (config) => format.grid(config.tick, config.decimals);
const when = (at, config) => `${format.barTime(at, config.timeframe)} NY`;
const title = (...words) => h("p", { class: "tooltip__title" }, ...words);
const side = (direction) => h("strong", { class: direction > 0 ? "buy" : direction < 0 ? "sell" : null }, direction > 0 ? "Buy" : direction < 0 ? "Sell" : "Side unknown");
const verdict = (signal) => h("p", { class: signal.ok ? "tooltip__ok" : "tooltip__no" },
  `${signal.ok ? "Accepted" : `Rejected: ${format.reason(signal)}`}${signal.foreign ? ". These bars are not traded" : ""}`);

function signal(what, config) {
  const grid = gridOf(config);
  const found = details(family(what.pattern).name, what.details, grid);
  return [
    title(format.words(what.pattern)),
    h("p", {}, h("strong", { class: what.dir > 0 ? "buy" : "sell" }, format.side(what.dir)), ` at ${format.price(what.price, grid)}, ${when(what.t, config)}`),
    found ? h("p", {}, format.sentence(found)) : "",
    h("p", {}, `Strength ${format.percent(what.strength)}`, what.regime ? ` · ${format.regime(what.regime, what.conf)}` : ""),
    verdict(what),
  ];
}

function more(what) {
  return [
    title(`${what.length} more ${what.length === 1 ? "signal" : "signals"}`),
    ...what.slice(0, MOST).map((each) => h("p", { class: each.ok ? "tooltip__ok" : "tooltip__no" }, `${format.words(each.pattern)}${each.ok ? ", accepted" : `: ${format.reason(each).toLowerCase()}`}`)),
    what.length > MOST ? h("p", { class: "muted" }, `and ${what.length - MOST} more in the list`) : "",
  ];
}

const LEVELS = { zone: "Zone of stacked imbalances", unfinished: "Unfinished auction", naked_poc: "Naked POC" };
const UNTIL = {
  zone: (level) => `Stands until a bar trades ${level.dir > 0 ? "below" : "above"} it`,
  unfinished: () => "Stands until revisited", naked_poc: () => "Stands until it trades",
};

function level(what, config) {
  const grid = gridOf(config);
  const prices = what.low === what.high
    ? format.price(what.low, grid) : `${format.price(what.low, grid)} to ${format.price(what.high, grid)}`;
  const made = `${format.day(what.t)} ${format.time(what.t)}`;
  return [
    title(LEVELS[what.kind] ?? format.words(what.kind)),
    h("p", {}, ...(what.dir ? [side(what.dir), " "] : []), prices),
    h("p", {}, `Made ${made} NY${what.touched ? `, first touched ${format.time(what.touched)}` : what.kind === "zone" ? ", not touched yet" : ""}`),
    h("p", { class: "tooltip__no" }, UNTIL[what.kind]?.(what) ?? ""),
  ];
}

function profile(what, config) {
  const grid = gridOf(config);
  const names = { poc: "POC of the day", vah: "Value area high of the day", val: "Value area low of the day" };
  return [
    title(names[what.line]),
    h("p", {}, format.price(what[what.line], grid)),
    h("p", { class: "tooltip__no" }, `${format.volume(what.total)} traded ${what.whole ? "since the day began" : `since ${when(what.since, config)}; what was before is not loaded`}`),
  ];
}

function regime(bar, config) {
  return [
    title(`${REGIMES[bar.regime]?.label ?? format.words(bar.regime)}${bar.conf === null ? "" : `, confidence ${format.percent(bar.conf)}`}`),
    h("p", {}, `Bar of ${when(bar.t, config)}`),
    bar.said ? h("p", {}, format.sentence(bar.said)) : "",
    bar.scores ? h("p", { class: "tooltip__no" }, `Scores: ${["up", "down", "ranging", "volatile"].map((name, at) => `${name} ${bar.scores[at].toFixed(1)}`).join(", ")}`) : "",
  ];
}

function tape(what, config) {
  const grid = gridOf(config);
  if (what.threshold !== undefined) {
    return [
      title("Large trade"),
      h("p", {}, side(what.side), ` ${format.size(what.size, config.lot)} at ${format.price(what.price, grid)}, ${format.timeExact(what.t)} NY`),
      h("p", { class: "tooltip__no" }, `Large is ${format.size(what.threshold, config.lot)} or more`),
    ];
  }
  return [
    title("Sweep"),
    h("p", {}, side(what.side), ` ${format.size(what.v, config.lot)} through ${what.prices} prices, ${format.price(what.first, grid)} to ${format.price(what.last, grid)}`),
    h("p", { class: "tooltip__no" }, `${what.n} trades, ${format.timeExact(what.t)} NY`),
  ];
}

function trade(what, config) {
  const grid = gridOf(config);
  const open = what.xt === undefined || what.xt === null;
  return [
    title(`${format.side(what.dir)} ${format.size(what.size, config.lot)}${open ? ", open" : ""}`),
    h("p", {}, `${format.priceText(what.ep, grid)}${open ? "" : ` → ${format.priceText(what.xp, grid)}, ${exitWords(what.why)}`}`),
    open ? "" : h("p", {}, "Net ", h("strong", { class: profitTone(format.signOf(what.net)) }, format.money(what.net, { sign: true }))),
    h("p", { class: "tooltip__no" }, "Click for the facts"),
  ];
}

export const TOLD = Object.freeze({ signal, more, level, profile, regime, tape, trade });
