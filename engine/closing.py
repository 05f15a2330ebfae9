"""Closing bars, compiled: profile, patterns, indicators, regime and routing of a bar in one call.

`close_bar` closes the open bar into the tables; `scan_bars` goes on from bar to bar for as long as
nobody has to be told, which is how years are run. What both write is read through `Analysis`.
A bar is measured (from its levels, by the settings of bars alone) and then judged (patterns and
regime): a day's bars that were measured once are judged by other settings in `engine.judging`.
"""

from typing import Any

import numpy as np

from engine import indicators
from engine.compiled import inner, njit
from engine.footprint import (
    ALWAYS,
    clear_levels,
    fields,
    first_odd,
    read_levels,
    scan,
    take,
    traded_levels,
)
from engine.patterns.absorption import absorptions
from engine.patterns.divergence import divergences
from engine.patterns.exhaustion import exhaustions
from engine.patterns.imbalance import imbalances, mark, marked
from engine.patterns.unfinished import remember, revisited, unfinished
from engine.profile import point_of_control, spread, value_area
from engine.regime import read_regime
from engine.router import route
from engine.tables import Tables, cut

QUIET, TELLING, FORMING = range(3)


@inner
def rows_of(levels: Any, low: int, step: int) -> Any:
    """Bid, ask and total volume of each row, and the lowest row's price."""
    first = low // step
    count = (low + len(levels) - 1) // step - first + 1
    bid = np.zeros(count, np.int64)
    ask = np.zeros(count, np.int64)
    total = np.zeros(count, np.int64)
    for k in range(len(levels)):
        row = (low + k) // step - first
        bid[row] += levels[k, 0]
        ask[row] += levels[k, 2]
        total[row] += levels[k, 0] + levels[k, 1] + levels[k, 2]
    return bid, ask, total, first * step


@inner
def _measure(state: Any, levels: Any, t: Tables) -> None:
    """Fill `t.bar` from the open bar; does not change the session's sums."""
    s, b, day = fields(state), t.bar[0], t.session[0]
    total = np.empty(len(levels), np.int64)
    buy = 0
    sell = 0
    notional = 0
    for k in range(len(levels)):
        sell += levels[k, 0]
        buy += levels[k, 2]
        total[k] = levels[k, 0] + levels[k, 1] + levels[k, 2]
        notional += total[k] * (s.low + k)
    poc = point_of_control(total)
    low, high = value_area(total, poc)
    b.start, b.end, b.open, b.close = s.bar_start, s.bar_end, s.open, s.last_price
    b.high, b.low, b.volume, b.trades = s.high, s.low, s.volume, s.trades
    b.buy_volume, b.sell_volume = buy, sell
    b.delta, b.min_delta, b.max_delta = s.delta, s.min_delta, s.max_delta
    b.cum_delta = day.cum_delta + s.delta
    b.poc, b.val, b.vah = s.low + poc, s.low + low, s.low + high
    b.notional = notional
    b.session_notional = day.notional + notional
    b.session_volume = day.volume + s.volume
    b.session_reference = day.reference if day.volume else s.low
    b.session_squares = day.squares + spread(total, s.low, b.session_reference)


@inner
def _find(rows: Any, buys: Any, sells: Any, t: Tables) -> None:
    """All patterns of the bar in `t.bar`, whose imbalances are marked, into `t.found`."""
    b, day, r = t.bar[0], t.session[0], t.rules[0]
    bid, ask, total, low = rows
    found, step = t.found, r.row_ticks
    close_position = 0.5 if b.high == b.low else (b.close - b.low) / (b.high - b.low)
    n = imbalances(bid, ask, low, step, r, buys, sells, found, 0)
    n = exhaustions(bid, ask, low, step, r, found, n)
    n = absorptions(bid, ask, total, low, step, close_position, r, found, n)
    n = divergences(t.history, day.bars, r, found, n)
    own = n
    n = unfinished(bid, ask, low, step, r, found, n)
    last_own = n
    n, held = revisited(total, low, step, t.memory, day.remembered, found, n)
    day.remembered = remember(found, own, last_own, t.memory, held, r.unfinished_memory)
    day.found = n


@inner
def settle(t: Tables) -> None:
    """The bar in `t.bar` is the day's next: its figures go into the session's sums and history."""
    b, day = t.bar[0], t.session[0]
    row = t.history[day.bars]
    day.notional, day.volume = b.session_notional, b.session_volume
    day.squares, day.reference = b.session_squares, b.session_reference
    day.cum_delta = b.cum_delta
    day.day_volume += b.volume
    row.high, row.low, row.close = b.high, b.low, b.close
    row.volume, row.delta, row.cum_delta = b.volume, b.delta, b.cum_delta


@inner
def mark_rows(rows: Any, t: Tables) -> Any:
    """Ratios of buy and sell imbalances of the bar's rows."""
    bid, ask, _, _ = rows
    rules = t.rules[0]
    buys, sells = t.marks[0, : len(bid)], t.marks[1, : len(bid)]
    mark(bid, ask, rules.ratio, rules.min_volume, buys, sells)
    return buys, sells


