// How fresh the market data is, by the page's own clock: it must show even when nothing arrives.

export const SLOW_MS = 5_000;
export const STALE_MS = 30_000;

// `socket`: "connecting" | "open" | "closed" | "refused". Answers {level, text, age}: level is idle,
// ok, warn or danger; age the milliseconds since the last tick, null if there was none.
export function feedState({ socket, frame, frameAt, now }) {
  const feed = frame?.feed ?? null;
  const known = feed !== null && feed.age_ms !== null && feed.age_ms !== undefined;
  const silence = frameAt === null ? null : Math.max(0, now - frameAt);
  const age = known && silence !== null ? feed.age_ms + silence : null;

  if (socket === "refused") return { level: "danger", text: "Logged out", age };
  if (socket === "closed") return { level: "danger", text: "Disconnected", age };
  if (socket === "connecting" && feed === null) return { level: "idle", text: "Connecting", age };
  if (feed === null) return { level: "idle", text: "Waiting for data", age };
  if (feed.state === "replay") return { level: "idle", text: "Replay", age: null };
  if (frame.session?.status === "failed") return { level: "danger", text: "Failed", age: null };
  if (feed.state === "stopped") return { level: "idle", text: "Stopped", age: null };
  if (feed.state === "ended") return { level: "idle", text: "Recording ended", age: null };
  if (feed.state === "waiting") return { level: "idle", text: "Waiting for the first tick", age };
  if (feed.state === "lost") return { level: "danger", text: "Feed lost", age };
  const resting = frame.session?.phase === "closed"; // the exchange pauses: silence is no fault
  if (resting && age !== null && age > SLOW_MS && silence <= SLOW_MS) {
    return { level: "idle", text: "Market closed", age };
  }
  if (feed.state === "stale" || (age !== null && age > STALE_MS)) {
    return { level: "danger", text: "Stale", age };
  }
  if (silence > SLOW_MS) return { level: "warn", text: "No updates", age, silent: true };
  if (feed.state === "warming") return { level: "warn", text: "Warming up", age };
  if (age !== null && age > SLOW_MS) return { level: "warn", text: "Slow", age };
  return { level: "ok", text: "Live", age };
}
