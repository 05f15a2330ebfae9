// One bar of the footprint in ink (ink.js): its candle, its rows in one of the drawings, and the marks
// on them. Coordinates are whole device pixels, so that nothing is blurred.
//
// `frame` says how: {palette, plan, across, down: device pixels a pixel, layout: of a column, edge(price):
// the lower edge of a price, middle(price), height: of the pane, most: what counts as full, number:
// text size}. A row's edges lie on one lattice for all bars: rows of neighbours always meet.

import { compact } from "../format.js";
import { BIDASK, CANDLES, DELTA, PADDING, PROFILE, VOLUME, column } from "../footprint/detail.js";
import { STEPS, step } from "../footprint/heat.js";

const CAP = 0.72; // height of a digit, of the text size
export const BRIGHT_STEP = 5; // from here on a cell is too strong for dim text
const MIN_OUTLINE = 6; // pixels a row, for an outline around it
const labels = Array.from({ length: 10_000 }, (_, lots) => String(lots));

export const label = (lots) => labels[lots] ?? compact(lots);

// A column's parts in device pixels from its left edge.
export function layout(spacing, drawing, across) {
  const parts = column(spacing, drawing);
  const whole = (value) => Math.round(value * across);
  const from = whole(parts.from);
  const to = Math.max(from + 1, whole(parts.to));
  const hair = Math.max(1, whole(1));
  return {
    half: parts.width / 2,
    candle: parts.candle,
    from,
    to,
    middle: Math.round((from + to) / 2),
    strip: Math.floor(parts.strip * across * 0.8),
    bracket: whole(parts.bracket) > 2 * hair ? whole(parts.bracket) - hair : 0,
    hair,
  };
}

export function drawBar(frame, bar, x, rows) {
  const { plan, across, layout: { half, candle } } = frame;
  if (plan.drawing === CANDLES) {
    drawCandle(frame, bar, x, candle);
    return;
  }
  drawCandle(frame, bar, x - half + candle / 2, candle);
  const left = Math.round((x - half) * across);
  drawRows(frame, bar, left, rows);
  drawMarks(frame, bar, left, rows);
}

// Body and wick around x; a hairline when there is no room for a body.
function drawCandle({ palette, across, down, middle, tickHeight }, bar, x, width) {
  const ink = bar.c > bar.o ? palette.buy : bar.c < bar.o ? palette.sell : palette.unchanged;
  const line = Math.max(1, Math.round(Math.min(1.5, width / 4) * across));
  const body = Math.max(line, Math.round(width * across));
  const left = Math.round(x * across - body / 2);
  const high = Math.round(middle(bar.h));
  ink.rect(left + Math.floor((body - line) / 2), high, line, Math.max(1, Math.round(middle(bar.l)) - high));
  if (width < 2) return;
  const inset = (Math.min(tickHeight, 1) / 2) * down;
  const top = Math.round(middle(Math.max(bar.o, bar.c)) - inset);
  ink.rect(left, top, body, Math.max(1, Math.round(middle(Math.min(bar.o, bar.c)) + inset) - top));
}

function drawRows(frame, bar, left, rows) {
  const { plan: { drawing, ticks }, layout: { from, to, middle, hair }, edge, height, gap } = frame;
  const draw = drawing === BIDASK ? drawPair : drawing === DELTA ? drawDelta : drawing === VOLUME ? drawVolume : drawProfile;
  let [top, bottom] = [null, null];
  for (const row of rows.list) {
    const y = edge(row.price + ticks);
    const tall = Math.max(1, edge(row.price) - y - gap);
    if (y > height || y + tall < 0) continue;
    const inArea = row.price + ticks > bar.val && row.price <= bar.vah ? 1 : 0;
    draw(frame, row, left, y, tall, inArea);
    top = y;
    bottom ??= y + tall;
  }
  if (drawing === BIDASK && frame.plan.morph === 1 && top !== null) {
    frame.palette.seam.rect(left + middle - Math.floor(hair / 2), top, hair, bottom - top);
  }
}

