// Signals at their bars: long below, short above, stacked outwards, accepted ones first and plainer to see.
// What does not fit is a count; pointing at either tells what it is and why.

import { MOST_A_SIDE, byBar, family, placed } from "../signals.js";
import { drawMark } from "./marks.js";
import { Primitive } from "./primitive.js";

const SMALL_SPACING = 22; // below, only accepted signals are shown
const TINY_SPACING = 7; // below, one a side: where something was, not what

const mostFor = (spacing) => (spacing < TINY_SPACING ? 1 : spacing < SMALL_SPACING ? 2 : MOST_A_SIDE);
const NONE = Object.freeze([]);

export class SignalMarkers extends Primitive {
  constructor(look, choices) {
    super(look, { top: (frame) => this.#draw(frame) });
    this.choices = choices;
    this.signals = new Map(); // start of a bar -> its signals
    this.accepted = new Map(); // and of them the accepted ones
    this.list = NONE;
    this.spots = []; // where markers were drawn, for the pointer
    this.selected = null;
  }

  // Room above and below the bars for the markers.
  autoscaleInfo() {
    if (!this.visible || this.signals.size === 0) return null;
    return { priceRange: null, margins: { above: 34, below: 34 + (this.look.drawnBelow ?? 0) } };
  }

  show(signals, bars) {
    if (signals !== this.list) {
      this.signals = byBar(signals);
      this.accepted = byBar(signals, ({ ok }) => ok);
    }
    this.list = signals;
    this.bars = bars;
  }

  select(id) {
    this.selected = id;
    this.requestUpdate?.();
  }

  find(id) {
    return this.list.find((signal) => signal.id === id) ?? null;
  }

  // The signals behind a count: "start of the bar|side".
  group(name) {
    return this.spots.find((spot) => spot.id === `more:${name}`)?.signals ?? null;
  }

  hitTest(x, y) {
    if (!this.visible) return null;
    let best = null;
    for (const spot of this.spots) {
      const distance = Math.hypot(spot.x - x, spot.y - y);
      if (distance <= spot.reach && (best === null || distance < best.distance)) best = { ...spot, distance };
    }
    return best && { externalId: best.id, zOrder: "top", cursorStyle: "help", distance: best.distance, hitTestPriority: 2, itemType: "marker" };
  }

  #draw(frame) {
    this.spots = [];
    const { drawnRow: row = 1, drawnBelow = 0 } = this.look;
    const few = frame.spacing < SMALL_SPACING || !this.choices.on("rejected");
    const marked = few ? this.accepted : this.signals;
    for (let index = frame.from; index <= frame.to; index += 1) {
      const bar = this.bars[index];
      const signals = marked.get(bar.t);
      if (!signals) continue;
      const x = frame.x(index);
      const { below, above, hiddenBelow, hiddenAbove } = placed(signals, mostFor(frame.spacing));
      const high = frame.y(Math.floor(bar.h / row) * row + row - 0.5);
      const low = frame.y(Math.floor(bar.l / row) * row - 0.5);
      this.#column(frame, below, hiddenBelow, { bar, x, start: low + drawnBelow, way: 1 });
      this.#column(frame, above, hiddenAbove, { bar, x, start: high, way: -1 });
    }
  }

  #column(frame, list, hidden, { bar, x, start, way }) {
    if (list.length === 0) return;
    const { context, across, down, spacing, height, theme } = frame;
    const size = Math.max(5, Math.min(10, spacing * 0.8));
    const pitch = size + 5;
    list.forEach((signal, place) => {
      const y = start + way * (size / 2 + 5 + place * pitch);
      if (y < -size || y > height + size) return;
      const up = signal.dir >= 0;
      const chosen = signal.id === this.selected;
      context.globalAlpha = signal.ok || chosen ? 1 : 0.6;
      drawMark(context, family(signal.pattern).shape, Math.round(x * across), Math.round(y * down), size * (chosen ? 1.4 : signal.ok ? 1.15 : 0.8) * down, {
        up,
        filled: signal.ok,
        colour: up ? theme.buy : theme.sell,
        background: theme.background,
        line: Math.max(1, Math.round((chosen ? 2.5 : 1.25) * across)),
      });
      this.spots.push({ id: `signal:${signal.id}`, x, y, reach: size / 2 + 4 });
    });
    context.globalAlpha = 1;
    if (hidden.length === 0 || spacing < 24) return;
    const y = start + way * (size / 2 + 5 + list.length * pitch);
    context.font = `${Math.round(9 * down)}px ${theme.font}`;
    context.fillStyle = theme.text;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(`+${hidden.length}`, Math.round(x * across), Math.round(y * down));
    this.spots.push({ id: `more:${bar.t}|${way}`, x, y, reach: 9, signals: hidden });
  }
}
