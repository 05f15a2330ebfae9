// The sessions there are, and what a page that gets no frames has to say. Pure.

import * as format from "./format.js";

// The address of the live page for an account; bars of time go with it, others belong to an instrument.
export function accountAddress(account, search) {
  const query = new URLSearchParams({ account });
  const bars = new URLSearchParams(search).get("bars");
  if (bars?.startsWith("time-")) query.set("bars", bars);
  return `/?${query}`;
}

// Sessions that run, and those that are over: of these the latest `most`.
export function sorted(sessions, most = 8) {
  const running = sessions.filter((session) => session.running);
  const over = sessions.filter((session) => !session.running).slice(0, most);
  return { running, over };
}

const STATES = { running: "not heard of", stopped: "stopped", ended: "ended", failed: "failed" };

export function stateWords(session) {
  if (!session.running) return STATES[session.status] ?? format.words(session.status);
  return session.phase ? format.words(session.phase).toLowerCase() : "running";
}

// What to say when no frame comes for the account that is shown: {level, text}; null for nothing. `heard`:
// there were some before.
export function silenceWords({ sessions, shared }, account, heard = false) {
  const own = sessions.filter((session) => session.account === account);
  if (own.some((session) => session.running)) {
    if (shared || heard) return null; // the pipeline lives and frames may come any moment
    return {
      level: "warn",
      text: `${account} is traded by another process, whose live updates come only with Redis (REDIS_URL). `
        + "Shown is what is stored, read every 2 s; position and open P&L are not known here.",
      poll: true,
    };
  }
  const [latest] = own;
  if (!latest) return null;
  if (latest.status === "running") {
    return { level: "danger", text: `${account} has not been heard of since ${format.day(latest.updated)} ${format.timeExact(latest.updated)} NY. Its process may have died.` };
  }
  return { level: "info", text: `No pipeline trades ${account}. Shown is its last session, of ${latest.day}, which ${latest.status === "failed" ? "failed" : "is over"}.` };
}
