"""The tape: large trades and sweeps, found tick by tick as `docs/orderflow.md` defines them.

`scan_tape` is the scan of engines that say everything: it takes ticks as `scan` does and reads them
at once. What it finds waits as records in a small array; `Tape.tell` makes events of them before
anything else happens, and reads on where the array was full. Nothing here changes a decision.
"""

from typing import Any, Final

import numpy as np

from engine.compiled import inner, njit
from engine.config import MOST_SWEEP_PRICES, TapeRules
from engine.events import Event, LargeTrade, Sweep
from engine.footprint import FAR, contiguous, scan
from engine.ticks import NS, TICK, columns

EXACT: Final = 1024  # sizes below are classes of their own
HALF: Final = EXACT // 2
CLASSES: Final = 21 * HALF + EXACT  # of sizes up to 31 binary digits
WHOLE: Final = 1_000_000  # shares are counted in millionths
SMALLEST: Final = 2  # lots that a large trade has at least
NO_RUN: Final = 2  # as the side of a run: no trade's
ROOM: Final = 256  # records
COLUMNS: Final = 10
SWEEP, LARGE_TRADE = range(2)

(
    OVER_AT, WRITTEN, LEFT,
    FIXED, AFTER, SHARE, SWEEP_NS, SWEEP_PRICES,
    COUNT, TOP, DEBT,
    SIDE, PRICE, LAST_TS, VOLUME, TRADES, BEHIND, START, FIRST, PRICES,
    FRONT,
) = range(21)  # fmt: skip
"""Where the tape's array has what. `OVER_AT`: the last time at which the run, a sweep, takes
trades; FAR while it is none. `WRITTEN` records wait; `LEFT` ticks are still to be read. Then the
rules. `COUNT`: trades of the day; `TOP`: the smallest class that has the share at or below it;
`DEBT`: how much the trades at or below it lack of the share (<= 0, in millionths of a trade). The
run: its side; price, last time, volume and trades at its newest price, or of all of it once it is a
sweep; `BEHIND` prices before that, each with the same four figures from `FRONT` on; of a sweep its
start, first price and number of prices. Then `COUNTS`: trades by class, and `RECORDS`: kind, then
the event's fields. All in one array of plain integers, because a call into compiled code pays for
each array that it is given."""

COUNTS: Final = FRONT + 4 * MOST_SWEEP_PRICES
RECORDS: Final = COUNTS + CLASSES
SIZE: Final = RECORDS + ROOM * COLUMNS


@inner
def size_class(size: Any) -> Any:
    """The class of a size > 0: ten leading binary digits and how many follow."""
    shift = 0
    while size >> shift >= EXACT:
        shift += 1
    return shift * HALF + (size >> shift)


