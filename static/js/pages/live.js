// The live page: socket -> store -> chart and cards, once a painted frame.

import { CatchUp } from "../catch-up.js";
import { LiveChart } from "../chart/live-chart.js";
import * as format from "../format.js";
import { LiveSocket } from "../live-socket.js";
import { EMPTY, drawn, have, missing, reduce } from "../store.js";
import { renderDay, renderPosition, renderRegime } from "../ui/cards.js";
import { $, text } from "../ui/dom.js";
import { renderFeed, renderHeader } from "../ui/header.js";
import { renderLegend } from "../ui/legend.js";
import { Lists, tabs } from "../ui/lists.js";
import { renderReadout } from "../ui/readout.js";
import { themeToggle } from "../ui/theme-toggle.js";
import { renderTooltip } from "../ui/tooltip.js";

const TICK_MS = 500; // how often the age of the data is told
const SETTLE_MS = 2_500; // by then the database has what happened while the page connected

let state = EMPTY;
let connection = "connecting";
let point = null;
let painting = false;
let problem = null;
let configured = null;

const stage = document.querySelector(".chart-stage");
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");

const chart = new LiveChart($("chart"), {
  onDetail: (mode, ticks) => caption(mode, ticks),
  onPoint: (at) => {
    point = at;
    paintSoon();
  },
  onEdge: (atEdge) => {
    $("back-to-live").hidden = atEdge || state.bars.length === 0;
  },
});
const lists = new Lists({ onSelect: (at, signal) => chart.goTo(at, signal), onFilter: () => paintSoon() });

const socket = new LiveSocket({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live/`,
  have: () => have(state),
  onMessage: receive,
  onState: (now) => {
    connection = now;
    if (now === "open") setTimeout(() => socket.sync(have(state)), SETTLE_MS);
    paintSoon();
  },
});
const catchUp = new CatchUp({ ask: (from) => socket.sync(from) });

function receive(message) {
  if (message.type === "error") {
    problem = message.message;
    if (!state.synced) setTimeout(() => socket.sync(null), 2_000);
    paintSoon();
    return;
  }
  const open = state.frame?.position?.id ?? null;
  state = reduce(state, message, performance.now());
  if (message.type === "snapshot") problem = null;
  catchUp.consider(missing(state), state.frame?.last_bar);
  // A position that is gone became a trade; if its frame was lost, the database has it.
  if (open && !state.frame?.position && !state.trades.some(({ id }) => id === open)) {
    setTimeout(() => socket.sync(have(state)), SETTLE_MS);
  }
  paintSoon();
}

function paintSoon() {
  if (painting) return;
  painting = true;
  requestAnimationFrame(paint);
}

function paint() {
  painting = false;
  if (state.config && state.config !== configured) {
    if (JSON.stringify(state.config) !== JSON.stringify(configured)) chart.configure(state.config);
    configured = state.config;
  }
  chart.show({ bars: drawn(state), signals: lists.filtered(state.signals), trades: state.trades, position: state.frame?.position ?? null });
  renderHeader(state);
  renderDay(state);
  renderPosition(state);
  renderRegime(state);
  lists.render(state);
  renderReadout(state, point);
  renderTooltip(state, point, stage);
  paintFreshness();
}

function paintFreshness() {
  const feed = renderFeed(state, connection, performance.now());
  const banner = $("banner");
  const words = bannerWords(feed);
  banner.hidden = words === null;
  if (words !== null && banner.dataset.words !== words) {
    banner.dataset.words = words;
    banner.replaceChildren(words);
    if (connection === "refused") {
      const link = document.createElement("a");
      link.href = "/login/";
      link.textContent = "Log in again";
      banner.append(" ", link);
    }
  }
  document.body.dataset.feed = feed.level;
  const empty = drawn(state).length === 0;
  $("chart-state").hidden = !empty;
  if (empty) text($("chart-state"), emptyWords());
}

function bannerWords(feed) {
  if (connection === "refused") return "You are logged out. What is shown does not change any more.";
  if (connection === "closed") return "Connection lost. Trying again; what is shown may be old.";
  if (problem) return problem;
  if (feed.level === "danger" && state.frame) {
    const halted = state.frame.account?.halts?.includes("stale_feed") ? "; entries are halted" : "";
    return `No tick for ${format.age(feed.age)}. Prices and open P&L are old${halted}.`;
  }
  const output = state.frame?.output;
  if (output?.failing) return `The database takes no rows; ${format.volume(output.waiting)} are waiting. Trading goes on.`;
  return null;
}

function emptyWords() {
  if (connection === "closed" || connection === "refused") return "No connection";
  if (!state.synced) return "Loading the session…";
  if (!state.config) return "No session yet. “make run” starts one on a simulated market.";
  return state.frame ? "Waiting for the first bar" : "Waiting for the pipeline";
}

function caption(mode, ticks) {
  const { config } = state;
  if (!config) return;
  const grid = format.grid(config.tick, config.decimals);
  const names = { candles: "Candles", profile: "Volume profile", cells: "Bid × ask" };
  const parts = [names[mode]];
  if (ticks) parts.push(ticks > 1 ? `${format.price(ticks, grid)} a row (${ticks} ticks)` : "1 tick a row");
  if (config.lot !== "1") parts.push(`volumes in lots of ${config.lot}`);
  text($("chart-caption"), parts.join(", "));
}

// Controls

document.querySelector(".chart-tools .segmented").addEventListener("click", (event) => {
  const button = event.target.closest("[data-mode]");
  if (!button) return;
  for (const each of button.parentElement.children) each.setAttribute("aria-pressed", String(each === button));
  chart.mode(button.dataset.mode);
});
$("zoom-in").addEventListener("click", () => chart.zoom(1.3));
$("zoom-out").addEventListener("click", () => chart.zoom(1 / 1.3));
$("zoom-reset").addEventListener("click", () => chart.home());
$("back-to-live").addEventListener("click", () => chart.toLive(!reducedMotion.matches));

const KEYS = {
  "+": () => chart.zoom(1.3),
  "=": () => chart.zoom(1.3),
  "-": () => chart.zoom(1 / 1.3),
  "0": () => chart.home(),
  End: () => chart.toLive(!reducedMotion.matches),
  ArrowLeft: () => chart.scroll(-1),
  ArrowRight: () => chart.scroll(1),
};
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [role=tablist]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const action = KEYS[event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

tabs(document.querySelector("[role=tablist]"));
renderLegend();
themeToggle($("theme"), () => {
  chart.retheme();
  paintSoon();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) socket.wake();
});
addEventListener("online", () => socket.wake());
addEventListener("pageshow", (event) => {
  if (event.persisted) socket.wake();
});
// For whoever looks from the browser's console, and for the browser tests.
window.livePage = Object.freeze({ state: () => state, drawn: () => drawn(state) });

setInterval(paintFreshness, TICK_MS);
paintFreshness();
socket.start();
