"""Ticks -> the bar being built: the compiled scan.

`scan` runs over ticks for as long as nothing happens and stops *before* the first tick at which
something may: its time reaches `next_time` (a bar's end, a session's moment) or `order_at` (an
order is waiting for the market), its price reaches `watch_low` or `watch_high` (stop, target,
limit), the feed was silent for `gap_ns`, or it is not plainly good. Whoever called looks at that
tick alone (`Engine._take`), which `add` then puts into the bar, and scans on behind it. So all
rules live in plain code, and the scan knows none of them.

Volumes gather in a ladder: LANES copies of [price - base, column], column 0 sell aggressors (bid
volume), 1 unknown, 2 buy aggressors (ask volume). Consecutive ticks go to different copies, because
adding to a cell that was just written has to wait for that write; `take_levels` sums the copies.
"""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from engine.compiled import inner, njit

LANES: Final = 4
COLUMNS: Final = 4  # one is padding: a shift instead of a multiplication
CHUNK: Final = 2048
TIME_BARS, TICK_BARS, VOLUME_BARS, RANGE_BARS, DELTA_BARS = range(5)
FAR: Final = np.iinfo(np.int64).max
ALWAYS: Final = -FAR
INF_PRICE: Final = np.iinfo(np.int32).max

STATE: Final = np.dtype(
    [
        (name, np.int64)
        for name in (
            "clock", "last_ts", "last_price",
            "next_time", "moment", "order_at", "watch_low", "watch_high", "gap_ns",
            "ticks", "run_high", "run_low",
            "base", "size", "day_start", "day_end", "kind", "length",
            "bar_start", "bar_end", "open", "high", "low", "volume", "trades",
            "delta", "min_delta", "max_delta",
        )
    ]
)  # fmt: skip

Ladder = npt.NDArray[np.int64]


def _field(name: str) -> property:
    index = (STATE.names or ()).index(name)

    def get(self: "ScanState") -> int:
        value: int = self.view[index]
        return value

    def put(self: "ScanState", value: int) -> None:
        self.view[index] = value

    return property(get, put)


class ScanState:
    """The scan's STATE record, and the fields that plain code reads and sets, as Python ints.

    `array` holds the record's words: a call into compiled code finds out the type of a plain array
    in a fraction of the time that an array of records takes. The record starts so that the first
    tick stops the scan: no bar is open, no price fits the ladder.
    """

    clock, last_ts, last_price = _field("clock"), _field("last_ts"), _field("last_price")
    next_time, moment, order_at = _field("next_time"), _field("moment"), _field("order_at")
    gap_ns = _field("gap_ns")
    watch_low, watch_high = _field("watch_low"), _field("watch_high")
    run_high, run_low, ticks = _field("run_high"), _field("run_low"), _field("ticks")
    base, size = _field("base"), _field("size")
    day_start, day_end = _field("day_start"), _field("day_end")
    kind, length = _field("kind"), _field("length")
    bar_start, bar_end = _field("bar_start"), _field("bar_end")
    high, low, volume, trades = _field("high"), _field("low"), _field("volume"), _field("trades")

    def __init__(self) -> None:
        self.array = np.zeros(len(STATE.names or ()), np.int64)
        self.view = memoryview(self.array)  # type: ignore[arg-type]
        self.clock = self.last_ts = self.next_time = np.iinfo(np.int64).min // 2
        self.moment = self.order_at = self.gap_ns = FAR
        self.watch_low, self.watch_high = -1, INF_PRICE


class PlainState(ScanState):
    """The same fields for plain code alone, which reads and sets them in a third of the time."""

    clock = last_ts = next_time = moment = order_at = gap_ns = 0
    watch_low = watch_high = run_high = run_low = ticks = 0
    day_start = day_end = kind = length = 0
    bar_start = bar_end = trades = last_price = 0


