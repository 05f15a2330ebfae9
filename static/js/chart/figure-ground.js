// A quiet ground behind the figures below the bars, so that no line runs through their digits.

import { compact } from "../format.js";
import { Primitive } from "./primitive.js";

const DIGIT = 6.4; // pixels
const INSET = 3;

export class FigureGround extends Primitive {
  constructor(look) {
    super(look, { bottom: (frame) => this.#draw(frame) });
  }

  #draw({ context, across, down, from, to, x, y, theme }) {
    const { drawnBelow = 0, drawnRow = 1 } = this.look;
    if (drawnBelow === 0) return;
    context.fillStyle = theme.background;
    context.globalAlpha = 0.85;
    for (let index = from; index <= to; index += 1) {
      const bar = this.bars[index];
      const digits = Math.max(compact(bar.v).length, compact(bar.d).length + 1);
      const wide = digits * DIGIT + 2 * INSET;
      const top = y(Math.floor(bar.l / drawnRow) * drawnRow - 0.5);
      context.fillRect(Math.round((x(index) - wide / 2) * across), Math.round((top + 1) * down), Math.round(wide * across), Math.round((drawnBelow + 1) * down));
    }
  }
}
