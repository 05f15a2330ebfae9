// Trades from entry to exit: behind the cells what was risked and what was aimed at, above them the entry's
// arrow and the exit's mark, whose shape says why. The open position reaches to the latest bar.

import { fromPrice, money, signOf, toAxis } from "../format.js";
import { placeOf } from "../overlays/place.js";
import { stopLine, stepped, told } from "../overlays/stops.js";
import { drawArrow, drawExit } from "./trade-marks.js";
import { Primitive, pill } from "./primitive.js";

const RESULT_SPACING = 22; // pixels a bar from which results are written
const NONE = Object.freeze([]);

export class TradeBoxes extends Primitive {
  constructor(look) {
    super(look, { bottom: (frame) => this.#under(frame), top: (frame) => this.#over(frame) });
    this.trades = NONE;
    this.position = null;
    this.selected = null;
    this.stops = new Map(); // trade -> where its stop was when
    this.spots = [];
  }

  // An open position's stop and target stay in sight while the latest bar is.
  autoscaleInfo(from, to) {
    if (!this.position || !this.look.grid || to < this.bars.length - 1) return null;
    const { stop, target, ep } = this.position;
    const prices = [fromPrice(ep), ...[stop, target].filter((ticks) => ticks !== null).map((ticks) => toAxis(ticks, this.look.grid))];
    return { priceRange: { minValue: Math.min(...prices), maxValue: Math.max(...prices) } };
  }

  show(trades, position, bars) {
    Object.assign(this, { trades, position, bars });
    if (!position) return;
    const before = this.stops.get(position.id) ?? NONE;
    this.stops.set(position.id, told(before, position.moves) ?? stepped(before, position.stop, before.length ? bars.at(-1)?.e ?? position.et : position.et));
  }

  select(id) {
    this.selected = id;
    this.requestUpdate?.();
  }

  hitTest(x, y) {
    if (!this.visible) return null;
    const hit = this.spots.find((each) => near(each, x, y));
    return hit ? { externalId: `trade:${hit.id}`, zOrder: "top", cursorStyle: "pointer", hitTestPriority: 3, itemType: "marker", distance: 0 } : null;
  }

  *#inSight(frame) {
    const [from, to] = [this.bars[frame.from].t, this.bars[frame.to].e];
    for (const trade of this.trades) if (trade.xt >= from && trade.et <= to) yield trade;
    if (this.position) yield { ...this.position, xt: null, xp: null };
  }

  // The position's lines have labels of their own at the edge.
  labels({ y, yPrice }) {
    if (!this.position) return [];
    const { ep, stop, target } = this.position;
    return [yPrice(fromPrice(ep)), ...[stop, target].filter((ticks) => ticks !== null).map(y)]
      .map((at) => ({ y: at, text: null, rank: 0 }));
  }

  // Where the ends of a trade are: {left, right, entry, exit} in CSS pixels.
  #ends(frame, trade) {
    const left = this.#x(frame, trade.et);
    const right = trade.xt === null ? frame.x(this.bars.length - 0.5) : this.#x(frame, trade.xt);
    if (left === null || right === null) return null;
    return {
      left, right: Math.max(right, left + 2), entry: frame.yPrice(fromPrice(trade.ep)),
      exit: trade.xp === null ? null : frame.yPrice(fromPrice(trade.xp)),
    };
  }

