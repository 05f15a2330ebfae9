// Kinds of bar and their lengths: names, keys as in an address ("time-60"), and what to offer.

import { size, timeframe, volume } from "./format.js";

export const TIMES = Object.freeze([60, 120, 180, 300, 600, 900, 1800, 3600]);

// Least and most of each, as the server has it, and in what a length is counted.
export const KINDS = Object.freeze({
  time: { label: "Time", unit: "seconds", least: 5, most: 86_400 },
  tick: { label: "Tick", unit: "trades", least: 10, most: 1_000_000 },
  volume: { label: "Volume", unit: "lots", least: 10, most: 1_000_000_000 },
  range: { label: "Range", unit: "ticks", least: 2, most: 100_000 },
  delta: { label: "Delta", unit: "lots", least: 5, most: 1_000_000_000 },
});

export const keyOf = (bars) => `${bars.kind}-${bars.length}`;

export const sameBars = (one, other) => one?.kind === other?.kind && one?.length === other?.length;

// {kind, length} of "time-60"; null if that is no bar.
export function parseBars(text) {
  const found = /^([a-z]+)-([0-9]{1,10})$/.exec(text ?? "");
  if (!found || !Object.hasOwn(KINDS, found[1])) return null;
  const bars = { kind: found[1], length: Number(found[2]) };
  return problemOf(bars) === null ? bars : null;
}

// What is wrong with a length, in words; null if nothing is.
export function problemOf({ kind, length }) {
  const { least, most, unit } = KINDS[kind];
  if (Number.isInteger(length) && length >= least && length <= most) return null;
  return `A whole number of ${unit} from ${volume(least)} to ${volume(most)}`;
}

// "5 min", "500 tick", "2,000 volume", "12 range"; volumes in the instrument's own size.
export function barsName(bars, lot = "1") {
  if (bars.kind === "time") return timeframe(bars.length);
  const inLots = (bars.kind === "volume" || bars.kind === "delta") && lot !== "1";
  return `${inLots ? size(bars.length, lot) : volume(bars.length)} ${bars.kind}`;
}

// "1 min bars", "500 tick bars"
export const barsWords = (bars, lot) => `${barsName(bars, lot)} bars`;

// What the times of such bars are told with: where they may be shorter than a minute, seconds.
export const secondsOf = (bars) => (bars.kind === "time" ? bars.length : 1);

const ROUND = Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

// Of 1, 2, 5, 10, 20, 50... the nearest by ratio, with the one below and the one above it.
export function roundAbout(value) {
  const off = (each) => Math.abs(Math.log(each / Math.max(1, value)));
  const nearest = ROUND.reduce((best, each, index) => (off(each) < off(ROUND[best]) ? index : best), 0);
  return ROUND.slice(Math.max(0, nearest - 1), nearest + 2);
}

// Of a day's bars the busy ones are those that are looked at: what one in five exceeds.
const busy = (values) => [...values].sort((one, other) => one - other)[Math.floor((values.length * 4) / 5)];

const BARS_FOR_PRESETS = 12;
const DEFAULTS = Object.freeze({ tick: 500, volume: 2000, range: 8, delta: 200 });

// Lengths to offer for an instrument: about as much as one of its busy bars holds, less and more. Null while there are too few bars to tell.
export function presetsFrom(bars) {
  if (bars.length < BARS_FOR_PRESETS) return null;
  const held = {
    tick: busy(bars.map(({ n }) => n)),
    volume: busy(bars.map(({ v }) => v)),
    range: busy(bars.map(({ h, l }) => h - l)),
    delta: busy(bars.map(({ d }) => Math.abs(d))),
  };
  return Object.fromEntries(Object.entries(held).map(([kind, value]) => [kind, around(kind, value)]));
}

export const defaultPresets = () =>
  Object.fromEntries(Object.entries(DEFAULTS).map(([kind, value]) => [kind, around(kind, value)]));

function around(kind, value) {
  const { least, most } = KINDS[kind];
  return [...new Set(roundAbout(value).map((length) => Math.min(most, Math.max(least, length))))];
}
