// Other bars on the live page: what the address and the trader ask for, told to the server and laid over
// what the workstation draws.
//
// The server must know whose bars: they are asked for after a snapshot, again after the socket was lost,
// and again, at most once a second, when a frame or the snapshot was.

import { keyOf, parseBars, sameBars } from "./bar-kinds.js";
import { OWN, lens, levelsOf, reduceView, want } from "./bar-view.js";
import { BarsMenu } from "./ui/bars-menu.js";

const AGAIN_MS = 1_000;
const NONE = Object.freeze({ levels: Object.freeze([]), gone: Object.freeze([]) });

export class BarsWatch {
  // `send(message)` to the server; `station` is the workstation.
  constructor({ station, send }) {
    Object.assign(this, { station, send });
    this.view = OWN;
    this.asked = null; // account, day and bars that the server was asked for on this connection
    this.again = null;
    this.menu = new BarsMenu({ onChoose: (bars) => this.choose(bars) });
    const look = lens();
    station.lens = (state) => look(state, this.view);
    for (const type of ["view_snapshot", "view_frame", "error"]) station.onMessage(type, (message) => this.#heard(message));
    this.levels = NONE; // the session's
    station.onMessage("levels", (message) => {
      const account = station.state.config?.account;
      if (!account || message.account_name === account) this.levels = message;
      this.#levels();
    });
    station.panels.push({ render: () => this.#render() });
    station.keys.set("b", () => this.menu.open(), { group: "Chart", does: "Timeframe and bar type" });
    this.#fromAddress();
  }

  // The connection is new: the server knows nothing of this page.
  connected() {
    this.asked = null;
  }

  // Another moment: what was told of the session's levels is no longer true.
  forget() {
    this.levels = NONE;
  }

  // What the address says of the bars, or null.
  key() {
    return this.view.wanted ? keyOf(this.view.wanted) : null;
  }

  choose(bars) {
    const own = sameBars(bars, this.station.state.config?.bars);
    this.view = want(this.view, own ? null : bars);
    this.#address();
    if (own) {
      if (this.asked !== null) this.send({ type: "view", bars: null });
      this.asked = null;
    } else this.#ask();
    this.station.paintSoon();
  }

  #fromAddress() {
    const named = new URLSearchParams(location.search).get("bars");
    if (named === null) return;
    const bars = parseBars(named);
    if (bars) this.view = want(OWN, bars, { first: true });
    else this.view = { ...OWN, problem: `“${named.slice(0, 30)}” names no bars. Shown are those that are traded.` };
  }

  #address() {
    const url = new URL(location.href);
    if (this.view.wanted) url.searchParams.set("bars", keyOf(this.view.wanted));
    else url.searchParams.delete("bars");
    history.replaceState(history.state, "", url);
  }

  #heard(message) {
    const before = this.view;
    this.view = reduceView(before, message);
    if (this.view !== before) this.station.paintSoon();
    if (this.view.lost && this.again === null) this.#request();
  }

  #render() {
    const { state } = this.station;
    if (state.config) {
      if (sameBars(this.view.wanted, state.config.bars)) this.choose(this.view.wanted);
      this.menu.learn(state.bars);
      this.#ask();
    }
    this.menu.show(state.config, this.view);
    this.#levels();
  }

  // Asked for again with each painted frame: what is drawn may have changed between two messages.
  #levels() {
    const { station } = this;
    const { levels, gone } = levelsOf(this.view, station.state, station.lens(station.state), this.levels);
    const { overlays } = station.chart;
    if (overlays.levels !== levels) overlays.takeLevels({ levels, gone });
  }

  #ask() {
    const { config, synced } = this.station.state;
    if (!synced || !config || this.view.wanted === null) return;
    const about = `${config.account} ${config.session_date} ${keyOf(this.view.wanted)}`;
    if (about === this.asked) return;
    this.asked = about;
    this.#request();
  }

  #request() {
    this.send({ type: "view", bars: this.view.wanted });
    clearTimeout(this.again);
    this.again = setTimeout(() => {
      this.again = null;
    }, AGAIN_MS);
  }
}
