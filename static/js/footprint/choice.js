// What the trader wants to see in the bars, and where that is kept: in the address, so that a link shows
// the same, and in the browser, so that the next visit does. The address wins.

import { AUTO, WISHES } from "./detail.js";

const STORE = "footprint";
const MOST_TICKS = 1_000_000;

export const DEFAULT = Object.freeze({ wish: AUTO, rowWish: null });

// "?cells=delta&rows=4" -> {wish, rowWish}; what is unknown there is taken from `otherwise`.
export function fromSearch(search, otherwise = DEFAULT) {
  const query = new URLSearchParams(search);
  return {
    wish: query.has("cells") ? wishFrom(query.get("cells"), otherwise.wish) : otherwise.wish,
    rowWish: query.has("rows") ? rowsFrom(query.get("rows"), otherwise.rowWish) : otherwise.rowWish,
  };
}

// The address's query with the choice in it; the rest of it stays, defaults are left out.
export function toSearch(search, { wish, rowWish }) {
  const query = new URLSearchParams(search);
  if (wish === DEFAULT.wish) query.delete("cells");
  else query.set("cells", wish);
  if (rowWish === null) query.delete("rows");
  else query.set("rows", String(rowWish));
  const text = query.toString();
  return text ? `?${text}` : "";
}

export function fromStored(text) {
  try {
    const { wish, rowWish } = JSON.parse(text);
    return { wish: wishFrom(wish, DEFAULT.wish), rowWish: rowsFrom(rowWish, DEFAULT.rowWish) };
  } catch {
    return DEFAULT; // nothing there, or not ours
  }
}

const wishFrom = (value, otherwise) => (WISHES.includes(value) ? value : otherwise);

function rowsFrom(value, otherwise) {
  if (value === null || value === "auto") return null;
  const ticks = Number(value);
  return Number.isInteger(ticks) && ticks > 0 && ticks <= MOST_TICKS ? ticks : otherwise;
}

export function recall() {
  return fromSearch(location.search, fromStored(stored()));
}

export function keep(choice) {
  const search = toSearch(location.search, choice);
  history.replaceState(history.state, "", `${location.pathname}${search}${location.hash}`);
  try {
    localStorage.setItem(STORE, JSON.stringify(choice));
  } catch {
    // Storage is forbidden: the choice lives in the address.
  }
}

function stored() {
  try {
    return localStorage.getItem(STORE);
  } catch {
    return null;
  }
}
