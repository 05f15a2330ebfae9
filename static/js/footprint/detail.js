// What is drawn of the bars in sight: which drawing, how many ticks a row, which text size, and what
// could not be had. Pure: the zoom and the trader's choice in, a plan out.
//
// Rules: what matters is the room, pixels a bar and pixels a row. A number is drawn only if it fits its
// cell; what does not fit is left out, never squeezed. Rows are grouped to round counts of ticks.

export const AUTO = "auto";
export const CANDLES = "candles";
export const PROFILE = "profile"; // volume as a histogram in the bar
export const SPLIT = "split"; // the same, bid and ask volume side by side
export const BIDASK = "bidask";
export const DELTA = "delta";
export const VOLUME = "volume";
export const WISHES = Object.freeze([AUTO, BIDASK, DELTA, VOLUME, SPLIT, PROFILE, CANDLES]);

export const MIN_TEXT = 8;
export const MAX_TEXT = 12.5;
export const ROW_FOR_TEXT = 9.5; // a row of this height holds the smallest text
export const DIGIT = 0.57; // width of a digit, of the text size

const MIN_ROWS_SPACING = 12; // pixels a bar, below it there are candles
const MIN_PAIR_SPACING = 20; // two cells side by side
const MORPH = [36, 46]; // auto: profile rows widen to cells
const NUMBER_ROW = 11; // pixels a row should have with numbers
const THIN_ROW = 3; // and without
const LEAST_ROWS = 2; // of a typical bar; fewer say too little to be worth their numbers
const ROUND = [1, 2, 4, 5, 10, 20, 25, 40, 50, 100, 200, 250, 400, 500, 1000, 2000, 2500, 5000];

// Ticks a row that a trader may choose from, multiples of the engine's own row.
export const rowChoices = (base = 1) => [1, 2, 4, 5, 10, 20, 40, 50, 100, 200].map((count) => count * base);

// `wish`: one of WISHES; `rowWish`: ticks a row or null for automatic; `spacing`: pixels a bar;
// `tickHeight`: pixels a tick; `base`: the engine's row; `typical()`: ticks from low to high of a usual
// bar; `longest(drawing, ticks)`: characters of the longest number in sight; `before`: the last plan.
//
// {drawing, ticks: a row, text: size or 0, morph: 0 profile .. 1 cells, grouped: rows were made larger
// than the engine's to be readable, short: what the zoom lacks: null | "spacing" (for the drawing),
// "width" or "height" (for numbers), "rows" (the wished ones are thinner than a pixel)}
export function plan({ wish, rowWish, spacing, tickHeight, base, typical, longest, before }) {
  const drawing = drawingFor(wish, spacing);
  const short = wish !== AUTO && drawing !== wish ? "spacing" : null;
  if (drawing === CANDLES) return { wish, drawing, ticks: 1, text: 0, morph: 1, grouped: false, short };

  const manual = rowWish === null ? null : Math.max(1, Math.ceil(rowWish / base)) * base;
  const usable = manual !== null && manual * tickHeight >= 1;
  const choose = (height) => (usable ? manual : steady(tickHeight, height, base, before));
  // On a row of two colours a number would lie on the seam.
  const fit = (ticks) => (drawing !== SPLIT && ticks * tickHeight >= ROW_FOR_TEXT
    ? textSize(roomFor(drawing, spacing), ticks * tickHeight, longest(drawing, ticks)) : 0);

  const large = choose(NUMBER_ROW);
  const speaks = usable || large === base || typical() / large >= LEAST_ROWS;
  const text = usable || (speaks && !isProfile(drawing)) ? fit(large) : 0;
  const ticks = text > 0 ? large : choose(THIN_ROW);
  const plain = text > 0 ? text : fit(ticks); // rows that are high anyway
  return {
    wish,
    drawing,
    ticks,
    text: plain,
    morph: wish === AUTO && drawing === BIDASK ? share(spacing, ...MORPH) : 1,
    grouped: !usable && ticks > base,
    short: short ?? (manual !== null && !usable ? "rows" : plain > 0 || isProfile(drawing) ? null : lacking()),
  };

  // Where even the highest rows would not help, the columns are too narrow.
  function lacking() {
    return textSize(roomFor(drawing, spacing), MAX_TEXT * 2, longest(drawing, large)) === 0 ? "width" : "height";
  }
}

const isProfile = (drawing) => drawing === PROFILE || drawing === SPLIT;

function drawingFor(wish, spacing) {
  if (wish === CANDLES || spacing < MIN_ROWS_SPACING) return CANDLES;
  if (wish === AUTO) return spacing > MORPH[0] ? BIDASK : SPLIT;
  if (wish === BIDASK && spacing < MIN_PAIR_SPACING) return SPLIT;
  return wish;
}

// Pixels a bar from which a wish is honoured with numbers of a few digits.
export function spacingFor(wish) {
  if (wish === BIDASK) return 84;
  if (wish === DELTA || wish === VOLUME) return 60;
  return wish === SPLIT || wish === PROFILE ? 28 : 0;
}

// Ticks a row, not changed before it must be: a price scale that breathes does not make rows jump.
function steady(tickHeight, wanted, base, before) {
  const best = rowTicks(tickHeight, wanted, base);
  const last = before?.ticks ?? null;
  if (last === null || last === best || last % base !== 0) return best;
  const next = rowTicks(tickHeight, wanted * 1.1, base);
  const still = last * tickHeight >= wanted * 0.92 && last <= next;
  return still ? last : best;
}

// The fewest ticks a row so that a row is `wanted` pixels high; a multiple of the engine's own row.
export function rowTicks(pixelsPerTick, wanted, base = 1) {
  for (const step of ROUND) {
    if (pixelsPerTick * step * base >= wanted) return step * base;
  }
  return ROUND.at(-1) * base;
}

// Where the parts of a bar's column lie, in pixels from its left edge: the candle, and with cells a strip
// for stacks on either side of them and the value area's bracket.
export function column(spacing, drawing) {
  const width = spacing - Math.min(12, Math.max(1, spacing * 0.11));
  const wide = Math.min(15, spacing * 0.72);
  const narrow = Math.min(7, Math.max(3, width * 0.08));
  const candle = wide + (narrow - wide) * share(spacing, MIN_ROWS_SPACING, 22);
  const cells = !isProfile(drawing);
  const strip = cells ? 3 * share(spacing, MORPH[0], 60) : 0;
  const bracket = cells ? 4 * share(spacing, MORPH[0], 48) : 0;
  return { width, candle, strip, bracket, from: candle + 1 + strip, to: width - strip - bracket };
}

// Pixels across that one number has.
const PAD = 3;
export function roomFor(drawing, spacing) {
  const { from, to } = column(spacing, drawing);
  return (drawing === BIDASK ? (to - from) / 2 : to - from) - 2 * PAD;
}
export const PADDING = PAD;

// Text size in pixels that fits `characters` into this width and height; 0 if none does.
export function textSize(width, height, characters) {
  const byHeight = height * 0.86;
  const byWidth = width / (Math.max(1, characters) * DIGIT);
  const size = Math.min(byHeight, byWidth, MAX_TEXT);
  return size >= MIN_TEXT ? Math.floor(size * 2) / 2 : 0;
}

// How far `value` is from one end to the other, 0..1.
const share = (value, from, to) => Math.min(1, Math.max(0, (value - from) / (to - from)));

// How many bars the first look shows: footprint columns as wide as numbers need.
export function barsAtFirst(width, spacing = 84) {
  return Math.max(4, Math.min(14, Math.floor(width / spacing)));
}
