// Where the trading day stands, and what comes next. Pure; times are milliseconds UTC.

export const MOMENTS = [
  ["open", "Opens"], ["entries_from", "Entries from"], ["entries_to", "Last entries"],
  ["flatten", "Flattens"], ["close", "Closes"], ["end", "Day ends"],
];

// The next moment after `ts`: {name, words, at, left}; null without a day or after its end.
export function nextMoment(times, ts) {
  if (!times || ts === null || ts === undefined) return null;
  for (const [name, words] of MOMENTS) {
    if (times[name] > ts) return { name, words, at: times[name], left: times[name] - ts };
  }
  return null;
}

// Event time now: as the frame said, and as much further as real time went, unless the market is
// played at another speed or stands still.
export function eventNow(frame, frameAt, now) {
  const ts = frame?.session?.ts ?? null;
  if (ts === null) return null;
  const running = String(frame.feed?.speed ?? "1") === "1" && !["ended", "replay"].includes(frame.feed?.state);
  return running && frameAt !== null ? ts + Math.max(0, now - frameAt) : ts;
}

// How much of the session is over, 0..1, and where entries begin and end in it.
export function progress(times, ts) {
  const length = times.close - times.open;
  const place = (at) => Math.min(1, Math.max(0, (at - times.open) / length));
  return length > 0
    ? { at: place(ts), from: place(times.entries_from), to: place(times.entries_to), flatten: place(times.flatten) }
    : null;
}

// 4_320_000 -> "1 h 12 min", 95_000 -> "1 min 35 s": seconds only where they matter.
export function countdown(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  if (seconds >= 600) return `${Math.floor(seconds / 60)} min`;
  if (seconds >= 60) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${seconds} s`;
}
