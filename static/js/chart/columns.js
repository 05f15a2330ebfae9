// What the panes of columns have in common: one column a bar from zero. A pane says what it spans
// (`priceValueBuilder`) and draws its columns (`draw`), with an ink for each colour.

import { textSize } from "../footprint/detail.js";
import { Ink } from "./ink.js";

export const TEXT_HEIGHT = 13; // pixels

export class Columns {
  constructor(look) {
    this.look = look;
    this.data = null;
    this.inks = new Map();
  }

  // The ink of a colour; `name` tells apart two layers of it.
  ink(colour, name = "") {
    const key = `${colour} ${name}`;
    if (!this.inks.has(key)) this.inks.set(key, new Ink(colour));
    return this.inks.get(key);
  }

  defaultOptions() {
    return {};
  }

  isWhitespace(item) {
    return item.bar === undefined;
  }

  update(data) {
    this.data = data;
  }

  renderer() {
    return { draw: (target, toY) => this.#draw(target, toY) };
  }

  // Whether a number of one digit would fit: where not, none has to be written out to find out.
  holds(width) {
    return textSize(width, TEXT_HEIGHT, 1) > 0;
  }

  #draw(target, toY) {
    const { bars, barSpacing, visibleRange } = this.data ?? {};
    if (!bars?.length || !visibleRange) return;
    const zero = toY(0);
    if (zero === null) return;
    const width = barSpacing < 3 ? 1 : Math.min(34, barSpacing * 0.6);
    if (this.theme !== this.look.theme) this.inks.clear();
    this.theme = this.look.theme;
    const items = bars.slice(Math.max(0, visibleRange.from), visibleRange.to);
    target.useBitmapCoordinateSpace((space) => this.draw(space, items, { toY, zero, width, barSpacing }));
  }
}