@inner
def fields(state: Any) -> Any:
    """The STATE record that the words of `ScanState.array` are."""
    return state.view(STATE)[0]


def new_ladder(size: int = 4096) -> Ladder:
    """An empty ladder for `size` prices."""
    return np.zeros((LANES, size, COLUMNS), np.int64)


@inner
def _plain(ts: Any, price: Any, size: Any, side: Any, s: Any) -> Any:
    """Whether surely none of these ticks (the first one included) needs a look; and high, low,
    volume. Jumps are looked for in the range of all, so as not to compare price by price."""
    gap = s.gap_ns
    odd = (ts[0] < s.clock) | (ts[0] - s.last_ts > gap)
    for k in range(len(ts) - 1):
        odd |= (ts[k + 1] < ts[k]) | (ts[k + 1] - ts[k] > gap)
    high = low = price[0]
    for k in range(len(price)):
        high = max(high, price[k])
        low = min(low, price[k])
    volume = 0
    smallest = size[0]
    for k in range(len(size)):
        volume += size[k]
        smallest = min(smallest, size[k])
    least = most = side[0]
    for k in range(len(side)):
        least = min(least, side[k])
        most = max(most, side[k])
    odd |= (smallest <= 0) | (least < -1) | (most > 1)
    odd |= (low <= max(s.watch_low, s.base - 1, 0)) | (high >= min(s.watch_high, s.base + s.size))
    lowest = min(np.int64(low), s.last_price)
    odd |= (max(np.int64(high), s.last_price) - lowest) * 20 > lowest
    return not odd, high, low, volume


@inner
def first_odd(ts: Any, price: Any, size: Any, side: Any, s: Any) -> int:
    """Index of the first tick that needs a look, or the number of ticks."""
    clock, last_ts, last_price = s.clock, s.last_ts, s.last_price
    low_bound = max(max(s.watch_low, s.base - 1), 0)
    high_bound = min(s.watch_high, s.base + s.size)
    for k in range(len(ts)):
        p = np.int64(price[k])
        if (
            ts[k] < clock
            or ts[k] - last_ts > s.gap_ns
            or size[k] <= 0
            or side[k] < -1
            or side[k] > 1
            or p <= low_bound
            or p >= high_bound
            or abs(p - last_price) > last_price // 20
        ):
            return k
        clock = last_ts = ts[k]
        last_price = p
    return len(ts)


@inner
def full(state: Any) -> bool:
    """Whether the open bar is full; a bar of time never is."""
    s = fields(state)
    if s.kind == TICK_BARS:
        return bool(s.trades >= s.length)
    if s.kind == VOLUME_BARS:
        return bool(s.volume >= s.length)
    if s.kind == RANGE_BARS:
        return bool(s.high - s.low >= s.length)
    return bool(s.kind == DELTA_BARS and abs(s.delta) >= s.length)


@inner
def first_full(price: Any, size: Any, side: Any, s: Any) -> int:
    """Index of the tick that would fill the open bar, or the number of ticks."""
    n = len(price)
    length = s.length
    if s.kind == TICK_BARS:
        return int(min(n, max(length - s.trades - 1, 0)))
    volume, delta, high, low = s.volume, s.delta, s.high, s.low
    for k in range(n):
        volume += size[k]
        delta += np.int64(side[k]) * size[k]
        high = max(high, price[k])
        low = min(low, price[k])
        if s.kind == VOLUME_BARS:
            if volume >= length:
                return k
        elif s.kind == RANGE_BARS:
            if high - low >= length:
                return k
        elif abs(delta) >= length:
            return k
    return n


