// How much of a bar can be shown: which drawing, how many ticks a row, which text size.
//
// Rules: a number is drawn only if it fits its cell; what does not fit is left out, never squeezed
// or overlapped. Rows are grouped to multiples of a round count of ticks, aligned to it.

export const CANDLES = "candles";
export const PROFILE = "profile";
export const CELLS = "cells";

export const MIN_PROFILE_SPACING = 13;
export const MIN_CELLS_SPACING = 46;
export const MIN_TEXT = 8;
export const MAX_TEXT = 12.5;
export const ROW_FOR_TEXT = 9.5; // a row of this height holds the smallest text
const ROUND = [1, 2, 4, 5, 10, 20, 25, 40, 50, 100, 200, 250, 400, 500, 1000, 2000, 2500, 5000];

// `wanted` is "auto" or one of the three: a wish that the zoom cannot carry falls back.
export function detail(wanted, spacing) {
  const fits =
    spacing >= MIN_CELLS_SPACING ? CELLS : spacing >= MIN_PROFILE_SPACING ? PROFILE : CANDLES;
  if (wanted === CANDLES) return CANDLES;
  if (wanted === PROFILE) return fits === CANDLES ? CANDLES : PROFILE;
  return fits;
}

// The fewest ticks a row so that a row is `wanted` pixels high; a multiple of the instrument's own row.
export function rowTicks(pixelsPerTick, wanted, base = 1) {
  for (const step of ROUND) {
    if (pixelsPerTick * step * base >= wanted) return step * base;
  }
  return ROUND.at(-1) * base;
}

// A bar's levels as rows of `ticks`, ascending: {price: lowest tick, bid, ask, volume, buy, sell}.
// `buy` and `sell` say that the row is an imbalance. At the engine's own row size they are the engine's;
// at another they follow the same rule on the rows that are shown, so that colours agree with numbers.
export function rows(bar, ticks, rules) {
  const result = [];
  let row = null;
  for (const [at, bid, ask, unknown] of bar.lv) {
    const lowest = Math.floor(at / ticks) * ticks;
    if (row === null || row.price !== lowest) {
      row = { price: lowest, bid: 0, ask: 0, volume: 0, buy: false, sell: false };
      result.push(row);
    }
    row.bid += bid;
    row.ask += ask;
    row.volume += bid + ask + unknown;
  }
  if (ticks === rules.rowTicks) {
    for (const each of result) {
      each.buy = bar.bi.includes(each.price);
      each.sell = bar.si.includes(each.price);
    }
  } else if (rules.ratio) markImbalances(result, ticks, rules);
  return result;
}

// A buy imbalance: ask volume against the bid one row below. A sell imbalance: bid volume against the
// ask one row above. A row without trades has zero volume.
function markImbalances(list, ticks, { ratio, minVolume }) {
  const beats = (volume, against) => volume >= minVolume && volume >= ratio * Math.max(against, 1);
  list.forEach((row, index) => {
    const below = list[index - 1];
    const above = list[index + 1];
    row.buy = index > 0 && beats(row.ask, below.price === row.price - ticks ? below.bid : 0);
    row.sell = index < list.length - 1 && beats(row.bid, above.price === row.price + ticks ? above.ask : 0);
  });
}

// Text size in pixels that fits `characters` into a cell of this width and height; 0 if none does.
export function textSize(width, height, characters, characterWidth = 0.57) {
  const byHeight = height * 0.86;
  const byWidth = width / (Math.max(1, characters) * characterWidth);
  const size = Math.min(byHeight, byWidth, MAX_TEXT);
  return size >= MIN_TEXT ? Math.floor(size * 2) / 2 : 0;
}

// How many bars the first look shows: footprint columns as wide as numbers need.
export function barsAtFirst(width, column = 84) {
  return Math.max(4, Math.min(14, Math.floor(width / column)));
}
