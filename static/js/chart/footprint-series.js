// The footprint as a lightweight-charts custom series: candles when far out, a volume profile a bar in
// between, bid x ask cells when there is room.
//
// In a cell column: left the bid volume (sellers hitting it), right the ask volume (buyers lifting it);
// colour by volume; a filled cell is a diagonal imbalance; the outlined row is the POC; the bracket at
// the right is the value area; the stripe at the left is the candle. Coordinates are device pixels.

import { compact } from "../format.js";
import { full, step } from "../footprint/heat.js";
import {
  CANDLES, CELLS, ROW_FOR_TEXT, detail, rowTicks, rows, textSize,
} from "../footprint/levels.js";
import { between, linear, span } from "./pixels.js";

const CELLS_ROW = 10; // pixels a row should have in cells, for text
const PROFILE_ROW = 3;

export class FootprintSeries {
  // `look` is shared with the page: {theme, grid, mode, rules}; `onDetail` hears what is drawn.
  constructor(look, onDetail = () => {}) {
    this.look = look;
    this.onDetail = onDetail;
    this.data = null;
    this.grouped = new WeakMap(); // bar -> {ticks, rows}
  }

  defaultOptions() {
    return {};
  }

  priceValueBuilder(item) {
    return [item.low, item.high, item.close];
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

  rowsOf(bar, ticks) {
    const known = this.grouped.get(bar);
    if (known?.ticks === ticks) return known.rows;
    const made = rows(bar, ticks, this.look.rules);
    this.grouped.set(bar, { ticks, rows: made });
    return made;
  }

  #draw(target, toY) {
    const { bars, barSpacing, visibleRange } = this.data ?? {};
    const { theme, grid } = this.look;
    if (!bars?.length || !visibleRange || !grid) return;
    const unit = grid.numerator / grid.scale;
    const first = bars[Math.max(0, visibleRange.from)].originalData.bar;
    const axis = linear(toY, first.l * unit, first.l * unit + 100 * unit);
    if (axis === null) return;
    const tickHeight = axis.perUnit * unit;
    const shown = [];
    for (let index = visibleRange.from; index < visibleRange.to; index += 1) {
      if (bars[index]) shown.push(bars[index]);
    }
    const mode = detail(this.look.mode, barSpacing);
    const wanted = mode === CELLS ? CELLS_ROW : PROFILE_ROW;
    const ticks = mode === CANDLES ? 1 : rowTicks(tickHeight, wanted, this.look.rules.rowTicks);

    target.useBitmapCoordinateSpace((scope) => {
      const view = {
        context: scope.context,
        across: scope.horizontalPixelRatio,
        down: scope.verticalPixelRatio,
        height: scope.mediaSize.height,
        y: (price) => axis.y(price * unit), // middle of a price, CSS pixels
        tickHeight,
        ticks,
        spacing: barSpacing,
        theme,
      };
      if (mode === CANDLES) for (const item of shown) drawCandle(view, item, candleWidth(barSpacing));
      else if (mode === CELLS) this.#cells(view, shown);
      else this.#profiles(view, shown);
    });
    // What else is drawn around a bar keeps clear of its rows.
    this.look.drawnRow = mode === CELLS ? ticks : 1;
    this.onDetail(mode, mode === CANDLES ? null : ticks);
  }

  #profiles(view, shown) {
    const most = full(shown.map(({ originalData: { bar } }) => this.#largest(bar, view.ticks)));
    for (const item of shown) {
      const { bar } = item.originalData;
      const width = view.spacing * 0.9;
      const candle = Math.max(3, Math.min(6, view.spacing * 0.14));
      const left = item.x - width / 2;
      drawCandle(view, { ...item, x: left + candle / 2 }, candle);
      drawProfile(view, bar, this.rowsOf(bar, view.ticks), left + candle + 1, width - candle - 1, most);
    }
  }

  #largest(bar, ticks) {
    return this.rowsOf(bar, ticks).reduce((most, row) => Math.max(most, row.volume), 0);
  }

  #cells(view, shown) {
    const halves = [];
    for (const item of shown) {
      for (const row of this.rowsOf(item.originalData.bar, view.ticks)) halves.push(row.bid, row.ask);
    }
    const most = full(halves);
    // One text size for all columns.
    const longest = halves.reduce((length, volume) => Math.max(length, compact(volume).length), 1);
    for (const item of shown) {
      drawCells(view, item, this.rowsOf(item.originalData.bar, view.ticks), most, longest);
    }
  }
}

function candleWidth(spacing) {
  return spacing < 3 ? 1 : Math.min(15, Math.max(1, spacing * 0.72));
}

// Body and wick around item.x; a hairline when there is no room for a body.
function drawCandle({ context, across, down, y, tickHeight, theme }, item, width) {
  const { bar } = item.originalData;
  const colour = bar.c > bar.o ? theme.buy : bar.c < bar.o ? theme.sell : theme.text;
  context.fillStyle = colour;
  const [wickX, wickWidth] = span(item.x, Math.max(1, Math.min(1.5, width / 4)), across);
  const [wickY, wickHeight] = between(y(bar.h), y(bar.l), down);
  context.fillRect(wickX, wickY, wickWidth, wickHeight);
  if (width < 2) return;
  const [x, w] = span(item.x, width, across);
  const inset = Math.min(tickHeight, 1) / 2;
  const [top, height] = between(y(Math.max(bar.o, bar.c)) - inset, y(Math.min(bar.o, bar.c)) + inset, down);
  context.fillRect(x, top, w, height);
}