// Left the bid volume (sellers hit it), right the ask volume (buyers lift it). Between profile and cells
// (`morph`) the two are as wide as in between.
function drawPair(frame, row, left, y, tall, inArea) {
  const { palette, plan: { morph }, layout: { from, to, middle }, most } = frame;
  const bidStep = step(row.bid, most);
  const askStep = step(row.ask, most);
  let [start, split, end] = [left + from, left + middle, left + to];
  if (morph < 1) {
    const long = (Math.min(row.volume, frame.mostVolume) / frame.mostVolume) * (to - from);
    const mix = (one, other) => Math.round(one + (other - one) * morph);
    split = start + mix(row.volume > 0 ? (long * row.bid) / row.volume : 0, middle - from);
    end = start + mix(row.volume > 0 ? (long * (row.bid + row.ask)) / row.volume : 0, to - from);
  }
  const heat = (colours, at) => colours[morph < 1 ? Math.round(STEPS - 1 + (at - STEPS + 1) * morph) : at];
  (row.sell ? palette.sellStrong : heat(palette.sellHeat, bidStep)).rect(start, y, split - start, tall);
  (row.buy ? palette.buyStrong : heat(palette.buyHeat, askStep)).rect(split, y, end - split, tall);
  if (frame.number === 0) return;
  const baseline = y + frame.drop + (tall >> 1);
  const bid = row.sell ? palette.onSell.right : palette.right[inArea || bidStep >= BRIGHT_STEP ? 1 : 0];
  const ask = row.buy ? palette.onBuy.left : palette.left[inArea || askStep >= BRIGHT_STEP ? 1 : 0];
  bid.write(label(row.bid), split - frame.pad, baseline);
  ask.write(label(row.ask), split + frame.pad, baseline);
}

// Ask less bid volume, coloured by its sign and size.
function drawDelta(frame, row, left, y, tall, inArea) {
  const { palette, layout: { from, to }, most } = frame;
  const delta = row.ask - row.bid;
  const at = step(Math.abs(delta), most);
  (delta < 0 ? palette.sellHeat : palette.buyHeat)[at].rect(left + from, y, to - from, tall);
  drawCell(frame, row, left, y, tall, inArea || at >= BRIGHT_STEP ? 1 : 0, delta);
}

function drawVolume(frame, row, left, y, tall, inArea) {
  const { palette, layout: { from, to }, most } = frame;
  const at = step(row.volume, most);
  palette.volumeHeat[at].rect(left + from, y, to - from, tall);
  drawCell(frame, row, left, y, tall, inArea || at >= BRIGHT_STEP ? 1 : 0, row.volume);
}

function drawCell(frame, row, left, y, tall, bright, lots) {
  const { layout: { from, to } } = frame;
  drawEdges(frame, row, left, y, tall);
  if (frame.number === 0) return;
  frame.palette.center[bright].write(label(lots), left + ((from + to) >> 1), y + frame.drop + (tall >> 1));
}

// Imbalances where a row is one cell: at its left end the sellers', at its right end the buyers'.
function drawEdges({ palette, layout: { from, to, hair } }, row, left, y, tall) {
  const thick = Math.min(3 * hair, Math.ceil((to - from) / 6));
  if (row.sell) palette.sellStrong.rect(left + from, y, thick, tall);
  if (row.buy) palette.buyStrong.rect(left + to - thick, y, thick, tall);
}