  #x({ x, spacing }, at) {
    const place = placeOf(this.bars, at);
    if (place === null) return this.bars.length && at < this.bars[0].t ? x(-0.5) : null;
    const index = Math.floor(place);
    return x(index) + (place - index - 0.5) * spacing * 0.9;
  }

  #under(frame) {
    for (const trade of this.#inSight(frame)) {
      const ends = this.#ends(frame, trade);
      if (!ends) continue;
      const chosen = trade.id === this.selected;
      this.#box(frame, trade, ends, chosen ? 0.14 : 0.06);
      if (ends.exit !== null) connect(frame, trade, ends, chosen ? 0.95 : 0.6);
    }
  }

  // Risk on one side of the entry, the aim on the other; the stop as it moved.
  #box({ context, across, down, y, theme }, trade, { left, right, entry }, alpha) {
    const rectangle = (to, colour) => {
      context.fillStyle = colour;
      context.globalAlpha = alpha;
      const [top, bottom] = [Math.min(entry, to), Math.max(entry, to)];
      context.fillRect(Math.round(left * across), Math.round(top * down), Math.round((right - left) * across), Math.max(1, Math.round((bottom - top) * down)));
    };
    const first = this.stops.get(trade.id)?.[0]?.stop ?? trade.stop;
    if (trade.target !== null) rectangle(y(trade.target), theme.profit);
    if (first !== null) rectangle(y(first), theme.loss);
    const end = trade.xt ?? this.bars.at(-1).e;
    const { line, ended } = stopLine(this.stops.get(trade.id) ?? NONE, { entered: trade.et, first, last: trade.last_stop ?? null, end });
    context.strokeStyle = theme.loss;
    context.globalAlpha = Math.min(1, alpha * 6);
    context.lineWidth = Math.max(1, Math.round(across));
    context.beginPath();
    line.forEach(({ from, to, stop }, index) => {
      const [one, other] = [index === 0 ? left : this.#clamped(from, left, right), index === line.length - 1 ? right : this.#clamped(to, left, right)];
      const at = Math.round(y(stop) * down) + 0.5;
      if (index === 0) context.moveTo(one * across, at);
      else context.lineTo(one * across, at);
      context.lineTo(other * across, at);
    });
    context.stroke();
    if (ended !== null) {
      // Moved while the page did not watch: where it was in the end.
      context.fillStyle = theme.loss;
      context.fillRect(Math.round((right - Math.min(10, right - left)) * across), Math.round(y(ended) * down), Math.round(Math.min(10, right - left) * across), Math.max(1, Math.round(2 * down)));
    }
    context.globalAlpha = 1;
  }

  #clamped(at, left, right) {
    const place = placeOf(this.bars, at);
    const scale = this.chart.timeScale();
    const x = place === null ? null : scale.logicalToCoordinate(Math.floor(place));
    return x === null ? left : Math.min(right, Math.max(left, x + (place - Math.floor(place) - 0.5) * scale.options().barSpacing * 0.9));
  }

  #over(frame) {
    const { context, across, down, theme, spacing } = frame;
    this.spots = [];
    const line = Math.max(1, Math.round(1.75 * across));
    for (const trade of this.#inSight(frame)) {
      const ends = this.#ends(frame, trade);
      if (!ends) continue;
      const chosen = trade.id === this.selected;
      const { left, right, entry, exit } = ends;
      const side = trade.dir > 0 ? theme.buy : theme.sell;
      if (!this.look.drawnText && exit !== null) connect(frame, trade, ends, chosen ? 1 : 0.7);
      drawArrow(context, left * across, entry * down, (chosen ? 6.5 : 5) * down, trade.dir, side, theme.background);
      const spot = { id: trade.id, points: [[left, entry + trade.dir * 6]], line: null };
      this.spots.push(spot);
      if (exit === null) continue;
      const colour = resultColour(trade, theme);
      drawExit(context, trade.why, right * across, exit * down, (chosen ? 5 : 4) * down, { colour, background: theme.background, line });
      spot.points.push([right, exit]);
      spot.line = [left, entry, right, exit];
      if (spacing >= RESULT_SPACING || chosen) {
        const away = exit <= entry ? -1 : 1;
        const box = pill(frame, money(trade.net, { sign: true }), { x: right, y: exit + away * 15, align: "center", colour, edge: chosen ? colour : null, strong: true });
        spot.box = box;
      }
    }
  }
}

export function resultColour({ net }, theme) {
  return signOf(net) < 0 ? theme.loss : signOf(net) > 0 ? theme.profit : theme.text;
}

function connect({ context, across, down, theme }, trade, { left, right, entry, exit }, alpha) {
  context.globalAlpha = alpha;
  context.setLineDash([4 * across, 3 * across]);
  context.strokeStyle = resultColour(trade, theme);
  context.lineWidth = Math.max(1, Math.round(1.25 * across));
  context.beginPath();
  context.moveTo(left * across, entry * down);
  context.lineTo(right * across, exit * down);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

// At one of its marks, its result, or on the line between them.
function near({ points, line, box }, x, y) {
  if (points.some(([px, py]) => Math.hypot(px - x, py - y) <= 8)) return true;
  if (box && x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height) return true;
  if (line === null) return false;
  const [left, entry, right, exit] = line;
  if (x < left || x > right || right - left < 4) return false;
  return Math.abs(entry + ((exit - entry) * (x - left)) / (right - left) - y) <= 4;
}
