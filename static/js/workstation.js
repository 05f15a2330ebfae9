// The workstation: messages -> store -> chart, cards and lists, painted at most once a screen frame.
//
// It knows nothing of where messages come from: the live page and the replay hand theirs to `receive`
// and say with `setConnection` how the line is. Whoever adds to it does so in one line:
// - `station.panels.push({ render(state, now) {...}, tick?(state, now) {...} })`: `render` with each
//   painted frame, `tick` also twice a second when nothing arrives;
// - `station.onMessage("tape", (message) => {...})`: messages beside the frames, as they come;
// - `station.keys.set("m", action, { group: "Chart", does: "Next cell mode" })`: a key, pressed outside of
//   fields, without modifiers; the help sheet shows what it does.

import { barsWords } from "./bar-kinds.js";
import { CatchUp } from "./catch-up.js";
import { LiveChart } from "./chart/live-chart.js";
import * as format from "./format.js";
import { SETTLE_MS, Settle } from "./settle.js";
import { Shortcuts } from "./shortcuts.js";
import { EMPTY, drawn, have, missing, reduce } from "./store.js";
import { renderBanner } from "./ui/banner.js";
import { CellMenu } from "./ui/cell-menu.js";
import { renderDay } from "./ui/day-card.js";
import { $, hide, text } from "./ui/dom.js";
import { renderFeed, renderHeader } from "./ui/header.js";
import { HeartbeatCard } from "./ui/heartbeat-card.js";
import { layout } from "./ui/layout.js";
import { renderLegend } from "./ui/legend.js";
import { Lists, tabs } from "./ui/lists.js";
import { MoneyBand } from "./ui/money-band.js";
import { OverlaysPanel } from "./ui/overlays.js";
import { renderPosition } from "./ui/position-card.js";
import { renderReadout } from "./ui/readout.js";
import { renderRegime } from "./ui/regime-card.js";
import { sessionCard } from "./ui/session-card.js";
import { TimeAndSales } from "./ui/time-and-sales.js";
import { renderTooltip } from "./ui/tooltip.js";

const TICK_MS = 500; // how often the age of the data is told
const NO_SESSION = "No session yet. “make run” starts one on a simulated market.";

export class Workstation {
  // `ask(have)` asks the source for what the page lacks: bars after `have`, or all for null.
  constructor({ ask, noSession = NO_SESSION }) {
    this.ask = ask;
    this.noSession = noSession;
    this.state = EMPTY;
    this.connection = "connecting"; // "open" | "closed" | "refused"
    this.roundTrip = null; // milliseconds to the server and back, for a source that measures it
    this.point = null; // what the crosshair is at
    this.stale = false; // there is more to paint than that
    this.panels = [];
    this.keys = new Shortcuts();
    this.handlers = new Map();
    this.painting = false;
    this.problem = null;
    this.warning = null; // {level, text}: what is known of a source that says nothing
    this.lens = (state) => state; // what is drawn of the state: other bars are laid over it
    this.configured = null;
    this.stage = document.querySelector(".chart-stage");
    this.reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
    this.menu = new CellMenu((choice) => this.chart.choose(choice));
    this.chart = new LiveChart($("chart"), {
      choice: this.menu.choice,
      onPlan: (plan) => this.menu.show(plan),
      onPoint: (at) => {
        this.point = at;
        this.#paintPointSoon();
      },
      onEdge: (atEdge) => {
        hide($("back-to-live"), atEdge || this.state.bars.length === 0);
      },
    });
    this.lists = new Lists({
      onSelect: (at, signal, trade) => this.chart.goTo(at, signal, trade), onFilter: () => this.paintSoon(),
    });
    this.catchUp = new CatchUp({ ask });
    this.settle = new Settle({ ask: () => ask(have(this.state)) });
    this.tape = new TimeAndSales(this);
    this.panels.push(this.tape, sessionCard, new HeartbeatCard(this), new MoneyBand(this));
    layout(this.keys);
    this.#controls();
    tabs(document.querySelector("[role=tablist]"));
    renderLegend();
    this.panels.push(new OverlaysPanel(this));
    document.addEventListener("themechange", () => {
      this.chart.retheme();
      this.paintSoon();
    });
    setInterval(() => this.#tick(), TICK_MS);
    this.#tick();
  }

  // Handlers for a type of message; they get it before the state takes it in.
  onMessage(type, handler) {
    this.handlers.set(type, [...(this.handlers.get(type) ?? []), handler]);
  }

  receive(message) {
    for (const handler of this.handlers.get(message.type) ?? []) handler(message, this.state);
    if (message.type === "error" && message.about) return; // who asked has been told
    if (message.type === "error") {
      this.problem = message.message;
      if (!this.state.synced) setTimeout(() => this.ask(null), 2_000);
      this.paintSoon();
      return;
    }
    const open = this.state.frame?.position?.id ?? null;
    this.state = reduce(this.state, message, performance.now());
    if (message.type === "snapshot") {
      this.problem = null;
      this.settle.answered();
    }
    this.catchUp.consider(missing(this.state), this.state.frame?.last_bar);
    // A position that is gone became a trade; if its frame was lost, the database has it.
    if (open && !this.state.frame?.position && !this.state.trades.some(({ id }) => id === open)) {
      setTimeout(() => this.ask(have(this.state)), SETTLE_MS);
    }
    this.paintSoon();
  }

  setConnection(now) {
    this.connection = now;
    if (now === "open") this.settle.opened();
    else this.settle.closed();
    this.paintSoon();
  }

  // What a source says it has when it connects.
  have() {
    return have(this.state);
  }

  drawn() {
    return drawn(this.lens(this.state));
  }

  warn(warning) {
    if (warning?.text === this.warning?.text) return;
    this.warning = warning;
    this.paintSoon();
  }

  // Another symbol, day or moment: what was known is forgotten. Ask anew for what is now shown.
  reset() {
    this.state = EMPTY;
    this.chart.overlays.clear();
    this.tape.clear();
    this.problem = null;
    this.paintSoon();
  }

  paintSoon() {
    this.stale = true;
    this.#paintPointSoon();
  }

  // What the crosshair is at changes with each move of the pointer, and nothing else with it.
  #paintPointSoon() {
    if (this.painting) return;
    this.painting = true;
    requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.painting = false;
    const state = this.lens(this.state);
    if (this.stale) this.#paintState(state);
    renderReadout(state, this.point);
    renderTooltip(state, this.point, this.stage);
  }

