// Numbers and times as a trader writes them. A price is an integer count of ticks; the text is made
// by integer arithmetic, never through a float. Money comes as a decimal string and stays one.

export const NONE = "–";
const MINUS = "−";
const ZONE = "America/New_York";

// "0.25" -> how to get from ticks to a price: ticks * numerator / 10 ** decimals, exactly.
export function grid(tick, decimals) {
  const [whole, fraction = ""] = String(tick).split(".");
  const places = Math.max(fraction.length, decimals ?? 0);
  const numerator = Number(whole + fraction.padEnd(places, "0"));
  if (!Number.isInteger(numerator) || numerator <= 0) {
    throw new RangeError(`tick ${tick} is not a positive decimal number`);
  }
  return Object.freeze({ numerator, places, scale: 10 ** places });
}

// 19201 ticks of 0.25 -> "4800.25"
export function price(ticks, of) {
  if (ticks === null || ticks === undefined) return NONE;
  const units = BigInt(ticks) * BigInt(of.numerator);
  const digits = String(units < 0n ? -units : units).padStart(of.places + 1, "0");
  const cut = digits.length - of.places;
  const sign = units < 0n ? MINUS : "";
  return sign + digits.slice(0, cut) + (of.places ? "." + digits.slice(cut) : "");
}

// The chart's axis counts in prices so that its labels are round ones; it holds only positions on the
// screen, and comes back to the same tick.
export const toAxis = (ticks, of) => (ticks * of.numerator) / of.scale;
export const fromAxis = (value, of) => Math.round((value * of.scale) / of.numerator);

// "5012.2500" -> "5012.25": a price string with the instrument's decimals, cut, not rounded.
export function priceText(text, of) {
  if (text === null || text === undefined || text === "") return NONE;
  const [whole, fraction = ""] = String(text).replace("-", MINUS).split(".");
  return of.places ? `${whole}.${fraction.slice(0, of.places).padEnd(of.places, "0")}` : whole;
}

const grouped = (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ",");

// "-1234.5" -> "−1,234.50". With `sign`, a gain carries a plus.
export function money(text, { sign = false, places = 2 } = {}) {
  if (text === null || text === undefined || text === "") return NONE;
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(text));
  if (!match) return NONE;
  const [, minus, whole, fraction = ""] = match;
  const zero = /^0*$/.test(whole + fraction);
  const lead = zero ? "" : minus ? MINUS : sign ? "+" : "";
  const cents = fraction.slice(0, places).padEnd(places, "0");
  return lead + grouped(whole) + (places ? "." + cents : "");
}

// "12.50" and "-3" -> "9.50": decimal strings added exactly.
export function add(...texts) {
  const places = 8;
  const units = texts.reduce((sum, text) => {
    const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(String(text ?? "0"));
    if (!match) throw new RangeError(`${text} is not a decimal number`);
    const size = BigInt(match[2] + (match[3] ?? "").slice(0, places).padEnd(places, "0"));
    return sum + (match[1] ? -size : size);
  }, 0n);
  const digits = String(units < 0n ? -units : units).padStart(places + 1, "0");
  const fraction = digits.slice(-places).replace(/0+$/, "").padEnd(2, "0");
  return `${units < 0n ? "-" : ""}${digits.slice(0, -places)}.${fraction}`;
}

// -1, 0, 1 of a decimal string
export function signOf(text) {
  if (!text || /^-?0*(\.0*)?$/.test(String(text))) return 0;
  return String(text).startsWith("-") ? -1 : 1;
}

// A volume in the instrument's lots: 1234 -> "1,234"
export function volume(lots) {
  return lots === null || lots === undefined ? NONE : grouped(String(Math.trunc(lots)));
}

