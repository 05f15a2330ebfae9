// The tier ladder: where the account stands on it and what the next step takes. Amounts are decimal
// strings and stay so; a share is only drawn.

import * as format from "./format.js";

// {at, tier, next, share, lacking}: the index of the account's tier (-1: not on the ladder), the next
// tier or null, 0..1 of the way to it, and the balance it lacks.
export function standing(tiers = [], name, balance) {
  const at = tiers.findIndex((tier) => tier.name === name);
  const tier = tiers[at] ?? null;
  const next = (at >= 0 && tiers[at + 1]) || null;
  if (!next || balance === null || balance === undefined) return { at, tier, next, share: at >= 0 && !next ? 1 : 0, lacking: null };
  const [low, high, now] = [tier.min, next.min, balance].map(Number);
  const share = high > low ? Math.min(1, Math.max(0, (now - low) / (high - low))) : 1;
  const lacking = format.add(next.min, negative(balance));
  return { at, tier, next, share, lacking: format.signOf(lacking) > 0 ? lacking : "0.00" };
}

export const negative = (text) => (String(text).startsWith("-") ? String(text).slice(1) : `-${text}`);

// How far the account, open P&L included, is below its highest balance: "0.00" or more.
export function drawdown(peak, balance, open) {
  if (peak === null || peak === undefined) return null;
  const below = format.add(peak, negative(format.add(balance ?? "0", open ?? "0")));
  return format.signOf(below) > 0 ? below : "0.00";
}

// "1–3 × MES, the day's loss at most 100": what a tier allows. The lots are of the tier's symbol.
export function allows(tier, symbol) {
  const [least, most] = tier.sizes;
  return `${least === most ? least : `${least}–${most}`} × ${tier.symbol || symbol}`;
}
