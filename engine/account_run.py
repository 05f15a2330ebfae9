"""A backtest's account, run over days that were analysed before (`engine.day_analysis`).

    run = AccountRun(config, schedule)
    for analysis, ts, price in days:
        events = run.run(analysis, ts, price)
    events = run.finish()

It says what one quiet `Engine` says of the same ticks, event for event, but for the ticks that were
dropped, which are in the analysis; it has the same desk and the same `Timeline`. What it spares is
looking at ticks: with nothing at the market it goes on to the next bar with approved signals, or
silence after which the feed counts as stale; with an order or a position to the next tick that
touches what is watched.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.compiled import njit
from engine.config import EngineConfig
from engine.day_analysis import DayAnalysis
from engine.day_bars import GAP_NS, gaps_of
from engine.desk import first_carry
from engine.errors import InputError
from engine.events import Carry, Event, Level
from engine.footprint import CHUNK, PlainState, reaching
from engine.joining import JoinedDay, Joiner, Memory
from engine.schedule import Schedule, TradingDay
from engine.timeline import NOTHING, Phase, Timeline


class AccountRun(Timeline):
    """`signals` and `approved` count those of the last day that was run, its last bar included."""

    def __init__(
        self, config: EngineConfig, schedule: Schedule, carry: Carry | None = None
    ) -> None:
        carry = carry or first_carry(config)
        super().__init__(config, schedule, carry, PlainState())
        self.signals = self.approved = 0
        self._joiner = Joiner(config)
        self._held: Memory = self._joiner.newest(carry.unfinished)
        self._analysis: DayAnalysis  # of the day that has begun
        self._coming: DayAnalysis
        self._joined: JoinedDay
        self._ts: npt.NDArray[np.int64]
        self._price: npt.NDArray[np.int32]
        self._fills_bars = config.bars.kind != "time"
        self._wanted: list[list[int]] = []  # bars still to come, the next one last
        self._gaps: list[int] = []  # ticks after silences still to come, the next one last
        self._closing: list[int] = []  # the wanted bar that is open, if it is wanted
        self._closed_bars = 0  # of the day, when that one is closed

    # -- inputs ------------------------------------------------------------------------------

    def run(
        self, analysis: DayAnalysis, ts: npt.NDArray[np.int64], price: npt.NDArray[np.int32]
    ) -> Sequence[Event]:
        """One trading day: its analysis, times and prices of its good ticks (`analysis.good`)."""
        n = analysis.ticks
        if not len(ts) == len(price) == n:
            raise InputError(
                f"{len(ts)} times and {len(price)} prices are not the {n} good ticks of the day"
            )
        if not n:
            self.signals = self.approved = 0
            return NOTHING
        if ts[0] < self._clock or (self._day is not None and ts[0] < self._day.end):
            raise InputError(f"the day that begins at {analysis.head['start']} was run already")
        self._coming, self._ts, self._price = analysis, ts, price
        i = 0
        self._take(i)
        while i < n - 1:
            i = self._next(i + 1, n - 1)
            self._take(i)
        self._leave()
        return self._flush()

    @property
    def levels(self) -> tuple[Level, ...]:
        """None: they are the chart's."""
        return ()

    # -- ticks -------------------------------------------------------------------------------

    def _next(self, i: int, last: int) -> int:
        """The first tick from `i` on at which something may happen; the day's last one is."""
        while self._gaps and self._gaps[-1] < i:
            self._gaps.pop()
        if self._gaps:
            last = min(last, self._gaps[-1])
        if self._desk.bracket is not None:
            return self._touch(i, last)
        if self._desk.account.halts:
            return last
        wanted = self._wanted
        while wanted and (wanted[-1][1] < i or self._desk.cools_at(wanted[-1][0] + 1)):
            wanted.pop()
        return min(last, wanted[-1][1]) if wanted else last

    def _touch(self, i: int, last: int) -> int:
        """The first tick from `i` on that our side waits for, `last` at the latest."""
        self._watch()
        state = self._state
        at, state.run_high, state.run_low = first_touch(
            self._ts, self._price, i, last, min(state.moment, state.order_at),
            state.watch_low, state.watch_high, state.run_high, state.run_low,
        )  # fmt: skip
        return int(at)

    def _take(self, i: int) -> None:
        """One tick at which something may happen, as `Engine` takes it."""
        state, desk, ts, price = self._state, self._desk, int(self._ts[i]), int(self._price[i])
        if i:
            state.clock = state.last_ts = int(self._ts[i - 1])
            if desk.bracket is not None:
                desk.bars = int(self._closes.searchsorted(i, "right"))
        bar_ends = i > 0 and not self._fills_bars and self._open_wanted(i)
        if bar_ends or self._is_due(i, ts):
            self._come_to(ts)
        if desk.bracket is not None or desk.account.halts:
            self._meet(ts, price)
        state.clock = state.last_ts = ts
        state.last_price = price
        state.run_high = max(state.run_high, price)
        state.run_low = min(state.run_low, price)
        if self._fills_bars and self._open_wanted(i):
            self._close_bar()

    def _is_due(self, i: int, ts: int) -> bool:
        """Whether a moment of time may be due at tick `i`."""
        after_silence = bool(self._gaps) and self._gaps[-1] == i
        return i == 0 or after_silence or ts >= min(self._moments[0][0], self._desk.time_stop_at())

    def _open_wanted(self, i: int) -> bool:
        """Open the bar that ends at tick `i`, if it is a wanted one."""
        wanted = self._wanted
        while wanted and wanted[-1][1] < i:
            wanted.pop()
        if not wanted or wanted[-1][1] > i:
            return False
        self._closing = wanted.pop()
        self._open(self._closing[0])
        return True

    def _open(self, bar: int) -> None:
        self._closed_bars = bar + 1
        self._state.trades = 1
        self._state.bar_end = int(self._analysis.bars[bar]["end"])

    def _leave(self) -> None:
        """The day's ticks are over; a bar may be open."""
        bars = len(self._analysis.bars)
        self._held = self._joined.memory
        if self._analysis.head["open"]:
            self._held = self._joined.before
            self._closing = next((bar for bar in self._wanted if bar[0] == bars - 1), [])
            self._open(bars - 1)

    # -- time --------------------------------------------------------------------------------

    def _remembered(self) -> Memory:
        return self._held

    def _begin_day(self, day: TradingDay) -> None:
        self._analysis = self._coming
        head = self._analysis.head
        if (day.start, day.end) != (head["start"], head["end"]):
            raise InputError(
                f"the analysis is of {head['start']} to {head['end']}, trading day {day.day} is "
                f"from {day.start} to {day.end}"
            )
        self._joined = self._joiner.join(self._analysis, day, self._held)
        self.signals, self.approved = self._joined.signals, self._joined.approved
        self._wanted = self._joined.wanted[::-1]
        self._closes = np.ascontiguousarray(self._analysis.bars["ticks"])
        gaps = self._analysis.gaps.view(np.int64).reshape(-1, 3)
        if self._stale_ns < GAP_NS:
            _, gaps = gaps_of(self._ts, int(self._ts[0]), 0, self._stale_ns)
        self._gaps = stale_after(gaps, day.entries_from, day.flatten_at, self._stale_ns).tolist()

    def _close_bar(self) -> None:
        ts, closing = self._state.bar_end, self._closing
        self._state.trades = 0
        self._closing = []
        self._desk.bars = self._closed_bars
        if self._closed_bars == len(self._analysis.bars):
            self._held = self._joined.memory
        if closing:
            self._decide(ts, lambda: self._joiner.signals(closing))

    def _change_session(self, phase: Phase) -> None:
        """Nothing that is kept of the market changes."""

    def _forget_levels(self) -> None:
        self._held = ()

    def _sweep_over(self, before: int) -> Callable[[], None] | None:
        return None

    def _arm(self) -> None:
        """Nothing waits between days."""


