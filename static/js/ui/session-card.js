// Where the trading day stands and what comes next, in New York's time.

import * as format from "../format.js";
import { countdown, eventNow, nextMoment, progress } from "../session-clock.js";
import { $, h, style, text, whenChanged } from "./dom.js";

export const PHASES = { before_open: "Before the open", open: "Open", entries_closed: "No new entries", flatten: "Flattening", closed: "Closed" };

const moments = whenChanged((open, from, to, flatten, close) => {
  const at = (name, time) => h("div", {}, h("dt", {}, name), h("dd", {}, format.time(time)));
  $("session-times").replaceChildren(
    at("Open", open), at("Close", close), at("Entries from", from), at("Last entries", to), at("Flatten", flatten),
  );
});

export const sessionCard = {
  render(state, now) {
    this.tick(state, now);
    const times = state.frame?.session?.times;
    if (times) moments(times.open, times.entries_from, times.entries_to, times.flatten, times.close);
  },

  tick({ frame, frameAt }, now) {
    const session = frame?.session;
    if (!session) return;
    const ts = eventNow(frame, frameAt, now);
    text($("session-phase"), PHASES[session.phase] ?? format.words(session.phase));
    text($("session-clock"), ts === null ? format.NONE : format.timeExact(ts));
    const next = nextMoment(session.times, ts);
    text($("session-next"), next ? `${next.words} in ${countdown(next.left)}` : "The day is over");
    text($("session-next-at"), next ? format.time(next.at) : "");
    const way = session.times && ts !== null ? progress(session.times, ts) : null;
    $("session-meter").hidden = way === null;
    if (way === null) return;
    style($("session-fill"), "width", `${way.at * 100}%`);
    style($("session-from"), "left", `${way.from * 100}%`);
    style($("session-to"), "left", `${way.to * 100}%`);
    style($("session-flatten"), "left", `${way.flatten * 100}%`);
  },
};
