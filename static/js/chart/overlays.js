// All that is drawn over, beside and under the bars, in the order in which it is drawn. The chart hands it
// bars, signals and trades; levels and the tape come beside the frames.

import { indexOf } from "../overlays/place.js";
import { NO_TAPE, taken } from "../overlays/tape.js";
import { Emas, Vwap } from "./averages.js";
import { EdgeLabels } from "./edge-labels.js";
import { FigureGround } from "./figure-ground.js";
import { LevelZones } from "./level-zones.js";
import { ProfileView } from "./profile-view.js";
import { RegimeRibbon } from "./regime-ribbon.js";
import { SignalMarkers } from "./signal-markers.js";
import { TapeMarks } from "./tape-marks.js";
import { TradeBoxes } from "./trade-boxes.js";

const MARGIN = 104;
const NONE = Object.freeze([]);

export class Overlays {
  constructor(series, look, choices) {
    Object.assign(this, { look, choices });
    this.levels = NONE;
    this.gone = NONE;
    this.tape = NO_TAPE;
    this.bars = NONE;
    this.vwap = new Vwap(look);
    this.ema = new Emas(look);
    this.profile = new ProfileView(look);
    this.zones = new LevelZones(look, choices);
    this.trades = new TradeBoxes(look);
    this.marks = new TapeMarks(look, choices);
    this.signals = new SignalMarkers(look, choices);
    this.regime = new RegimeRibbon(look);
    this.ground = new FigureGround(look);
    this.labels = new EdgeLabels(look, [this.trades, this.profile, this.zones, this.vwap], () => this.regime.height);
    this.all = [
      this.profile, this.zones, this.vwap, this.ema, this.marks, this.signals, this.trades, this.ground, this.labels,
      this.regime,
    ];
    for (const each of this.all) series.attachPrimitive(each);
    this.#choose();
    choices.onChange(() => this.#choose());
  }

  // Another market or day: what was told of the old one is no longer true.
  clear() {
    this.levels = this.gone = NONE;
    this.tape = NO_TAPE;
    this.trades.stops.clear();
    this.trades.select(null);
  }

  clearTape() {
    this.tape = NO_TAPE;
    this.marks.show(this.tape, this.bars);
  }

  takeLevels({ levels = [], gone = [] }) {
    Object.assign(this, { levels, gone });
    this.zones.show(levels, gone, this.bars);
    this.redraw();
  }

  takeTape(message) {
    this.tape = taken(this.tape, message);
    this.marks.show(this.tape, this.bars);
    this.redraw();
  }

  show({ bars, signals, trades, position, day = bars }) {
    this.bars = bars;
    for (const each of [this.vwap, this.ema, this.regime, this.ground, this.labels]) each.bars = bars;
    this.profile.show(day);
    this.zones.show(this.levels, this.gone, bars);
    this.marks.show(this.tape, bars);
    this.signals.show(signals, bars);
    this.trades.show(trades, position, bars);
    this.redraw();
  }

  redraw() {
    this.labels.requestUpdate?.();
  }

  // Pixels at the right edge that belong to the profile and to names.
  margin(width) {
    return this.choices.on("profile") ? Math.round(Math.min(MARGIN, width * 0.14)) : 0;
  }

  // What the pointer is at, by the id of a mark: {kind, ...what it is}, or null.
  find(id) {
    const [, kind, name] = /^(\w+):(.*)$/s.exec(id ?? "") ?? [];
    const found = {
      signal: () => this.signals.find(name),
      more: () => this.signals.group(name),
      level: () => this.levels.find((level) => level.id === name),
      profile: () => this.profile.now() && { ...this.profile.now(), line: name },
      tape: () => this.marks.find(name),
      trade: () => this.trades.trades.find((trade) => trade.id === name)
        ?? (this.trades.position?.id === name ? this.trades.position : null),
      regime: () => this.bars[indexOf(this.bars, Number(name))],
    }[kind]?.();
    return found ? { kind, what: found } : null;
  }

  #choose() {
    const { choices } = this;
    for (const name of ["vwap", "ema", "profile", "signals", "trades", "regime"]) this[name].setVisible(choices.on(name));
    this.marks.setVisible(choices.on("large") || choices.on("sweeps"));
  }
}