@njit
def first_touch(
    ts: Any, price: Any, start: int, end: int, limit: int, low: int, high: int,
    run_high: int, run_low: int,
) -> Any:  # fmt: skip
    """The first of good ticks [start, end) whose time is `limit` or later, or whose price is at or
    below `low`, or at or above `high`; or `end`. And the extremes, with those of the ticks before
    it."""
    i = start
    while i < end:
        chunk = min(i + CHUNK, end)
        stop = reaching(ts, i, chunk, limit) if ts[chunk - 1] >= limit else chunk
        if stop > i:
            part = price[i:stop]
            top = bottom = part[0]
            for k in range(len(part)):
                top = max(top, part[k])
                bottom = min(bottom, part[k])
            if bottom <= low or top >= high:
                for k in range(len(part)):
                    if part[k] <= low or part[k] >= high:
                        return i + k, run_high, run_low
                    run_high, run_low = max(run_high, part[k]), min(run_low, part[k])
            run_high, run_low = max(run_high, top), min(run_low, bottom)
        if stop < chunk:
            return stop, run_high, run_low
        i = stop
    return end, run_high, run_low


@njit
def stale_after(gaps: Any, entries_from: int, flatten_at: int, stale_ns: int) -> Any:
    """The ticks, last one first, before which the feed may have counted as stale."""
    ticks = np.empty(len(gaps), np.int64)
    n = 0
    for k in range(len(gaps) - 1, -1, -1):
        at = max(gaps[k, 1], entries_from) + stale_ns
        if at < min(gaps[k, 2], flatten_at):
            ticks[n] = gaps[k, 0]
            n += 1
    return ticks[:n]
