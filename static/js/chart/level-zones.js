// Levels that the market may come back to, behind the bars, from where they were made to the right edge or
// to where they ended: stack zones as bands, unfinished auctions dashed, naked POCs dotted.

import { indexOf } from "../overlays/place.js";
import { Primitive } from "./primitive.js";

const NOTHING = Object.freeze([]);
export const KINDS = Object.freeze({
  zone: { option: "zones", text: "Zone", rank: 3 },
  unfinished: { option: "unfinished", text: "Unfinished", rank: 4 },
  naked_poc: { option: "naked", text: "Naked POC", rank: 2 },
});

export class LevelZones extends Primitive {
  constructor(look, choices) {
    super(look, { bottom: (frame) => this.#draw(frame) });
    this.choices = choices;
    this.levels = NOTHING;
    this.gone = NOTHING;
  }

  show(levels, gone, bars) {
    Object.assign(this, { levels, gone, bars });
  }

  labels({ y }) {
    return this.#wanted(this.levels).map((level) => ({
      id: `level:${level.id}`,
      y: y((level.low + level.high) / 2),
      text: KINDS[level.kind].text,
      rank: KINDS[level.kind].rank + (level.touched ? 0.5 : 0),
      colour: this.#colour(level),
    }));
  }

  #wanted(levels) {
    return levels.filter(({ kind }) => KINDS[kind] && this.choices.on(KINDS[kind].option));
  }

  #colour({ dir }) {
    const { theme } = this.look;
    return dir > 0 ? theme.buy : dir < 0 ? theme.sell : theme.poc;
  }

  #draw(frame) {
    for (const level of this.#wanted(this.levels)) this.#level(frame, level, frame.width, level.touched ? 0.55 : 1);
    if (!this.choices.on("gone")) return;
    for (const level of this.#wanted(this.gone)) {
      this.#level(frame, level, frame.x(indexOf(this.bars, level.e) + 0.5), 0.4);
    }
  }

  #level({ context, across, down, height, tickHeight, x, y }, level, right, strength) {
    const left = level.t < this.bars[0].t ? 0 : Math.max(0, x(indexOf(this.bars, level.t) + 0.5));
    const [top, bottom] = [y(level.high + 0.5), y(level.low - 0.5)];
    if (right <= left || bottom < 0 || top > height) return;
    const [from, wide] = [Math.round(left * across), Math.round((right - left) * across)];
    const colour = this.#colour(level);
    const line = Math.max(1, Math.round(down));
    if (level.kind === "zone") {
      const [up, low] = [Math.round(top * down), Math.round(bottom * down)];
      context.fillStyle = colour;
      context.globalAlpha = 0.08 * strength;
      context.fillRect(from, up, wide, Math.max(line, low - up));
      context.globalAlpha = 0.32 * strength;
      context.fillRect(from, up, wide, line);
      context.fillRect(from, low - line, wide, line);
      return;
    }
    const middle = Math.round(((top + bottom) / 2) * down) + line / 2;
    context.globalAlpha = 0.7 * strength;
    context.strokeStyle = colour;
    context.lineWidth = tickHeight > 6 && level.kind === "naked_poc" ? 2 * line : line;
    context.setLineDash((level.kind === "unfinished" ? [5, 4] : [1, 3]).map((part) => part * across));
    context.beginPath();
    context.moveTo(from, middle);
    context.lineTo(from + wide, middle);
    context.stroke();
    context.setLineDash([]);
  }
}