@inner
def _gather(price: Any, size: Any, side: Any, base: int, ladder: Any, s: Any) -> None:
    """Put plain ticks into the ladder and run the delta.

    Cells are counted without sign: numba then need not look for indices from the end.
    """
    cells = ladder.reshape(ladder.size)
    lane = ladder.shape[1] * COLUMNS
    first0 = 1 - COLUMNS * base
    first1, first2, first3 = first0 + lane, first0 + 2 * lane, first0 + 3 * lane
    delta, lowest, highest = s.delta, s.min_delta, s.max_delta
    n = len(price)
    quads = n // LANES
    for q in range(quads):
        k = LANES * q
        cells[np.uint64(COLUMNS * price[k] + side[k] + first0)] += size[k]
        cells[np.uint64(COLUMNS * price[k + 1] + side[k + 1] + first1)] += size[k + 1]
        cells[np.uint64(COLUMNS * price[k + 2] + side[k + 2] + first2)] += size[k + 2]
        cells[np.uint64(COLUMNS * price[k + 3] + side[k + 3] + first3)] += size[k + 3]
        a = np.int64(side[k]) * size[k]
        b = a + np.int64(side[k + 1]) * size[k + 1]
        c = b + np.int64(side[k + 2]) * size[k + 2]
        d = c + np.int64(side[k + 3]) * size[k + 3]
        highest = max(highest, delta + max(max(a, b), max(c, d)))
        lowest = min(lowest, delta + min(min(a, b), min(c, d)))
        delta += d
    for k in range(LANES * quads, n):
        cells[np.uint64(COLUMNS * price[k] + side[k] + first0)] += size[k]
        delta += np.int64(side[k]) * size[k]
        highest = max(highest, delta)
        lowest = min(lowest, delta)
    s.delta, s.min_delta, s.max_delta = delta, lowest, highest


@inner
def reaching(ts: Any, start: int, end: int, limit: int) -> int:
    """Index of the first of sorted times [start, end) that is `limit` or later, or `end`."""
    left, right = start, end
    while left < right:
        middle = (left + right) // 2
        if ts[middle] >= limit:
            right = middle
        else:
            left = middle + 1
    return left


@inner
def scan(ts: Any, price: Any, size: Any, side: Any, start: int, state: Any, ladder: Any) -> int:
    """Take plain ticks from `start` on; the index of the first tick that needs a look, or n."""
    s = fields(state)
    n = len(ts)
    limit = min(s.next_time, s.order_at)
    i = start
    while i < n:
        chunk = min(i + CHUNK, n)
        end = chunk
        if ts[end - 1] >= limit:
            end = reaching(ts, i, end, limit)
        if end == i:
            return i
        plain, high, low, volume = _plain(ts[i:end], price[i:end], size[i:end], side[i:end], s)
        whole = end
        if not plain:
            # Times may be out of order here, so where they reach the limit is looked up again.
            whole = i + first_odd(ts[i:end], price[i:end], size[i:end], side[i:end], s)
            whole = reaching(ts, i, whole, limit)
        if s.kind != TIME_BARS:
            whole = i + first_full(price[i:whole], size[i:whole], side[i:whole], s)
        if whole == i:
            return i
        if whole < end:
            end = whole
            high = low = price[i]
            volume = 0
            for k in range(i, end):
                high = max(high, price[k])
                low = min(low, price[k])
                volume += size[k]
        _gather(price[i:end], size[i:end], side[i:end], s.base, ladder, s)
        s.high = max(s.high, high)
        s.low = min(s.low, low)
        s.run_high = max(s.run_high, high)
        s.run_low = min(s.run_low, low)
        s.volume += volume
        s.trades += end - i
        s.ticks += end - i
        s.clock = s.last_ts = ts[end - 1]
        s.last_price = price[end - 1]
        i = end
        if end < chunk:
            return i
    return n


@inner
def contiguous(ticks: Any) -> Any:
    """The columns of a TICK array, copied: compiled code knows no other layout."""
    return ticks["ts"].copy(), ticks["price"].copy(), ticks["size"].copy(), ticks["side"].copy()


@njit
def scan_records(ticks: Any, start: int, state: Any, ladder: Any) -> int:
    """`scan` over a TICK array. (A literal start would be another type, and compile it anew.)"""
    ts, price, size, side = contiguous(ticks)
    return int(scan(ts, price, size, side, start, state, ladder))