@inner
def judge(rows: Any, buys: Any, sells: Any, t: Tables) -> None:
    """Indicators, regime and patterns of the bar that was settled; the day has one more."""
    b, day, rules = t.bar[0], t.session[0], t.rules[0]
    last = day.bars
    indicators.step(t.history, last, rules)
    read_regime(
        t.history, last, day.notional, day.volume, day.day_volume,
        b.end - day.opened, day.closes - b.end, _within(b.end, t.news), rules, t.reading,
    )  # fmt: skip
    _find(rows, buys, sells, t)
    day.bars = last + 1


@inner
def _log(levels: Any, ticks: int, t: Tables) -> None:
    """Write down the bar in `t.bar`, the day's next."""
    day = t.session[0]
    first, last = day.logged_levels, day.bars
    t.log_levels[first : first + len(levels)] = levels
    day.logged_levels += len(levels)
    t.log[last] = t.bar[0]
    t.log_ends[last, 0], t.log_ends[last, 1] = ticks, day.logged_levels
    day.bars = last + 1


@inner
def _log_has_room(t: Tables) -> bool:
    """Whether another bar, of as many prices as there is room for, can be logged."""
    return bool(t.session[0].logged_levels + len(t.levels) <= len(t.log_levels))


@njit
def log_has_room(words: Any) -> bool:
    """The same for plain code."""
    return _log_has_room(cut(words))


@inner
def _within(ts: int, windows: Any) -> bool:
    """Whether a time is in one of the windows [from, to)."""
    found = 0
    for k in range(len(windows)):
        found += windows[k, 0] <= ts < windows[k, 1]
    return found > 0


@njit
def close_bar(state: Any, ladder: Any, words: Any, how: int) -> int:
    """Close the open bar into the next row of the history; how many signals were approved.

    `how` is QUIET; TELLING, which writes what else is published of the bar, too: the levels that
    traded and the prices of rows with imbalances; or FORMING, which writes that and the bar's
    record, and leaves the bar open. Where bars are logged, nothing is looked for in them.
    """
    t = cut(words)
    levels = t.levels[: read_levels(state, ladder, t.levels)]
    b, day, s = t.bar[0], t.session[0], fields(state)
    _measure(state, levels, t)
    if how == QUIET and len(t.log):
        settle(t)
        _log(levels, s.ticks, t)
    else:
        step = t.rules[0].row_ticks
        rows = _, _, _, low = rows_of(levels, b.low, step)
        buys, sells = mark_rows(rows, t)
        if how != QUIET:
            day.traded = traded_levels(levels, b.low, t.traded)
            day.buys = marked(buys, low, step, t.marked[0])
            day.sells = marked(sells, low, step, t.marked[1])
        if how == FORMING:
            return 0
        settle(t)
        judge(rows, buys, sells, t)
        day.approved = route(t.found, day.found, t.reading, t.matrix, t.rules[0])
    clear_levels(state, ladder)
    s.trades = 0
    s.next_time = ALWAYS
    return int(day.approved)


@inner
def _nothing_else(ts: Any, price: Any, size: Any, side: Any, i: int, state: Any, t: Tables) -> bool:
    """Whether tick i does nothing but end or begin a bar, and there is room for the results."""
    s, here = fields(state), slice(i, i + 1)
    width = max(s.high, price[i]) - min(s.low, price[i]) if s.trades > 0 else 0
    return bool(
        ts[i] < min(s.moment, s.order_at)
        and t.session[0].bars < len(t.history)
        and width < len(t.levels)
        and (len(t.log) == 0 or _log_has_room(t))
        and first_odd(ts[here], price[here], size[here], side[here], s) == 1
    )


@njit
def scan_bars(
    ts: Any, price: Any, size: Any, side: Any, start: int, state: Any, ladder: Any, words: Any
) -> int:
    """`scan` that also closes and opens bars where nothing else happens.

    Stops as `scan` does, and behind the close of a bar with approved signals that are wanted
    (`session.approved` says how many). The tick whose index it returns is still to be taken.
    """
    s, t = fields(state), cut(words)
    day = t.session[0]
    day.approved = 0
    i = scan(ts, price, size, side, start, state, ladder)
    while i < len(ts) and _nothing_else(ts, price, size, side, i, state, t):
        ends = s.trades > 0 and ts[i] >= s.bar_end
        if ends and close_bar(state, ladder, words, QUIET) > 0 and s.bar_end >= day.wanted_from:
            return i
        filled = take(ts[i], price[i], size[i], side[i], state, ladder)
        i += 1
        if filled:
            s.bar_end = ts[i - 1]
            if close_bar(state, ladder, words, QUIET) > 0 and s.bar_end >= day.wanted_from:
                return i
        day.approved = 0
        i = scan(ts, price, size, side, i, state, ladder)
    return i
