// What can be drawn over, beside and under the bars, and what of it the trader wants: one table, kept in
// the browser. Everything else asks `Choices`.

export const OVERLAYS = Object.freeze([
  { name: "vwap", group: "Lines", label: "VWAP and bands", means: "volume-weighted price since the session's open; bands of 1 and 2 deviations", sign: "vwap" },
  { name: "ema", group: "Lines", label: "EMA", means: "fast solid, slow dashed: the averages that the regime is read from", sign: "ema" },
  { name: "profile", group: "Lines", label: "Session profile", means: "the day's volume by price; lines at its POC and value area", sign: "profile" },
  { name: "zones", group: "Levels", label: "Stack zones", means: "stacked imbalances, until a bar trades through; fainter once touched", sign: "zone" },
  { name: "unfinished", group: "Levels", label: "Unfinished auctions", means: "highs and lows with both sides traded, until revisited", sign: "unfinished" },
  { name: "naked", group: "Levels", label: "Naked POCs", means: "earlier sessions' POCs that have not traded since", sign: "naked" },
  { name: "gone", group: "Levels", label: "Ended levels", means: "from where they were made to where they ended", sign: "gone", off: true },
  { name: "signals", group: "Marks", label: "Signals", means: "filled accepted, hollow rejected; point at one for why", sign: "signal" },
  { name: "rejected", group: "Marks", label: "Rejected signals too", means: "otherwise only accepted ones", sign: "rejected" },
  { name: "trades", group: "Marks", label: "Trades", means: "entry to exit with stop and target; click for the facts", sign: "trade" },
  { name: "large", group: "Marks", label: "Large trades", means: "single trades far above the usual size, since the page was opened", sign: "large" },
  { name: "sweeps", group: "Marks", label: "Sweeps", means: "one side through several prices at once, since the page was opened", sign: "sweep", off: true },
  { name: "regime", group: "Marks", label: "Regime ribbon", means: "along the top; stronger colour, more confidence", sign: "regime" },
  { name: "volume", group: "Panes", label: "Volume", means: "buy and sell volume a bar", sign: "volume", wide: true },
  { name: "delta", group: "Panes", label: "Delta", means: "buy less sell volume, with its lowest and highest in the bar", sign: "delta" },
  { name: "cumulative", group: "Panes", label: "Cumulative delta", means: "of the trading day", sign: "cumulative", wide: true },
]);

export const PANES = Object.freeze(["volume", "delta", "cumulative"]);
const NAMES = new Set(OVERLAYS.map(({ name }) => name));
const KEY = "overlays";

// What is on, and how high the panes are. `storage` is the browser's or none; `narrow`: on a small screen
// some panes start closed.
export class Choices {
  constructor(storage, { narrow = false } = {}) {
    this.storage = storage;
    const kept = read(storage);
    this.chosen = new Map(OVERLAYS.map(({ name, off, wide }) =>
      [name, kept.on[name] ?? !(off || (wide && narrow))]));
    this.heights = kept.heights;
    this.listeners = [];
  }

  on(name) {
    return this.chosen.get(name) === true;
  }

  set(name, on) {
    if (!NAMES.has(name)) throw new RangeError(`${name} is no overlay`);
    if (this.chosen.get(name) === on) return;
    this.chosen.set(name, on);
    this.#keep();
    for (const listener of this.listeners) listener(name, on);
  }

  // Per mille of the chart's main pane, so that another window keeps the proportions.
  height(pane, otherwise) {
    return this.heights[pane] ?? otherwise;
  }

  setHeights(heights) {
    this.heights = { ...this.heights, ...heights };
    this.#keep();
  }

  onChange(listener) {
    this.listeners.push(listener);
  }

  #keep() {
    try {
      this.storage?.setItem(KEY, JSON.stringify({ on: Object.fromEntries(this.chosen), heights: this.heights }));
    } catch {
      // Storage is full or forbidden: the choice lasts as long as the page.
    }
  }
}

function read(storage) {
  const result = { on: {}, heights: {} };
  let kept;
  try {
    kept = JSON.parse(storage?.getItem(KEY) ?? "null");
  } catch {
    return result;
  }
  for (const [name, on] of Object.entries(kept?.on ?? {})) {
    if (NAMES.has(name) && typeof on === "boolean") result.on[name] = on;
  }
  for (const name of PANES) {
    const height = kept?.heights?.[name];
    if (Number.isFinite(height) && height >= 20 && height <= 2000) result.heights[name] = Math.round(height);
  }
  return result;
}

// The browser's storage, or null where it is forbidden.
export function browserStorage() {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
