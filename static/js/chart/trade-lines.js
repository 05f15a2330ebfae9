// Closed trades as lines from entry to exit, the open one from its entry to the latest bar. The line's
// colour says what it made, the entry's arrow which way it went.

import { fromPrice, toAxis } from "../format.js";

export class TradeLines {
  constructor(look) {
    this.look = look;
    this.trades = [];
    this.position = null;
    this.bars = [];
    this.view = { zOrder: () => "top", renderer: () => ({ draw: (target) => this.#draw(target) }) };
  }

  attached({ chart, series, requestUpdate }) {
    Object.assign(this, { chart, series, requestUpdate });
  }

  detached() {
    this.chart = this.series = null;
  }

  paneViews() {
    return [this.view];
  }

  // An open position's stop and target stay in sight.
  autoscaleInfo() {
    if (!this.position || !this.look.grid) return null;
    const { stop, target, ep } = this.position;
    const prices = [fromPrice(ep), ...[stop, target].filter((ticks) => ticks !== null).map((ticks) => toAxis(ticks, this.look.grid))];
    return { priceRange: { minValue: Math.min(...prices), maxValue: Math.max(...prices) } };
  }

  show(trades, position, bars) {
    Object.assign(this, { trades, position, bars });
    this.requestUpdate?.();
  }

  // Where in time something happened, as a place between bars; null if before the first.
  #x(at) {
    const place = placeOf(this.bars, at);
    if (place === null) return null;
    const scale = this.chart.timeScale();
    const middle = scale.logicalToCoordinate(Math.floor(place));
    if (middle === null) return null;
    const { barSpacing } = scale.options();
    return middle + (place - Math.floor(place) - 0.5) * barSpacing * 0.9;
  }

  #draw(target) {
    const { theme } = this.look;
    if (!this.chart || this.bars.length === 0) return;
    target.useBitmapCoordinateSpace(({ context, horizontalPixelRatio: across, verticalPixelRatio: down }) => {
      for (const trade of this.trades) {
        const from = this.#point(trade.et, trade.ep);
        const to = this.#point(trade.xt, trade.xp);
        if (!from || !to) continue;
        const colour = String(trade.net).startsWith("-") ? theme.loss : theme.profit;
        context.setLineDash([Math.round(4 * across), Math.round(3 * across)]);
        context.strokeStyle = colour;
        context.lineWidth = Math.max(1, Math.round(1.5 * across));
        context.beginPath();
        context.moveTo(from.x * across, from.y * down);
        context.lineTo(to.x * across, to.y * down);
        context.stroke();
        context.setLineDash([]);
        arrow(context, from.x * across, from.y * down, 6 * down, trade.dir, trade.dir > 0 ? theme.buy : theme.sell, theme.background);
        cross(context, to.x * across, to.y * down, 3.5 * down, colour, Math.max(1, Math.round(2 * across)));
      }
      if (this.position) {
        const from = this.#point(this.position.et, this.position.ep);
        if (from) arrow(context, from.x * across, from.y * down, 7 * down, this.position.dir, this.position.dir > 0 ? theme.buy : theme.sell, theme.background);
      }
    });
  }

  #point(at, price) {
    const x = this.#x(at);
    const y = this.series.priceToCoordinate(fromPrice(price));
    return x === null || y === null ? null : { x, y };
  }
}

// The bar that holds a moment and how far into it, as index + fraction.
export function placeOf(bars, at) {
  if (bars.length === 0 || at < bars[0].t) return null;
  let [low, high] = [0, bars.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (bars[middle].t <= at) low = middle;
    else high = middle - 1;
  }
  const bar = bars[low];
  return low + Math.min(0.999, Math.max(0, (at - bar.t) / Math.max(1, bar.e - bar.t)));
}

// An arrow with a stem, its tip at the price: no signal has this shape.
const ARROW = [[0, 0], [-1, 1.1], [-0.4, 1.1], [-0.4, 2.4], [0.4, 2.4], [0.4, 1.1], [1, 1.1]];

function arrow(context, x, y, size, direction, colour, edge) {
  const way = direction > 0 ? 1 : -1;
  context.beginPath();
  ARROW.forEach(([dx, dy], index) => {
    if (index === 0) context.moveTo(x, y);
    else context.lineTo(x + dx * size, y + way * dy * size);
  });
  context.closePath();
  context.fillStyle = colour;
  context.strokeStyle = edge;
  context.lineWidth = Math.max(2, size / 2.5);
  context.stroke();
  context.fill();
}

function cross(context, x, y, size, colour, line) {
  context.beginPath();
  context.moveTo(x - size, y - size);
  context.lineTo(x + size, y + size);
  context.moveTo(x + size, y - size);
  context.lineTo(x - size, y + size);
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.stroke();
}