@inner
def add(ts: int, price: int, size: int, side: int, state: Any, ladder: Any) -> None:
    """Put one good tick into the bar, whatever the scan would stop for."""
    s = fields(state)
    ladder[0, price - s.base, side + 1] += size
    s.delta += side * size
    s.min_delta = min(s.min_delta, s.delta)
    s.max_delta = max(s.max_delta, s.delta)
    s.high = max(s.high, price)
    s.low = min(s.low, price)
    s.run_high = max(s.run_high, price)
    s.run_low = min(s.run_low, price)
    s.volume += size
    s.trades += 1
    s.ticks += 1
    s.clock = s.last_ts = ts
    s.last_price = price


@inner
def open_bar(ts: int, price: int, size: int, side: int, state: Any, ladder: Any) -> None:
    """Start a bar with its first tick. A time bar is the one that `ts` falls into, aligned to the
    epoch within the trading day; others start here, and end with the day unless they fill."""
    s = fields(state)
    s.bar_start, s.bar_end = ts, s.day_end
    if s.kind == TIME_BARS:
        s.bar_start = max(ts - ts % s.length, s.day_start)
        s.bar_end = min(ts - ts % s.length + s.length, s.day_end)
    s.next_time = min(s.bar_end, s.moment)
    s.open = s.high = s.low = price
    s.volume = s.trades = 0
    s.delta = s.min_delta = s.max_delta = 0
    add(ts, price, size, side, state, ladder)


@njit
def take(ts: int, price: int, size: int, side: int, state: Any, ladder: Any) -> bool:
    """Put one good tick into the open bar or a new one; whether that is full with it."""
    if fields(state).trades > 0:
        add(ts, price, size, side, state, ladder)
    else:
        open_bar(ts, price, size, side, state, ladder)
    return full(state)


@inner
def read_levels(state: Any, ladder: Any, levels: Any) -> int:
    """Fill levels[k] with sell, unknown, buy volume at price low + k of the open bar; how many."""
    s = fields(state)
    first = s.low - s.base
    count: int = s.high - s.low + 1
    for k in range(count):
        for column in range(3):
            total = 0
            for lane in range(LANES):
                total += ladder[lane, first + k, column]
            levels[k, column] = total
    return count


@inner
def clear_levels(state: Any, ladder: Any) -> None:
    """Empty the ladder between the open bar's low and high."""
    s = fields(state)
    for lane in range(LANES):
        ladder[lane, s.low - s.base : s.high - s.base + 1] = 0


def fit_ladder(s: ScanState, ladder: Ladder, price: int, widest: int) -> Ladder:
    """A ladder that has room for `price` beside the open bar, centred.

    Never more than `widest` prices, so that the scan takes none that would make the bar wider.
    """
    low = min(s.low, price) if s.trades else price
    high = max(s.high, price) if s.trades else price
    size = ladder.shape[1]
    width = high - low + 1
    while size < min(2 * width, widest):
        size *= 2
    base = low - (size - width) // 2
    new = new_ladder(size)
    if s.trades:
        old = slice(s.low - s.base, s.high - s.base + 1)
        new[:, s.low - base : s.high - base + 1] = ladder[:, old]
    s.base, s.size = base, size
    return new


@inner
def traded_levels(levels: Any, low: int, found: Any) -> int:
    """The published form of `read_levels`: price, bid, ask, unknown, only of prices that traded,
    into `found`, int64 [at least as many, 4]; how many."""
    n = 0
    for k in range(len(levels)):
        bid, unknown, ask = levels[k, 0], levels[k, 1], levels[k, 2]
        if bid or unknown or ask:
            found[n, 0], found[n, 1], found[n, 2], found[n, 3] = low + k, bid, ask, unknown
            n += 1
    return n
