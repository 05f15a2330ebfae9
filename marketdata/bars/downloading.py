"""Bars from Databento's historical API, month by month, into the bar store.

- A symbol's whole parent is asked for (`MCL.FUT`): bars of all contracts are little, and the front
  months need them.
- A month is one file and one request. It is stored when all of it came; a month that was cut off is
  thrown away and named, and running the download again goes on there. Months that are stored whole
  are not asked for again: the store knows them by their file's name.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from engine.ticks import NS
from marketdata.bars.importing import Imported, import_file
from marketdata.bars.store import BarStore, Written
from marketdata.bars.table import INTERVALS, Interval
from marketdata.errors import FeedError, HistoryError
from marketdata.history.api import NO_COST, Broken, Cost, HistoryApi, Span

PARENT: Final = "FUT"
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Month:
    """What to ask for, what it costs, and what its file is called."""

    span: Span
    name: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class Plan:
    """`stored`: names of the months that are there already."""

    symbol: str
    interval: Interval
    months: tuple[Month, ...]
    stored: tuple[str, ...]

    @property
    def cost(self) -> Cost:
        """Of all that is to be downloaded."""
        return sum((month.cost for month in self.months), NO_COST)


def plan(
    api: HistoryApi, store: BarStore, symbol: str, interval: Interval, first: date, last: date
) -> Plan:
    """The months from `first` to `last` (UTC dates, both included) as far as there is data, and
    what they cost. HistoryError when that is not to be had."""
    length = INTERVALS[interval]
    available = api.available_until() // length * length
    end = min(_midnight(last + timedelta(days=1)), available)
    known = set(store.held(symbol, interval).sources) if _has(store, symbol, interval) else set()
    months, stored = [], []
    begins = first
    while _midnight(begins) < end:
        after = (begins.replace(day=1) + timedelta(days=31)).replace(day=1)
        span = Span(
            f"{symbol}.{PARENT}", _midnight(begins), min(_midnight(after), end),
            f"ohlcv-{interval}", "parent",
        )  # fmt: skip
        name = f"{span.contract}.{begins:%Y%m%d}-{_stamp(span.end)}.ohlcv-{interval}.dbn.zst"
        if any(source.startswith(f"{name} ") for source in known):
            stored.append(name)
        else:
            months.append(Month(span, name, api.cost(span)))
        begins = after
    return Plan(symbol, interval, tuple(months), tuple(stored))


def download(
    api: HistoryApi, store: BarStore, plan: Plan, folder: Path, tell: Tell = lambda _: None
) -> Written:
    """Download and store the plan's months; what each became is told. HistoryError names the month
    that did not come whole; those before it are stored."""
    folder.mkdir(parents=True, exist_ok=True)
    done = Written()
    for month in plan.months:
        if not month.cost.records:
            tell(f"{month.name}: nothing traded")
            continue
        path = folder / month.name
        path.unlink(missing_ok=True)
        try:
            imported = _month(api, store, plan, month, path)
        finally:
            path.unlink(missing_ok=True)
        done += imported.written
        tell(f"{month.name}: {imported.written.added:,} new bars")
    return done


def _month(api: HistoryApi, store: BarStore, plan: Plan, month: Month, path: Path) -> Imported:
    from marketdata.bars.ohlcv import OhlcvFile

    try:
        api.download(month.span, path)
        # Once through before anything is stored: all of it must have come.
        file = OhlcvFile(path, plan.symbol)
        for _ in file.tables():
            pass
        came = file.counts.read
    except (Broken, FeedError) as error:
        raise HistoryError(f"{month.name} did not come whole ({error}); run it again") from None
    if came != month.cost.records:
        raise HistoryError(
            f"{month.name} did not come whole: {came:,} of {month.cost.records:,} bars; "
            "run it again"
        )
    return import_file(store, path, plan.symbol)


def names(found: Sequence[str], most: int = 3) -> str:
    """Some of them, in a line."""
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return ", ".join(found[:most]) + more


def _has(store: BarStore, symbol: str, interval: Interval) -> bool:
    return interval in store.intervals(symbol)


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * NS


def _stamp(ns: int) -> str:
    at = datetime.fromtimestamp(ns // NS, UTC)
    return f"{at:%Y%m%d}" if not at.hour and not at.minute else f"{at:%Y%m%dT%H%M%S}"
