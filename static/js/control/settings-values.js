// What of the settings was changed in the form, and how a change reads. Pure.

import * as format from "../format.js";

const NUMBERS = { "bars.seconds": "Timeframe", "risk.profit_target": "Profit target", "risk.loss_limit": "Loss limit" };
const TIERS = { max_size: "largest size", loss_limit: "day's loss" };

// Only what differs from `before`, in the shape in which the server takes it.
export function difference(before, now) {
  const sent = {};
  const put = (part, key, value) => {
    sent[part] = { ...sent[part], [key]: value };
  };
  for (const part of ["numbers", "multipliers"]) {
    for (const [key, value] of Object.entries(now[part])) if (value !== before[part][key]) put(part, key, value);
  }
  for (const [pattern, regimes] of Object.entries(now.patterns)) {
    if (!sameSet(regimes, before.patterns[pattern])) put("patterns", pattern, regimes);
  }
  for (const tier of before.tiers) {
    const written = now.tiers[tier.name] ?? {};
    const changed = Object.entries(written).filter(([name, value]) => value !== tier[name]);
    if (changed.length > 0) put("tiers", tier.name, Object.fromEntries(changed));
  }
  return sent;
}

const sameSet = (one, other) => one.length === other.length && one.every((item) => other.includes(item));

// "numbers.risk.profit_target" -> "Profit target"
export function name(setting) {
  const [part, ...rest] = setting.split(".");
  const key = rest.join(".");
  if (part === "numbers") return NUMBERS[key] ?? key;
  if (part === "multipliers") return `Size in ${format.words(key).toLowerCase()}`;
  if (part === "patterns") return `${format.words(key)} trades in`;
  const cut = key.lastIndexOf(".");
  return `${key.slice(0, cut)}: ${TIERS[key.slice(cut + 1)] ?? key.slice(cut + 1)}`;
}

function valueOf(setting, text) {
  if (setting === "numbers.bars.seconds" && /^\d+$/.test(text)) return format.timeframe(Number(text));
  if (setting.startsWith("patterns.")) return text.toLowerCase().replaceAll("_", " ");
  if (setting.startsWith("multipliers.")) return `×${text}`;
  return text;
}

// {setting, before, after} as words: {name, before, after}
export const described = ({ setting, before, after }) => ({ name: name(setting), before: valueOf(setting, before), after: valueOf(setting, after) });

// The lengths of bars to choose from, with whatever is set now.
export function timeframes(current) {
  const usual = [15, 30, 60, 120, 180, 300, 600, 900, 1800, 3600];
  const all = usual.includes(Number(current)) ? usual : [...usual, Number(current)].sort((one, other) => one - other);
  return all.map((seconds) => ({ value: String(seconds), label: format.timeframe(seconds) }));
}