// Edges of a row in device pixels, with a hair between rows that are high enough.
function rowEdges(view, row, ticks) {
  const lowest = view.y(row.price) + view.tickHeight / 2;
  const top = Math.round((lowest - ticks * view.tickHeight) * view.down);
  const bottom = Math.round(lowest * view.down);
  const gap = (bottom - top) / view.down > 5 ? Math.max(1, Math.round(view.down * 0.75)) : 0;
  return [top, Math.max(1, bottom - top - gap)];
}

function outside(view, top, height) {
  return top > view.height * view.down || top + height < 0;
}

function pocRow(bar, ticks) {
  return bar.poc === null || bar.poc === undefined ? null : Math.floor(bar.poc / ticks) * ticks;
}

function drawProfile(view, bar, list, left, width, most) {
  const { context, across, theme, ticks } = view;
  const x = Math.round(left * across);
  const poc = pocRow(bar, ticks);
  for (const row of list) {
    const [top, height] = rowEdges(view, row, ticks);
    if (outside(view, top, height)) continue;
    const inArea = row.price + ticks > bar.val && row.price <= bar.vah;
    context.globalAlpha = inArea ? 1 : 0.45;
    const scale = (Math.min(row.volume, most) / most) * width * across;
    const part = (size) => Math.round((scale * size) / row.volume);
    const [bid, ask] = [part(row.bid), part(row.ask)];
    context.fillStyle = theme.sellBar;
    context.fillRect(x, top, bid, height);
    context.fillStyle = theme.buyBar;
    context.fillRect(x + bid, top, ask, height);
    const rest = Math.round(scale) - bid - ask;
    if (rest > 0) {
      context.fillStyle = theme.neutralBar;
      context.fillRect(x + bid + ask, top, rest, height);
    }
    if (row.price === poc) {
      context.globalAlpha = 1;
      context.fillStyle = theme.poc;
      context.fillRect(x + Math.max(1, Math.round(scale)), top, Math.max(2, Math.round(1.5 * across)), height);
    }
  }
  context.globalAlpha = 1;
}

function drawCells(view, item, list, most, longest) {
  const { context, across, down, theme, ticks } = view;
  const { bar } = item.originalData;
  const width = view.spacing - Math.max(5, Math.min(12, view.spacing * 0.11));
  const candle = Math.max(4, Math.min(7, width * 0.08));
  const bracket = 3;
  const left = item.x - width / 2;
  drawCandle(view, { ...item, x: left + candle / 2 }, candle);

  const from = Math.round((left + candle + 2) * across);
  const to = Math.round((left + width - bracket) * across);
  const middle = Math.round((from + to) / 2);
  const rowHeight = ticks * view.tickHeight;
  const pad = 4;
  const size = rowHeight >= ROW_FOR_TEXT
    ? textSize((middle - from) / across - pad, rowHeight, longest) : 0;
  const fontSize = Math.round(size * down);
  const font = `${fontSize}px ${theme.font}`;
  const strongFont = `600 ${fontSize}px ${theme.font}`;
  context.textBaseline = "middle";
  const poc = pocRow(bar, ticks);
  let pocBox = null;

  for (const row of list) {
    const [top, height] = rowEdges(view, row, ticks);
    if (outside(view, top, height)) continue;
    context.fillStyle = theme.cell;
    context.fillRect(from, top, to - from, height);
    const inArea = row.price + ticks > bar.val && row.price <= bar.vah;
    side(row.bid, row.sell, theme.sellHeat, theme.sellStrong, theme.onSell, from, middle - from, "right");
    side(row.ask, row.buy, theme.buyHeat, theme.buyStrong, theme.onBuy, middle, to - middle, "left");
    if (row.price === poc) pocBox = [top, height];

    function side(volume, imbalance, heat, strong, on, x, w, align) {
      context.fillStyle = imbalance ? strong : heat[step(volume, most)];
      context.fillRect(x, top, w, height);
      if (size === 0) return;
      context.font = imbalance ? strongFont : font;
      context.fillStyle = imbalance ? on : inArea ? theme.cellText : theme.cellDim;
      context.textAlign = align;
      const inset = Math.round((pad / 2) * across);
      context.fillText(compact(volume), align === "right" ? x + w - inset : x + inset,
        top + height / 2 + Math.round(fontSize * 0.06));
    }
  }

  // The seam between bid and ask.
  const [highTop] = rowEdges(view, list.at(-1), ticks);
  const [lowTop, lowHeight] = rowEdges(view, list[0], ticks);
  context.fillStyle = theme.background;
  context.fillRect(middle - Math.max(1, Math.round(across / 2)), highTop, Math.max(1, Math.round(across)), lowTop + lowHeight - highTop);

  if (bar.vah !== null && bar.vah !== undefined) drawArea(view, bar, to + Math.round(across), bracket);
  if (pocBox) {
    // Around the row, in the gaps beside it, so that the numbers stay clear.
    const line = Math.max(1, Math.round(across));
    context.strokeStyle = theme.poc;
    context.lineWidth = line;
    context.strokeRect(from - line / 2, pocBox[0] - line / 2, to - from + line, pocBox[1] + line);
  }
}

// The value area's bracket, from VAL to VAH.
function drawArea(view, bar, x, width) {
  const { context, across, down, theme } = view;
  const [top, height] = between(
    view.y(bar.vah) - view.tickHeight / 2, view.y(bar.val) + view.tickHeight / 2, down);
  const line = Math.max(1, Math.round(across));
  context.fillStyle = theme.area;
  context.fillRect(x + Math.round((width - 2) * across), top, line, height);
  context.fillRect(x, top, Math.round((width - 2) * across), Math.max(1, Math.round(down)));
  context.fillRect(x, top + height - Math.max(1, Math.round(down)), Math.round((width - 2) * across), Math.max(1, Math.round(down)));
}
