// The session's VWAP with bands of one and two deviations, and the EMAs: behind the cells.

import { emaRuns, everyOf, vwapRuns } from "../overlays/averages.js";
import { Primitive } from "./primitive.js";

const FINE_SPACING = 4; // pixels a bar, below it thinner lines: they are many times as fast

export class Vwap extends Primitive {
  constructor(look) {
    super(look, { bottom: (frame) => this.#draw(frame) });
  }

  // Its value at the last bar in sight, for the label at the edge.
  labels({ y, to }) {
    const bar = this.bars[to];
    if (!this.visible || !bar || bar.svwap === null || bar.svwap === undefined) return [];
    const { grid, theme } = this.look;
    const ticks = (Number(bar.svwap) * grid.scale) / grid.numerator;
    return [{ y: y(ticks), text: "VWAP", rank: 5, colour: theme.vwap }];
  }

  #draw(frame) {
    const { theme, spacing } = frame;
    for (const run of vwapRuns(this.bars, frame.from - 1, frame.to + 1, frame.unit, everyOf(spacing))) {
      // Softly: two layers make the inner band the stronger one.
      band(frame, run, 2, theme.vwap, 0.045);
      band(frame, run, 1, theme.vwap, 0.06);
      line(frame, run, ({ mid }) => mid, { colour: theme.vwap, width: 1.75 });
      for (const times of [-2, -1, 1, 2]) {
        line(frame, run, ({ mid, dev }) => mid + times * dev, { colour: theme.vwap, width: 1, alpha: Math.abs(times) === 1 ? 0.35 : 0.22 });
      }
    }
  }
}

export class Emas extends Primitive {
  constructor(look) {
    super(look, { bottom: (frame) => this.#draw(frame) });
  }

  #draw(frame) {
    const { spacing, theme, unit } = frame;
    const width = spacing < FINE_SPACING ? 1 : 1.25;
    [null, [4, 3]].forEach((dash, which) => {
      for (const run of emaRuns(this.bars, frame.from - 1, frame.to + 1, unit, which, everyOf(spacing))) {
        line(frame, run, ({ value }) => value, { colour: theme.ema, width, alpha: this.look.drawnText ? 0.55 : 0.9, dash });
      }
    });
  }
}

// `price(point)`: what is drawn of the points of a run.
function line({ context, across, down, x, yPrice }, run, price, { colour, width, alpha = 1, dash = null }) {
  if (run.length < 2) return;
  context.globalAlpha = alpha;
  context.strokeStyle = colour;
  context.lineWidth = width * across;
  context.lineJoin = "round";
  context.setLineDash(dash ? dash.map((part) => part * across) : []);
  context.beginPath();
  for (const point of run) context.lineTo(x(point.at) * across, yPrice(price(point)) * down);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function band({ context, across, down, x, yPrice }, run, times, colour, alpha) {
  if (run.length < 2) return;
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.beginPath();
  for (const { at, mid, dev } of run) context.lineTo(x(at) * across, yPrice(mid + times * dev) * down);
  for (const { at, mid, dev } of run.toReversed()) context.lineTo(x(at) * across, yPrice(mid - times * dev) * down);
  context.closePath();
  context.fill();
  context.globalAlpha = 1;
}
