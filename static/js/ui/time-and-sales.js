// Time and sales: the trades as they come, newest first.
//
// Only the rows in sight are elements, and they are used again: a thousand trades a second cost as much
// as ten. Looking closer (pointer over it, scrolled down, or the button) holds the list still; what came
// meanwhile is counted, and shown when it goes on.

import * as format from "../format.js";
import { keep, kept } from "../kept.js";
import { Tape, leastLots, slice } from "../tape.js";
import { $, h, text } from "./dom.js";

const ROW = 20; // pixels; css/workstation/tape.css has the same
const MARKS = { 1: ["▲", "Buyer"], "-1": ["▼", "Seller"], 0: ["·", "Unknown side"] };
const LEAST = "tape-min";

export class TimeAndSales {
  constructor(station) {
    this.tape = new Tape();
    this.station = station;
    this.held = null; // the rows that stand still, or null
    this.hover = false;
    this.pressed = false;
    this.pool = [];
    this.drawn = [-1];
    this.scroll = $("tape-scroll");
    this.list = $("tape-rows");
    this.typed = kept(LEAST, "");
    this.room = 0;
    this.top = 0; // how far the list is scrolled; asking for it makes the browser lay out the page
    this.#wire();
    const own = (message, { config }) => !config?.account || message.account_name === config.account;
    station.onMessage("tape", (message, state) => own(message, state) && this.tape.mark(message));
    station.onMessage("recent", (message, state) => own(message, state) && this.tape.recall(message));
    station.onMessage("prints", (message, state) => {
      if (!own(message, state)) return;
      this.tape.add(message);
      station.paintSoon();
    });
  }

  // What was told belongs to another moment.
  clear() {
    this.tape.clear();
    this.held = null;
    $("tape-state").hidden = true;
  }

  render({ config, frame }) {
    if (!config || this.room === 0) return;
    const key = `${config.account} ${config.symbol} ${config.session_date}`;
    if (key !== this.key) {
      if (this.key !== undefined) this.clear();
      this.key = key;
    }
    if (this.config !== config) {
      this.config = config;
      this.grid = format.grid(config.tick, config.decimals);
      this.drawn = [-1];
    }
    const least = leastLots(this.typed, config.lot);
    const now = [this.held, this.held ? 0 : this.tape.version, least, this.top, this.room, frame?.feed?.state];
    text($("tape-new"), this.held && this.tape.count > this.heldAt ? `${format.volume(this.tape.count - this.heldAt)} new` : "");
    if (now.every((value, index) => value === this.drawn[index])) return;
    this.drawn = now;
    this.#draw((this.held ?? this.tape).rows(least), frame?.feed?.state === "ended");
  }

  #draw(rows, ended) {
    const { first, many } = slice(rows.length, ROW, this.top, this.room);
    this.list.style.setProperty("height", `${rows.length * ROW}px`);
    while (this.pool.length < many) this.pool.push(this.#row());
    this.pool.forEach((line, at) => {
      const row = at < many ? rows[first + at] : null;
      line.element.hidden = row === null;
      if (row !== null) this.#fill(line, row, (first + at) * ROW);
    });
    const empty = rows.length === 0;
    $("tape-empty").hidden = !empty;
    if (empty) text($("tape-empty"), this.tape.all.length > 0 ? "No trade of that size lately."
      : ended ? "The recording ended; trades are shown as they happen." : "Trades appear as they happen.");
  }

  #row() {
    const cells = ["time", "mark", "price", "size"].map((name) => h("span", { class: `tape__${name}` }));
    const element = h("li", { class: "tape__row" }, ...cells);
    this.list.append(element);
    return { element, cells, kind: null, top: null };
  }

  #fill(line, row, top) {
    const [time, mark, price, size] = line.cells;
    const { lot } = this.config;
    const kind = `tape__row ${row.kind}${row.large ? " large" : ""} ${row.side > 0 ? "up" : row.side < 0 ? "down" : "none"}`;
    if (line.kind !== kind) line.element.className = kind;
    line.kind = kind;
    if (line.top !== top) line.element.style.setProperty("transform", `translateY(${top}px)`);
    line.top = top;
    text(time, row.kind === "gap" ? "" : format.timeMs(row.t));
    const [sign, words] = row.kind === "gap" ? ["", ""] : MARKS[row.side];
    text(mark, sign);
    mark.title = words;
    if (row.kind === "gap") text(price, row.count === null ? "Some trades missed" : `${format.volume(row.count)} trades not listed`);
    else if (row.kind === "sweep") text(price, `${format.price(row.first, this.grid)} → ${format.price(row.last, this.grid)}`);
    else text(price, format.price(row.price, this.grid));
    text(size, row.kind === "gap" ? "" : format.size(row.size, lot));
    line.element.title = row.kind === "sweep" ? `Sweep: ${row.trades} trades through several prices at once` : row.large ? "Large trade" : "";
  }

  // Holding still

  #hold() {
    const wanted = this.pressed || this.hover || this.scroll.scrollTop > 0;
    if (wanted && !this.held) {
      const all = this.tape.all.slice();
      this.held = { rows: (least) => Tape.prototype.rows.call({ all }, least) };
      this.heldAt = this.tape.count;
    } else if (!wanted) {
      this.held = null;
    }
    $("tape-pause").setAttribute("aria-pressed", String(this.pressed));
    $("tape-state").hidden = !this.held;
    this.station.paintSoon();
  }

  #wire() {
    const field = $(LEAST);
    field.value = this.typed;
    field.addEventListener("input", () => {
      this.typed = field.value;
      keep(LEAST, field.value);
      this.station.paintSoon();
    });
    this.scroll.addEventListener("pointerenter", (event) => {
      this.hover = event.pointerType === "mouse";
      this.#hold();
    });
    this.scroll.addEventListener("pointerleave", () => {
      this.hover = false;
      this.#hold();
    });
    this.scroll.addEventListener("scroll", () => {
      this.top = this.scroll.scrollTop;
      this.#hold();
    }, { passive: true });
    $("tape-pause").addEventListener("click", () => {
      this.pressed = !this.pressed;
      this.#hold();
    });
    $("tape-resume").addEventListener("click", () => {
      this.pressed = this.hover = false;
      this.top = this.scroll.scrollTop = 0;
      this.#hold();
    });
    new ResizeObserver(([entry]) => {
      this.room = Math.round(entry.contentRect.height);
      this.station.paintSoon();
    }).observe(this.scroll);
  }
}
