// Bars of another kind than the session trades, laid over the session's state. Pure.
//
// `wanted` is what the trader chose, `shown` what is drawn: until the snapshot of what is wanted has
// come, the bars from before stay. Signals in them are marked foreign: they are not traded.

import { keyOf, secondsOf } from "./bar-kinds.js";
import { mergeBars, mergeById } from "./store.js";

const NONE = Object.freeze([]);

export const OWN = Object.freeze({
  wanted: null, // {kind, length}; null: the session's own
  shown: null,
  first: false, // nothing was shown before: an address asked for these bars
  lost: false, // something did not come: ask again
  problem: null,
});

export function want(view, bars, { first = false } = {}) {
  return { ...view, wanted: bars, shown: bars === null ? null : view.shown, first, lost: false, problem: null };
}

export const loading = (view) => view.wanted !== null && view.problem === null && view.shown?.key !== keyOf(view.wanted);

export function reduceView(view, message) {
  if (view.wanted === null) return view;
  const key = keyOf(view.wanted);
  if (message.type === "view_snapshot") return message.key === key ? snapshot(view, message) : view;
  if (message.type === "view_frame") return message.key === key ? frame(view, message) : view;
  if (message.type === "error" && message.about === "view" && (message.key ?? key) === key) {
    return { ...view, problem: message.message, first: false };
  }
  return view;
}

function snapshot(view, message) {
  const shown = {
    key: message.key,
    account: message.account_name,
    view: message.view,
    day: message.day,
    seq: message.seq,
    bars: message.bars,
    forming: message.forming,
    signals: message.signals.map(foreign),
    levels: message.levels,
    gone: message.gone ?? NONE,
  };
  return { ...view, shown: settle(shown), first: false, lost: false, problem: null };
}

function frame(view, message) {
  const { shown } = view;
  if (shown?.key !== message.key || shown.account !== message.account_name) {
    // These bars are made, and their snapshot has not come: it is on its way, or it was lost.
    return view.lost ? view : { ...view, lost: true };
  }
  if (message.seq <= shown.seq && message.day === shown.day) return view; // from before the snapshot
  const bars = mergeBars(shown.bars, message.bars);
  const complete = message.seq === shown.seq + 1 && message.day === shown.day
    && (message.last_bar ?? null) === (bars.at(-1)?.t ?? null);
  const next = {
    ...shown,
    seq: message.seq,
    bars,
    forming: message.forming,
    signals: mergeById(shown.signals, message.signals.map(foreign), (signal) => signal.t),
    levels: message.levels ?? shown.levels,
    gone: message.gone ?? shown.gone,
  };
  return { ...view, shown: settle(next), lost: view.lost || !complete };
}

const foreign = (signal) => ({ ...signal, foreign: true });

function settle(shown) {
  const newest = shown.bars.at(-1);
  return shown.forming && newest && shown.forming.t <= newest.t ? { ...shown, forming: null } : shown;
}

// The session's state as it is drawn through the view. The same arguments give the same object.
export function lens() {
  let last = {};
  let config = {};
  return (state, view) => {
    if (last.state === state && last.view === view) return last.result;
    const result = through(state, view, (own, bars) => {
      if (config.own !== own || config.bars !== bars) {
        config = { own, bars, made: { ...own, bars, timeframe: secondsOf(bars) } };
      }
      return config.made;
    });
    last = { state, view, result };
    return result;
  };
}

function through(state, view, configOf) {
  if (!state.config || view.wanted === null) return state;
  const { shown } = view;
  if (shown === null) {
    return view.first ? { ...state, bars: [], forming: null, signals: [], loading: view.wanted } : state;
  }
  if (shown.account !== state.config.account) return state;
  const { bars, forming, signals, levels } = shown;
  return { ...state, config: configOf(state.config, shown.view), bars, forming, signals, levels };
}

// Levels belong to the bars that they were made in: the view's while it is drawn, else the session's,
// which `own` was told last.
export function levelsOf(view, state, seen, own) {
  return seen !== state && view.shown !== null ? view.shown : own;
}