@inner
def class_value(number: Any) -> Any:
    """The smallest size of a class."""
    shift = max(number // HALF - 1, 0)
    return (number - shift * HALF) << shift


@inner
def _report_sweep(t: Any, now: int, last_ts: int, last: int, volume: int, trades: int) -> None:
    """Write the run, a sweep that is over at `now` or was before, as a record."""
    at = RECORDS + t[WRITTEN] * COLUMNS
    t[at], t[at + 1] = SWEEP, min(now, t[OVER_AT])
    t[at + 2], t[at + 3], t[at + 4] = t[START], last_ts, t[SIDE]
    t[at + 5], t[at + 6], t[at + 7] = t[FIRST], last, t[PRICES]
    t[at + 8], t[at + 9] = volume, trades
    t[WRITTEN] += 1


@inner
def _next_price(t: Any, now: int, price: int, last_ts: int, volume: int, trades: int) -> Any:
    """The run goes on at another price at `now`: the volume and trades that it goes on from."""
    if t[OVER_AT] != FAR:
        t[PRICES] += 1
        return volume, trades
    end = FRONT + 4 * t[BEHIND]
    t[end], t[end + 1], t[end + 2], t[end + 3] = price, last_ts, volume, trades
    end += 4
    gone = 0
    while FRONT + gone < end and t[FRONT + gone + 1] < now - t[SWEEP_NS]:
        gone += 4
    if gone:
        for k in range(FRONT + gone, end):
            t[k - gone] = t[k]
        end -= gone
    t[BEHIND] = (end - FRONT) // 4
    volume = trades = 0
    if t[BEHIND] + 1 >= t[SWEEP_PRICES]:
        t[FIRST], t[START], t[PRICES] = t[FRONT], t[FRONT + 1], t[BEHIND] + 1
        t[OVER_AT] = t[START] + t[SWEEP_NS]
        for k in range(FRONT, end, 4):
            volume += t[k + 2]
            trades += t[k + 3]
    return volume, trades


@inner
def _report_large(t: Any, now: Any, price: Any, size: Any, side: Any, threshold: Any) -> None:
    """Write a large trade as a record."""
    at = RECORDS + t[WRITTEN] * COLUMNS
    t[at], t[at + 1], t[at + 2], t[at + 3] = LARGE_TRADE, now, price, size
    t[at + 4], t[at + 5] = side, threshold
    t[WRITTEN] += 1


@njit
def read(ts: Any, price: Any, size: Any, side: Any, start: int, end: int, t: Any) -> int:
    """Read good ticks [start, end); `end`, or its complement (~end) if records wait.

    Stops when there may be no room for what the next tick is; `LEFT` says how many are left.
    """
    ts, price, size, side = ts[start:end], price[start:end], size[start:end], side[start:end]
    fixed, share, after = t[FIXED], t[SHARE], t[AFTER]
    count, top, debt = t[COUNT], t[TOP], t[DEBT]
    in_top = WHOLE * t[COUNTS + top]
    run_side, run_price = t[SIDE], t[PRICE]
    last_ts, volume, trades = t[LAST_TS], t[VOLUME], t[TRADES]
    over_at, written = t[OVER_AT], t[WRITTEN]
    n = 0
    while n < len(ts) and written <= ROOM - 2:
        now, p = ts[n], np.int64(price[n])
        lots, way = np.int64(size[n]), np.int64(side[n])
        if way == run_side and (p - run_price) * way >= 0 and now <= over_at:
            if p != run_price:
                volume, trades = _next_price(t, now, run_price, last_ts, volume, trades)
                over_at = t[OVER_AT]
        else:
            if over_at != FAR:
                _report_sweep(t, now, last_ts, run_price, volume, trades)
                t[OVER_AT] = over_at = FAR
                written += 1
            t[SIDE] = run_side = way or NO_RUN
            t[BEHIND] = volume = trades = 0
        run_price, last_ts = p, now
        volume += lots
        trades += 1
        if fixed:
            if lots >= fixed:
                _report_large(t, now, p, lots, way, fixed)
                written += 1
        else:
            number = size_class(lots)
            if count >= after and number >= top and lots >= SMALLEST:
                _report_large(t, now, p, lots, way, max(class_value(top), SMALLEST))
                written += 1
            t[np.uint64(COUNTS + number)] += 1
            count += 1
            debt += share
            if number <= top:
                debt -= WHOLE
            if number == top:
                in_top += WHOLE
            while debt > 0:
                top += 1
                in_top = WHOLE * t[COUNTS + top]
                debt -= in_top
            while debt + in_top <= 0:
                debt += in_top
                top -= 1
                in_top = WHOLE * t[COUNTS + top]
        n += 1
    t[COUNT], t[TOP], t[DEBT] = count, top, debt
    t[PRICE], t[LAST_TS], t[VOLUME], t[TRADES] = run_price, last_ts, volume, trades
    t[LEFT] = len(ts) - n
    return ~end if written else end


@njit
def scan_tape(
    ts: Any, price: Any, size: Any, side: Any, start: int, state: Any, ladder: Any, tape: Any
) -> int:
    """`scan`, reading what it takes; the complement (~i) of its index if records wait."""
    end = scan(ts, price, size, side, start, state, ladder)
    return int(read(ts, price, size, side, start, end, tape))


@njit
def scan_tape_records(ticks: Any, start: int, state: Any, ladder: Any, tape: Any) -> int:
    """`scan_tape` over a TICK array."""
    ts, price, size, side = contiguous(ticks)
    return int(scan_tape(ts, price, size, side, start, state, ladder, tape))


class Tape:
    """The trading day's tape. `array` is what compiled code reads and writes."""

    def __init__(self, rules: TapeRules) -> None:
        self.array = tape = np.zeros(SIZE, np.int64)
        self._view = memoryview(self.array)  # type: ignore[arg-type]
        self._one = columns(np.zeros(1, TICK))
        tape[FIXED], tape[AFTER] = rules.large_trade_size, rules.large_trade_after
        tape[SHARE] = round(rules.large_trade_share * WHOLE)
        tape[SWEEP_NS], tape[SWEEP_PRICES] = rules.sweep_ms * NS // 1000, rules.sweep_prices
        self.start_day()

    @property
    def over_at(self) -> int:
        """The last time (UTC ns) that the open sweep takes trades; FAR without one."""
        at: int = self._view[OVER_AT]
        return at

    def start_day(self) -> None:
        """No trade was read yet."""
        tape = self.array
        tape[COUNT] = tape[TOP] = tape[DEBT] = tape[COUNTS:RECORDS] = 0
        tape[OVER_AT], tape[SIDE] = FAR, NO_RUN

    def take(self, ts: int, price: int, size: int, side: int, events: list[Event]) -> None:
        """One good tick that the scan did not take."""
        one = self._one
        one.ts[0], one.price[0], one.size[0], one.side[0] = ts, price, size, side
        if read(*one, 0, 1, self.array) < 0:
            self.drain(events)

    def tell(self, ts: Any, price: Any, size: Any, side: Any, i: int, events: list[Event]) -> int:
        """`scan_tape` over these columns gave ~i: say what waits, and read the rest up to `i`."""
        self.drain(events)
        while left := self._view[LEFT]:
            read(ts, price, size, side, i - left, i, self.array)
            self.drain(events)
        return i

    def end_run(self, ts: int, events: list[Event]) -> None:
        """The bar ends at `ts`, or the open sweep can take no trade any more."""
        run = self._view
        if run[OVER_AT] != FAR:
            events.append(
                Sweep(
                    ts=min(ts, run[OVER_AT]), start=run[START], end=run[LAST_TS], side=run[SIDE],
                    first=run[FIRST], last=run[PRICE], prices=run[PRICES],
                    volume=run[VOLUME], trades=run[TRADES],
                )
            )  # fmt: skip
            run[OVER_AT] = FAR
        run[SIDE] = NO_RUN

    def drain(self, events: list[Event]) -> bool:
        """Say what waits; whether all was read, so that nothing more can wait."""
        view = self._view
        end = RECORDS + COLUMNS * view[WRITTEN]
        for at in range(RECORDS, end, COLUMNS):
            if view[at] == LARGE_TRADE:
                event: Event = LargeTrade(
                    ts=view[at + 1], price=view[at + 2], size=view[at + 3], side=view[at + 4],
                    threshold=view[at + 5],
                )  # fmt: skip
            else:
                event = Sweep(
                    ts=view[at + 1], start=view[at + 2], end=view[at + 3], side=view[at + 4],
                    first=view[at + 5], last=view[at + 6], prices=view[at + 7],
                    volume=view[at + 8], trades=view[at + 9],
                )  # fmt: skip
            events.append(event)
        view[WRITTEN] = 0
        return not view[LEFT]
