// What the page knows, and how a message changes it. Pure: no clock, no page, no network.
//
// Rules: bars are keyed by start, signals and trades by id; what has come before changes nothing, and
// then the very same lists are kept, so that whoever draws sees by identity what is new. Bars ascend in
// time and their numbers (`i`) have no gap, or `missing` says what to ask for.

export const MAX_BARS = 1500;
export const OTHER_AFTER_MS = 10_000;

export const EMPTY = Object.freeze({
  config: null,
  bars: Object.freeze([]),
  forming: null,
  signals: Object.freeze([]),
  trades: Object.freeze([]),
  notices: Object.freeze([]),
  frame: null, // the latest, without what was taken out of it
  frameAt: null, // when it came, by the page's clock
  seq: null,
  synced: false, // a snapshot has come
  lost: false, // a frame did not come: what it said must be asked for
  stale: false, // another run or day began: everything must come anew
});

export function reduce(state, message, at) {
  if (message.type === "snapshot") return snapshot(state, message, at);
  if (message.type === "frame") return frame(state, message, at);
  return state;
}

// What the server should send: null (nothing), {have: ms} (bars after it), or {have: null} (all).
export function missing(state) {
  if (state.stale) return { have: null };
  if (!state.synced) return null; // the socket asks when it opens
  const last = state.frame?.last_bar ?? null;
  const newest = state.bars.at(-1) ?? null;
  const contiguous = lastContiguous(state.bars);
  if (contiguous !== newest) return { have: contiguous.t };
  // Signals and trades of the bar that is being built may be among what was lost.
  if (state.lost) return { have: newest?.t ?? null };
  if (last !== null && (newest === null || newest.t < last)) return { have: newest?.t ?? null };
  return null;
}

// What a reconnecting page says it has.
export function have(state) {
  if (state.stale || !state.synced) return null;
  return lastContiguous(state.bars)?.t ?? null;
}

function lastContiguous(bars) {
  for (let index = 1; index < bars.length; index += 1) {
    if (bars[index].i > bars[index - 1].i + 1) return bars[index - 1];
  }
  return bars.at(-1) ?? null;
}

function snapshot(state, message, at) {
  const whole = (message.have ?? null) === null;
  const restarted = state.config !== null && !describesSame(state.config, message.config);
  const anew = restarted || (state.stale && whole);
  const base = anew ? EMPTY : state;
  // A whole answer has the newest bars there are: older ones would leave a gap before it.
  const from = whole ? message.bars[0]?.t ?? -Infinity : -Infinity;
  const next = {
    ...base,
    config: message.config,
    bars: mergeBars(since(base.bars, from), message.bars),
    signals: mergeById(base.signals, message.signals, (signal) => signal.t),
    trades: mergeById(base.trades, closed(message.trades), (trade) => trade.xt),
    notices: earlierNotices(message.notices, base.notices),
    synced: true,
    lost: false,
    stale: anew ? !whole : state.stale,
  };
  // A frame that overtook the snapshot on its way is newer than the snapshot's.
  if (message.frame && (next.seq === null || message.frame.seq >= next.seq)) {
    return frame(next, message.frame, at);
  }
  return settle(next);
}

function frame(state, message, at) {
  const { bars = [], signals = [], trades = [], notices = [], forming = null, ...rest } = message;
  const { config } = state;
  if (config?.account && rest.account_name && rest.account_name !== config.account) {
    // Another account's: of no concern while our own is alive, else the one to follow.
    const alive = state.frameAt !== null && at - state.frameAt < OTHER_AFTER_MS;
    return alive ? state : { ...state, stale: true, frameAt: at };
  }
  const again = state.seq !== null && message.seq < state.seq;
  const day = rest.session?.day ?? null;
  return settle({
    ...state,
    bars: mergeBars(state.bars, bars),
    signals: mergeById(state.signals, signals, (signal) => signal.t),
    trades: mergeById(state.trades, closed(trades), (trade) => trade.xt),
    notices: mergeNotices(state.notices, notices),
    forming,
    frame: rest,
    frameAt: at,
    seq: message.seq,
    lost: state.lost || (state.seq !== null && message.seq > state.seq + 1),
    stale: state.stale || again || (config !== null && day !== null && day !== config.session_date),
  });
}

const closed = (trades = []) => trades.filter((trade) => trade.xt !== null && trade.net !== null);

function since(bars, from) {
  return bars.length === 0 || bars[0].t >= from ? bars : bars.filter((bar) => bar.t >= from);
}

// The forming bar is the one after the closed ones, or it is none.
function settle(state) {
  const newest = state.bars.at(-1);
  if (state.forming && newest && state.forming.t <= newest.t) return { ...state, forming: null };
  return state;
}

function describesSame(one, other) {
  return ["account", "symbol", "timeframe", "session_date", "mode", "source"].every(
    (name) => one?.[name] === other?.[name],
  );
}

export function mergeBars(bars, incoming = []) {
  const known = new Set(bars.map((bar) => bar.t));
  const added = incoming.filter((bar) => !known.has(bar.t) && known.add(bar.t));
  if (added.length === 0) return bars;
  const merged = [...bars, ...added];
  if (added[0].t < (bars.at(-1)?.t ?? -Infinity) || added.length > 1) {
    merged.sort((one, other) => one.t - other.t);
  }
  return merged.length > MAX_BARS ? merged.slice(-MAX_BARS) : merged;
}

export function mergeById(items, incoming = [], when) {
  const known = new Set(items.map((item) => item.id));
  const added = incoming.filter((item) => !known.has(item.id) && known.add(item.id));
  if (added.length === 0) return items;
  return [...items, ...added].sort((one, other) => when(one) - when(other));
}

const MAX_NOTICES = 200;

// What the database tells happened before what the page was told as it happened.
function earlierNotices(stored = [], told) {
  const merged = mergeNotices(stored, told);
  return merged.length === told.length ? told : merged;
}

function mergeNotices(notices, incoming = []) {
  const key = (notice) => `${notice.t} ${notice.kind} ${notice.text}`;
  const known = new Set(notices.map(key));
  const added = incoming.filter((notice) => !known.has(key(notice)) && known.add(key(notice)));
  return added.length === 0 ? notices : [...notices, ...added].slice(-MAX_NOTICES);
}

// All bars to draw, the forming one last.
export function drawn(state) {
  return state.forming ? [...state.bars, state.forming] : state.bars;
}