// Volume as a length; within the value area stronger, where sides are told imbalances strongest.
function drawProfile(frame, row, left, y, tall, inArea) {
  const { palette, plan: { drawing }, layout: { from, to }, mostVolume } = frame;
  const long = Math.round((Math.min(row.volume, mostVolume) / mostVolume) * (to - from));
  const start = left + from;
  if (drawing === PROFILE) {
    palette.neutralBar[inArea].rect(start, y, Math.max(1, long), tall);
    drawEdges(frame, row, left, y, tall);
  } else if (row.volume > 0) {
    const bid = Math.round((long * row.bid) / row.volume);
    const ask = Math.round((long * row.ask) / row.volume);
    if (bid > 0) (row.sell ? palette.sellStrong : palette.sellBar[inArea]).rect(start, y, bid, tall);
    if (ask > 0) (row.buy ? palette.buyStrong : palette.buyBar[inArea]).rect(start + bid, y, ask, tall);
    if (long - bid - ask > 0) palette.neutralBar[inArea].rect(start + bid + ask, y, long - bid - ask, tall);
  }
  if (frame.number === 0) return;
  palette.left[1].write(label(row.volume), start + frame.pad, y + frame.drop + (tall >> 1));
}

// POC, value area and stacks.
function drawMarks(frame, bar, left, rows) {
  const { palette, plan: { ticks, drawing, morph }, layout: { from, to, strip, bracket, hair }, edge, gap } = frame;
  for (const { dir, low, high } of strip > 0 ? rows.stacks : []) {
    const top = edge(high + ticks);
    const x = dir > 0 ? left + to + hair : left + from - hair - strip;
    (dir > 0 ? palette.buy : palette.sell).rect(x, top, strip, Math.max(1, edge(low) - gap - top));
  }
  if (bar.poc === null || bar.poc === undefined) return;
  const poc = Math.floor(bar.poc / ticks) * ticks;
  const top = edge(poc + ticks);
  const bottom = edge(poc) - gap;
  const cells = drawing === DELTA || drawing === VOLUME || (drawing === BIDASK && morph === 1);
  if (cells && (bottom - top) / frame.down >= MIN_OUTLINE) {
    // Around the row, in the gaps beside it, so that the numbers stay clear.
    const [x, wide] = [left + from - hair, to - from + 2 * hair];
    palette.poc.rect(x, top - hair, wide, hair);
    palette.poc.rect(x, bottom, wide, hair);
    palette.poc.rect(x, top, hair, bottom - top);
    palette.poc.rect(x + wide - hair, top, hair, bottom - top);
  } else {
    const row = rows.list.find(({ price }) => price === poc);
    const long = cells || !row ? to - from - 2 * hair
      : Math.max(1, Math.round((Math.min(row.volume, frame.mostVolume) / frame.mostVolume) * (to - from)));
    palette.poc.rect(left + from + long, top, 2 * hair, Math.max(1, bottom - top));
  }
  if (bracket > 0 && bar.vah !== null && bar.vah !== undefined) {
    const x = left + to + strip + 2 * hair;
    const high = edge(bar.vah + 1);
    const low = edge(bar.val);
    palette.area.rect(x, high, bracket, hair);
    palette.area.rect(x, low - hair, bracket, hair);
    palette.area.rect(x + bracket - hair, high, hair, low - high);
  }
}

// Below a bar: its delta and its volume.
export function drawFigures(frame, bar, x) {
  const { palette, figures: { size, pitch }, across, down } = frame;
  const at = Math.round(x * across);
  const below = frame.edge(Math.floor(bar.l / frame.plan.ticks) * frame.plan.ticks) + Math.round(3 * down);
  if (below > frame.height || below < 0) return;
  const pen = bar.d > 0 ? palette.buyFigure : bar.d < 0 ? palette.sellFigure : palette.figure;
  pen.write(deltaLabel(bar.d), at, below + Math.round(size * 0.9));
  palette.figure.write(label(bar.v), at, below + pitch + Math.round(size * 0.9));
}

export const deltaLabel = (delta) => (delta > 0 ? `+${label(delta)}` : compact(delta));
export const dropOf = (size) => Math.round((size * CAP) / 2);
export const padOf = (across) => Math.round(PADDING * across);