// A volume that must fit a cell: 12345 -> "12.3k"
export function compact(lots) {
  const size = Math.abs(lots);
  const sign = lots < 0 ? MINUS : "";
  if (size < 10_000) return sign + size;
  if (size < 100_000) return `${sign}${(Math.floor(size / 100) / 10).toFixed(1)}k`;
  if (size < 1_000_000) return `${sign}${Math.floor(size / 1000)}k`;
  return `${sign}${(Math.floor(size / 100_000) / 10).toFixed(1)}M`;
}

export function signed(number) {
  if (number === null || number === undefined) return NONE;
  const size = grouped(String(Math.abs(number)));
  return number > 0 ? `+${size}` : number < 0 ? MINUS + size : "0";
}

export function percent(fraction) {
  return fraction === null || fraction === undefined ? NONE : `${Math.round(fraction * 100)} %`;
}

// 4200 -> "4 s", 192000 -> "3 min 12 s"
export function age(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return NONE;
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export function rate(perSecond) {
  if (perSecond === null || perSecond === undefined) return NONE;
  return perSecond < 10 ? perSecond.toFixed(1) : volume(Math.round(perSecond));
}

const clock = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE, hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});
const exact = new Intl.DateTimeFormat("en-GB", {
  timeZone: ZONE, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const calendar = new Intl.DateTimeFormat("en-US", { timeZone: ZONE, month: "short", day: "numeric" });

// All times are New York's, the exchange's day is told by them.
export const time = (ms) => (ms === null || ms === undefined ? NONE : clock.format(ms));
export const timeExact = (ms) => (ms === null || ms === undefined ? NONE : exact.format(ms));
export const day = (ms) => (ms === null || ms === undefined ? NONE : calendar.format(ms));

// With seconds where bars are shorter than a minute.
export const barTime = (ms, seconds) => (seconds < 60 ? timeExact(ms) : time(ms));

// A count of lots as a size: 3 lots of "0.001" -> "0.003"
export const size = (lots, lot) => (lot === "1" ? String(lots) : price(lots, grid(lot)));

export function timeframe(seconds) {
  if (seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}

// "STACKED_BUY_IMBALANCE" -> "Stacked buy imbalance"
export function words(name) {
  if (!name) return NONE;
  const text = String(name).replaceAll("_", " ").toLowerCase();
  return text[0].toUpperCase() + text.slice(1);
}

// No confidence where there is nothing to be confident about.
export const regime = (name, confidence) =>
  name === "NO_TRADE" || confidence === null ? words(name) : `${words(name)} ${percent(confidence)}`;

// "BUY_IMBALANCE is not enabled in TRENDING_UP" -> "Buy imbalance is not enabled in trending up"
export function sentence(text) {
  const plain = String(text).replace(/\b[A-Z]+(?:_[A-Z]+)+\b|\b(?:RANGING|VOLATILE|LONG|SHORT)\b/g,
    (name) => name.replaceAll("_", " ").toLowerCase());
  return plain ? plain[0].toUpperCase() + plain.slice(1) : plain;
}

// Why a signal was rejected, without its own name: the list says it beside.
export function reason(signal) {
  const why = String(signal.why || "rejected");
  return sentence(why.startsWith(`${signal.pattern} is `) ? why.slice(signal.pattern.length + 4) : why);
}

export const side = (direction) => (direction > 0 ? "Long" : direction < 0 ? "Short" : "Flat");

// A price string as a place on the chart's axis, nothing else.
export const fromPrice = (text) => Number(text);

// "09:31:05.123": the hour by the calendar, what is below it by arithmetic, since a tape asks often.
let hour = { at: NaN, text: "" };
export function timeMs(ms) {
  const at = Math.floor(ms / 3_600_000);
  if (at !== hour.at) hour = { at, text: clock.format(at * 3_600_000).slice(0, 2) };
  const left = ms - at * 3_600_000;
  const two = (value) => String(value).padStart(2, "0");
  return `${hour.text}:${two(Math.floor(left / 60_000))}:${two(Math.floor(left / 1000) % 60)}.${String(left % 1000).padStart(3, "0")}`;
}
