// What a plan (detail.js) is called, for the menu and the chart's caption.

import * as format from "../format.js";
import { AUTO, BIDASK, CANDLES, DELTA, PROFILE, SPLIT, VOLUME } from "./detail.js";

export const NAMES = Object.freeze({
  [AUTO]: "Auto",
  [BIDASK]: "Bid × ask",
  [DELTA]: "Delta",
  [VOLUME]: "Volume",
  [SPLIT]: "Split profile",
  [PROFILE]: "Profile",
  [CANDLES]: "Candles",
});

const count = (ticks) => `${ticks} ${ticks === 1 ? "tick" : "ticks"}`;

// "1.00 (4 ticks)"
export const rowWords = (ticks, grid) => `${format.price(ticks, grid)} (${count(ticks)})`;

// "Bid × ask, 1.00 a row, grouped"
export function captionWords(plan, grid, lot = "1") {
  const parts = [NAMES[plan.drawing]];
  if (plan.short === "spacing") parts.push(`zoom in for ${NAMES[plan.wish].toLowerCase()}`);
  if (plan.drawing !== CANDLES) {
    parts.push(`${format.price(plan.ticks, grid)} a row`);
    if (plan.grouped) parts.push("grouped");
    if (plan.short === "rows") parts.push("the chosen rows would be thinner than a pixel");
    if (plan.short === "width") parts.push("zoom in for numbers");
    if (plan.short === "height") parts.push("too low for numbers");
  }
  if (lot !== "1") parts.push(`volumes in lots of ${lot}`);
  return parts.join(", ");
}
