"""A simulated market: seeded, deterministic, alive at any hour.

>>> ticks = Simulator("MES", seed=7).day(date(2024, 6, 12))

- A day is a pure function of symbol, seed, ticks_per_day and date: the same ticks whatever the
  block size or the days asked for before it. Each day begins near where the one before it ended.
  Trades happen only between the market's open and close; holidays and early closes are kept.
- Micros trade their market's levels (MES those of ES) on a tape of their own.
- History: `history(first, days)` is a feed of whole days.
- Live: `live(start)` is a feed that begins at an event time and never ends. `so_far()` is the day
  before that moment. What it plays from `start` on is the rest of the same day, then the next day:
  live, a later replay and a backtest of that date see the same ticks.
- `live_start(symbol, now)` says where a live run begins: now, when entries are possible now; else
  at 10:30 New York of the last regular trading day, so that there is always a market to watch.
"""

from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Final

import numpy as np

from engine.instruments import instrument
from engine.ticks import TickColumns, part
from marketdata.calendars import (
    ALWAYS_OPEN,
    RTH_CLOSE,
    calendar_date,
    new_york,
    schedule,
)
from marketdata.errors import FeedError
from marketdata.feeds import BLOCK_TICKS, Counts, FeedInfo, split
from marketdata.feeds.synthetic.plan import level, plan_day
from marketdata.feeds.synthetic.profiles import profile

BUSY: Final = time(10, 30)
MIN_TICKS_PER_DAY: Final = 1_000


class Simulator:
    """Makes the days of one symbol. `ticks_per_day` is what a full day has in the mean."""

    def __init__(self, symbol: str, seed: int = 1, ticks_per_day: int | None = None) -> None:
        self.profile = profile(symbol)
        self.instrument = self.profile.instrument
        if seed < 0:
            raise FeedError(f"seed {seed} is negative; any whole number from 0 on will do")
        if ticks_per_day is not None and ticks_per_day < MIN_TICKS_PER_DAY:
            raise FeedError(
                f"ticks_per_day {ticks_per_day} is too few for a market; "
                f"at least {MIN_TICKS_PER_DAY:,}"
            )
        self.seed = seed
        self.ticks_per_day = ticks_per_day or self.profile.ticks_per_day
        self.schedule = schedule(self.instrument, "all")

    def day(self, day: date) -> TickColumns:
        """All ticks of a trading day; FeedError when the market does not trade on this date."""
        found = self.schedule.day(day)
        if found is None:
            raise FeedError(f"{self.instrument.symbol} does not trade on {day}")
        from marketdata.feeds.synthetic.tape import trade

        key = [self.seed, *self.profile.symbol.encode(), self.ticks_per_day, day.toordinal()]
        random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
        before = self.schedule.before(day).day
        ends = level(self.profile, self.seed, before), level(self.profile, self.seed, day)
        plan = plan_day(self.profile, found, self.ticks_per_day, ends, random)
        return trade(self.profile, plan, found.open, self.ticks_per_day, random)

    def history(self, first: date, days: int = 1) -> "SimulatedHistory":
        """A feed of `days` trading days from `first` on (or from the next one that trades)."""
        return SimulatedHistory(self, first, days)

    def live(self, start: int) -> "SimulatedLive":
        """A feed that begins at this event time (UTC ns) and goes on for ever."""
        return SimulatedLive(self, start)

    def info(self) -> FeedInfo:
        """What its feeds say about themselves."""
        return FeedInfo(
            symbol=self.instrument.symbol,
            contract="",
            source=f"simulator, seed {self.seed}, {self.ticks_per_day:,} ticks a day",
            synthetic=True,
        )


class SimulatedHistory:
    """Whole trading days, one after the other."""

    def __init__(self, simulator: Simulator, first: date, days: int) -> None:
        if days < 1:
            raise FeedError(f"days is {days}; simulate at least one")
        self.simulator = simulator
        self.info = simulator.info()
        self.counts = Counts()
        self.progress = 0.0
        self.days: list[date] = []
        while len(self.days) < days:
            if simulator.schedule.day(first) is not None:
                self.days.append(first)
            first += timedelta(days=1)

    def blocks(self, max_ticks: int = BLOCK_TICKS) -> Iterator[TickColumns]:
        """All ticks, day after day; a block is of one day."""
        self.counts, self.progress = Counts(), 0.0
        for done, day in enumerate(self.days):
            for block in split(self.simulator.day(day), max_ticks):
                _count(self.counts, block)
                self.progress = (done + 0.5) / len(self.days)
                yield block
        self.progress = 1.0


class SimulatedLive:
    """A market that is already open at `start`, and goes on."""

    def __init__(self, simulator: Simulator, start: int) -> None:
        self.simulator = simulator
        self.start = start
        self.info = simulator.info()
        self.counts = Counts()
        self.progress = 0.0
        self.first = simulator.schedule.at(start)
        self._ticks = simulator.day(self.first.day)
        self._cut = int(np.searchsorted(self._ticks.ts, start))

    def so_far(self) -> TickColumns:
        """The ticks of the trading day before `start`."""
        return part(self._ticks, slice(self._cut))

    def blocks(self, max_ticks: int = BLOCK_TICKS) -> Iterator[TickColumns]:
        """The ticks from `start` on, without end."""
        self.counts = Counts()
        ticks, day = part(self._ticks, slice(self._cut, None)), self.first
        while True:
            for block in split(ticks, max_ticks):
                _count(self.counts, block)
                yield block
            day = self.simulator.schedule.at(day.end)
            ticks = self.simulator.day(day.day)


def live_start(symbol: str, now: int) -> int:
    """The event time at which a live simulation begins when the clock says `now` (UTC ns)."""
    item = instrument(symbol)
    if item.calendar == ALWAYS_OPEN:
        return now
    rth = schedule(item, "rth")
    today = rth.at(now)
    if today.entries_from <= now < today.entries_to:
        return now
    day = calendar_date(now) + timedelta(days=1)
    while True:
        found = rth.before(day)
        day = found.day
        start = new_york(day, BUSY)
        regular = found.close == new_york(day, RTH_CLOSE)
        if regular and start <= now:
            return start


def _count(counts: Counts, block: TickColumns) -> None:
    counts.read += len(block.ts)
    counts.used += len(block.ts)
