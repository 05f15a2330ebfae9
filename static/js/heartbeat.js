// Whether all is well, and if not, with what. Pure: figures in, verdicts out.

import { STALE_MS, SLOW_MS } from "./feed-state.js";

export const SAMPLES = 60;

// The last values, for a sparkline.
export class Samples {
  constructor(most = SAMPLES) {
    this.most = most;
    this.values = [];
  }

  add(value) {
    this.values.push(value);
    if (this.values.length > this.most) this.values.shift();
  }

  // "0,12 1,8 ...": the points of a polyline in a box, newest at the right edge.
  points(width, height) {
    const { values, most } = this;
    if (values.length < 2) return "";
    const top = Math.max(...values, 1);
    const step = width / (most - 1);
    const left = width - (values.length - 1) * step;
    return values.map((value, at) => `${(left + at * step).toFixed(1)},${(height - (value / top) * height).toFixed(1)}`).join(" ");
  }
}

// How often something happens in a second, over the last few. `at` in milliseconds.
export class Rate {
  constructor(window = 3_000) {
    this.window = window;
    this.times = [];
  }

  add(at) {
    this.times.push(at);
    this.#forget(at);
  }

  perSecond(now) {
    this.#forget(now);
    return (this.times.length * 1000) / this.window;
  }

  #forget(now) {
    let old = 0;
    while (old < this.times.length && this.times[old] <= now - this.window) old += 1;
    if (old > 0) this.times.splice(0, old);
  }
}

const FULL = 8; // inputs that may wait; then the feed waits
const MANY_ROWS = 5_000;
const SLOW_US = 20_000; // a push that takes longer is felt
const FAR_MS = 500;

// What is not as it should be, worst first: [{level, text}]. Nothing to say is the normal case.
export function troubles({ connection, feed, frame, roundTrip = null }) {
  const found = [];
  const say = (level, text) => found.push({ level, text });
  if (connection === "closed" || connection === "refused") say("danger", "No connection to the server");
  if (!frame) return found;
  if (feed.level === "danger" && connection === "open") say("danger", "The feed is silent");
  else if (feed.silent) say("warn", "The server says nothing");
  else if (feed.age !== null && feed.age > SLOW_MS && feed.age <= STALE_MS && feed.level === "warn") say("warn", "Ticks come late");
  if (frame.output.failing) say("danger", `The database takes no rows; ${frame.output.waiting} wait`);
  else if (frame.output.waiting > MANY_ROWS) say("warn", `${frame.output.waiting} rows wait for the database`);
  if ((frame.output.inputs ?? 0) >= FULL && frame.feed.speed !== "max") say("warn", "The engine is behind: its queue is full");
  if ((frame.feed.latency_us?.p99 ?? 0) > SLOW_US) say("warn", "The engine is slow");
  if (roundTrip !== null && roundTrip > FAR_MS) say("warn", "The way to the server is slow");
  const rank = { danger: 0, warn: 1 };
  return found.sort((one, other) => rank[one.level] - rank[other.level]);
}

// 850 -> "850 µs", 12_300 -> "12.3 ms"
export function micros(value) {
  if (value === null || value === undefined) return "–";
  if (value < 10) return `${value.toFixed(1)} µs`;
  if (value < 1000) return `${Math.round(value)} µs`;
  if (value < 100_000) return `${(value / 1000).toFixed(1)} ms`;
  return `${Math.round(value / 1000)} ms`;
}