  #paintState(state) {
    this.stale = false;
    if (state.config && state.config !== this.configured) {
      if (JSON.stringify(state.config) !== JSON.stringify(this.configured)) this.#configure(state.config);
      this.configured = state.config;
    }
    const day = drawn(this.state);
    this.chart.show({
      day, bars: state === this.state ? day : drawn(state), signals: this.lists.filtered(state.signals), trades: state.trades,
      position: state.frame?.position ?? null,
    });
    renderHeader(this.state); // says what is traded
    renderDay(state);
    renderPosition(state);
    renderRegime(state);
    this.lists.render(state);
    const now = performance.now();
    for (const panel of this.panels) panel.render(state, now);
    this.#freshness(now);
  }

  #configure(config) {
    this.chart.configure(config);
    this.menu.configure(format.grid(config.tick, config.decimals), Math.max(1, config.row_ticks ?? 1), config.lot);
  }

  #tick() {
    const now = performance.now();
    for (const panel of this.panels) panel.tick?.(this.state, now);
    this.#freshness(now);
  }

  // Called by a timer too, so that silence shows.
  #freshness(now) {
    const { connection, problem, warning } = this;
    const state = this.lens(this.state);
    const feed = renderFeed(state, connection, now);
    renderBanner({ connection, feed, frame: state.frame, problem, warning });
    document.body.dataset.feed = feed.level;
    const empty = drawn(state).length === 0;
    $("chart-state").hidden = !empty;
    if (empty) text($("chart-state"), this.#emptyWords(state));
  }

  #emptyWords(state) {
    if (this.connection === "closed" || this.connection === "refused") return "No connection";
    if (!state.synced) return "Loading the session…";
    if (!state.config) return this.noSession;
    if (state.loading) return `Loading ${barsWords(state.loading, state.config.lot)}…`;
    return state.frame ? "Waiting for the first bar" : "Waiting for the pipeline";
  }

  #controls() {
    const { chart } = this;
    const toLive = () => chart.toLive(!this.reducedMotion.matches);
    $("zoom-in").addEventListener("click", () => chart.zoom(1.3));
    $("zoom-out").addEventListener("click", () => chart.zoom(1 / 1.3));
    $("zoom-reset").addEventListener("click", () => chart.home());
    $("back-to-live").addEventListener("click", toLive);
    const group = "Chart";
    this.keys
      .set("+", () => chart.zoom(1.3), { group, does: "Zoom in" })
      .set("=", () => chart.zoom(1.3))
      .set("-", () => chart.zoom(1 / 1.3), { group, does: "Zoom out" })
      .set("m", () => next($("cells")), { group, does: "Next way of showing bars" })
      .set("r", () => next($("rows")), { group, does: "Next price grouping" })
      .set("0", () => chart.home(), { group, does: "Footprint of the latest bars" })
      .set("ArrowLeft", () => chart.scroll(-1), { group, does: "Earlier" })
      .set("ArrowRight", () => chart.scroll(1), { group, does: "Later" })
      .set("End", toLive, { group, does: "Back to live" });
    document.addEventListener("keydown", (event) => this.keys.press(event));
  }
}

// The next choice of a list, as if a person had chosen it.
function next(select) {
  select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
  select.dispatchEvent(new Event("change", { bubbles: true }));
}
