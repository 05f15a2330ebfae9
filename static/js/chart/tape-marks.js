// Large trades as rings and sweeps as arrows, where they happened on the tape.

import { placeOf } from "../overlays/place.js";
import { MOST_DRAWN, NO_TAPE, largest, radius } from "../overlays/tape.js";
import { Primitive } from "./primitive.js";

const LEAST_SPACING = 5; // pixels a bar; farther out they would be dust

export class TapeMarks extends Primitive {
  constructor(look, choices) {
    super(look, { top: (frame) => this.#draw(frame) });
    this.choices = choices;
    this.tape = NO_TAPE;
    this.spots = [];
  }

  show(tape, bars) {
    Object.assign(this, { tape, bars });
  }

  hitTest(x, y) {
    const spot = this.spots.find((each) => Math.hypot(each.x - x, each.y - y) <= each.reach);
    return spot ? { externalId: spot.id, zOrder: "top", cursorStyle: "help", hitTestPriority: 1, itemType: "marker", distance: 0 } : null;
  }

  find(id) {
    return this.tape.large.find((each) => each.id === id) ?? this.tape.sweeps.find((each) => each.id === id) ?? null;
  }

  #draw(frame) {
    this.spots = [];
    if (frame.spacing < LEAST_SPACING) return;
    const [from, to] = [this.bars[frame.from]?.t, this.bars[frame.to]?.e];
    if (from === undefined || to === undefined) return;
    const most = Math.min(MOST_DRAWN, frame.to - frame.from + 1); // one a bar, on average
    if (this.choices.on("sweeps")) {
      for (const sweep of largest(this.tape.sweeps, from, to, ({ v }) => v, most)) this.#sweep(frame, sweep);
    }
    if (this.choices.on("large")) {
      for (const large of largest(this.tape.large, from, to, ({ size }) => size, most)) this.#large(frame, large);
    }
    frame.context.globalAlpha = 1;
  }

  #x({ x, spacing }, at) {
    const place = placeOf(this.bars, at);
    if (place === null) return null;
    const index = Math.floor(place);
    return x(index) + (place - index - 0.5) * spacing * 0.8;
  }

  #colour({ side }) {
    const { theme } = this.look;
    return side > 0 ? theme.buy : side < 0 ? theme.sell : theme.text;
  }

  #large(frame, large) {
    const { context, across, down, y } = frame;
    const at = this.#x(frame, large.t);
    if (at === null) return;
    const size = radius(large.size, large.threshold);
    context.beginPath();
    context.arc(at * across, y(large.price) * down, size * down, 0, 2 * Math.PI);
    context.fillStyle = this.#colour(large);
    context.globalAlpha = 0.1;
    context.fill();
    context.globalAlpha = 0.85;
    context.strokeStyle = this.#colour(large);
    context.lineWidth = 1.25 * across;
    context.stroke();
    this.spots.push({ id: `tape:${large.id}`, x: at, y: y(large.price), reach: size + 2 });
  }

  // A line through the prices it took, with a head where it ended.
  #sweep(frame, sweep) {
    const { context, across, down, y } = frame;
    const at = this.#x(frame, sweep.t);
    if (at === null) return;
    const [from, to] = [y(sweep.first), y(sweep.last)];
    const head = 4 * (to < from ? 1 : -1);
    context.globalAlpha = 0.85;
    context.strokeStyle = this.#colour(sweep);
    context.lineWidth = 1.5 * across;
    context.beginPath();
    context.moveTo(at * across, from * down);
    context.lineTo(at * across, to * down);
    context.moveTo((at - 3) * across, (to + head) * down);
    context.lineTo(at * across, to * down);
    context.lineTo((at + 3) * across, (to + head) * down);
    context.stroke();
    this.spots.push({ id: `tape:${sweep.id}`, x: at, y: to, reach: 7 });
  }
}
