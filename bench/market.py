"""The ticks that everything is measured on: simulated days, in memory and as files of each kind.

Files are written when they are first asked for, into a folder of the run's own, so that a bench of
one topic writes what that topic reads.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from engine.config import EngineConfig, engine_config
from engine.engine import Engine
from engine.events import Event, Trade, TradeClosed
from engine.schedule import Schedule
from engine.ticks import NS, TickColumns, joined
from marketdata.calendars import schedule
from marketdata.feeds.files.parquet import write_ticks
from marketdata.feeds.simulator import Simulator

SYMBOL: Final = "ES"
FIRST_DAY: Final = date(2025, 7, 7)
"""A Monday; for the eight weeks from here on every weekday trades the same hours."""
DAY_NS: Final = 86_400 * NS


class Unequal(Exception):
    """Two ways to the same result gave different ones: no figure of either is worth anything."""


class Market:
    """`days` simulated days of about `ticks_per_day` ticks, and the engine's settings for them."""

    def __init__(self, folder: Path, days: int, ticks_per_day: int) -> None:
        self.folder = folder
        self.config: EngineConfig = engine_config(SYMBOL)
        self.schedule: Schedule = schedule(self.config.instrument, "rth")
        feed = Simulator(SYMBOL, seed=1, ticks_per_day=ticks_per_day).history(FIRST_DAY, days)
        self.days = [joined([feed.simulator.day(day)]) for day in feed.days]
        self.dates = feed.days
        self.ticks = joined(self.days)

    @cached_property
    def trades(self) -> list[Trade]:
        """What every way through the engine must give."""
        return self.run([self.ticks])

    def run(self, blocks: Iterable[TickColumns], *, quiet: bool = True) -> list[Trade]:
        """Ticks through a new engine to its trades, with the end of the data."""
        engine = Engine(self.config, self.schedule, quiet=quiet)
        events: list[Event] = []
        for block in blocks:
            events += engine.push_columns(block)
            del block  # its memory takes the next one
        events += engine.finish()
        return [event.trade for event in events if isinstance(event, TradeClosed)]

    def require(self, what: str, trades: list[Trade]) -> None:
        """Unequal, unless these are the market's trades."""
        if trades != self.trades:
            raise Unequal(f"{what}: {len(trades)} trades that are not those from memory")

    @cached_property
    def parquet(self) -> Path:
        """All days in one Parquet file."""
        return self._written("all", [self.ticks])

    @cached_property
    def day_files(self) -> list[Path]:
        """A Parquet file a day."""
        return [self._written(f"{k}", [day]) for k, day in enumerate(self.days)]

    def stretched(self, days: int) -> Path:
        """A Parquet file of so many trading days: the simulated ones again and again."""
        return self._written(f"stretched-{days}", self._repeated(days))

    @cached_property
    def columns(self) -> Path:
        """A folder with one .npy file a column."""
        folder = self.folder / "columns"
        folder.mkdir()
        for name in TickColumns._fields:
            np.save(folder / f"{name}.npy", getattr(self.ticks, name))
        return folder

    def _repeated(self, days: int) -> Iterator[TickColumns]:
        day = FIRST_DAY
        for k in range(days):
            while day.weekday() >= 5:
                day += timedelta(days=1)
            ticks = self.days[k % len(self.days)]
            later = (day - self.dates[k % len(self.days)]).days * DAY_NS
            yield ticks._replace(ts=ticks.ts + later)
            day += timedelta(days=1)

    def _written(self, name: str, blocks: Iterable[TickColumns]) -> Path:
        path = self.folder / f"{name}.parquet"
        write_ticks(path, SYMBOL, blocks, synthetic=True)
        return path


def open_columns(folder: Path) -> TickColumns:
    """Columns of `Market.columns`, memory-mapped.

    Copy on write: compiled code distinguishes read-only arrays, and would be compiled once more.
    """
    return TickColumns(
        *(
            np.asarray(np.load(folder / f"{name}.npy", mmap_mode="c"))
            for name in TickColumns._fields
        )
    )
