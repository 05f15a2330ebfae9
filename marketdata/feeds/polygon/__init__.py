"""Polygon (now Massive): minute bars of US stocks and ETFs, as ticks that could have made them.

    feed = open_polygon("SPY", [date(2024, 11, 13)], folder=..., access=Access(key))

    client.py    downloads a day, with the client's holes closed
    minutes.py   what was sent, in exact integers
    bars.py      the session's minutes of it, in ticks and lots
    cache.py     a day that was downloaded once
    ticks.py     a minute's synthetic ticks, and how they are made

- Regular hours alone: the API's bars before 09:30 and from 16:00 New York on (an early close: from
  that) are left out, the closing auction among them, which is printed after the close.
- Prices are as they were traded, not adjusted for later splits, as the API would by default. Prices
  between the cents are rounded to the cent, halves to even: low <= open, close <= high stays so.
- Aggressor sides are inferred, and all of it is marked synthetic: results on such ticks try out the
  machinery, they say nothing about order flow.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from engine.instruments import INSTRUMENTS, US_STOCKS, Instrument, instrument
from engine.schedule import TradingDay
from engine.ticks import NS, TICK, TickColumns, columns, joined
from marketdata.calendars import schedule
from marketdata.errors import FeedError
from marketdata.feeds import BLOCK_TICKS, Counts, FeedInfo, split
from marketdata.feeds.polygon.bars import SessionBars, session_bars
from marketdata.feeds.polygon.cache import MinuteCache
from marketdata.feeds.polygon.client import Access, download
from marketdata.feeds.polygon.minutes import Minutes
from marketdata.feeds.polygon.ticks import METHOD, minute_ticks

__all__ = ["Access", "PolygonFeed", "open_polygon", "stock", "the_access", "the_folder"]

COMPLETE_AFTER_NS: Final = 30 * 60 * NS
"""The smallest plans see prices fifteen minutes late: a day is asked for when it is complete."""

NOTHING: Final = columns(np.empty(0, TICK))


def the_folder() -> Path:
    """Where this installation keeps downloaded bars."""
    from django.conf import settings

    return Path(settings.DATA_DIR) / "polygon"


def the_access() -> Access:
    """This installation's key; FeedError without one."""
    from django.conf import settings

    return Access(settings.POLYGON_API_KEY, settings.POLYGON_URL)


def open_polygon(
    symbol: str,
    days: Sequence[date],
    *,
    folder: Path,
    access: Callable[[], Access] | None = None,
    seed: int = 1,
    now: Callable[[], int] = time.time_ns,
) -> "PolygonFeed":
    """The feed of these days, from the cache in `folder` or else by `access`, which is only asked
    for when something must be downloaded; None: nothing is. FeedError, in one line, when a day
    cannot be had."""
    spec = stock(symbol)
    if not days:
        raise FeedError(f"{symbol} trades on none of these days")
    hours = schedule(spec, "rth")
    cache = MinuteCache(folder)
    found = []
    for day in sorted(set(days)):
        trading = hours.day(day)
        if trading is None:
            raise FeedError(f"{symbol} does not trade on {day}: a weekend or holiday")
        if now() < trading.close + COMPLETE_AFTER_NS:
            raise FeedError(
                f"{symbol}'s day {day} is not complete yet; ask half an hour after its close"
            )
        found.append((trading, _minutes(symbol, day, cache, access)))
    return PolygonFeed(spec, found, seed)


def stock(symbol: str) -> Instrument:
    """The instrument, if its bars can be had here."""
    spec = instrument(symbol)
    if spec.calendar != US_STOCKS:
        known = ", ".join(s for s, item in INSTRUMENTS.items() if item.calendar == US_STOCKS)
        raise FeedError(f"{symbol} is no US stock; Polygon's minute bars are of {known}")
    return spec


def _minutes(
    symbol: str, day: date, cache: MinuteCache, access: Callable[[], Access] | None
) -> Minutes:
    """A day's bars, downloaded only if they are not kept yet. A day without any is not kept."""
    minutes = cache.read(symbol, day)
    if minutes is None:
        if access is None:
            raise FeedError(
                f"{cache.path(symbol, day)} is not there; replay {symbol} of {day} to download it"
            )
        minutes = download(access(), symbol, day)
        if not len(minutes.ts):
            raise FeedError(
                f"Polygon has no minute bars of {symbol} on {day}; the plan of POLYGON_API_KEY may "
                "not reach back so far"
            )
        cache.write(symbol, day, minutes)
    return minutes


class PolygonFeed:
    """Synthetic ticks of whole sessions, ascending; a day's ticks are made when they are read."""

    def __init__(
        self, spec: Instrument, days: Sequence[tuple[TradingDay, Minutes]], seed: int
    ) -> None:
        if seed < 0:
            raise FeedError(f"seed {seed} is negative; any whole number from 0 on will do")
        self.instrument = spec
        self.seed = seed
        self.counts = Counts()
        self.progress = 0.0
        self.days = [session_bars(spec, day, minutes) for day, minutes in days]
        self.info = FeedInfo(
            symbol=spec.symbol,
            contract="",
            source=f"Polygon minute bars (synthetic, method {METHOD}, seed {seed})",
            side="inferred",
            synthetic=True,
            warnings=_warnings(self.days),
        )

    def blocks(self, max_ticks: int = BLOCK_TICKS) -> Iterator[TickColumns]:
        """All ticks, day after day; a block is of one day."""
        self.counts, self.progress = Counts(), 0.0
        for done, day in enumerate(self.days):
            ticks, before = self._ticks(day), self.counts.read
            for block in split(ticks, max_ticks):
                self.counts.read += len(block.ts)
                self.counts.used += len(block.ts)
                read = self.counts.read - before
                self.progress = (done + read / len(ticks.ts)) / len(self.days)
                yield block
        self.progress = 1.0

    def _ticks(self, day: SessionBars) -> TickColumns:
        made = [minute_ticks(minute, self.info.symbol, self.seed) for minute in day.minutes]
        return joined(made) if made else NOTHING


def _warnings(days: Sequence[SessionBars]) -> tuple[str, ...]:
    expected = sum(day.expected for day in days)
    told = (
        (sum(day.absent for day in days), "have no bar"),
        (sum(day.rounded for day in days), "had prices between the cents, rounded to the cent"),
        (sum(day.cut for day in days), "had a fraction of a share in their volume, left out"),
        (sum(day.impossible for day in days), "have a bar that no trades can have made, left out"),
    )
    return (
        "the ticks are made from minute bars: no such trades took place",
        *(f"{count} of {expected} minutes {what}" for count, what in told if count),
    )
