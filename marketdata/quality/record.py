"""Measures days of the tick store, and keeps the answers as `DataQuality` rows.

The exchange's volume comes from the bar store, where it has the contract's bars of the whole day;
else it is the cleared volume, where a live feed heard it.
"""

from collections.abc import Callable
from datetime import date
from typing import Final

import structlog
from django.db import DatabaseError, close_old_connections

from engine.instruments import instrument
from engine.schedule import TradingDay
from engine.ticks import NS
from marketdata.bars.store import BarStore
from marketdata.calendars import schedule
from marketdata.errors import MarketDataError, StoreError
from marketdata.models import DataQuality, moment
from marketdata.quality.judge import LEAST_COVERAGE, judge
from marketdata.quality.measure import Measured, measure
from marketdata.quality.pace import MOST_DAYS, Pace, usual
from marketdata.store import DayInfo, TickStore

log = structlog.get_logger(__name__)

CLEARED: Final = "cleared volume"
MOST_GAPS: Final = 200
"""Gaps that are kept one by one, in order; all are counted."""
EDGE: Final = 3600 * NS
"""How near to open and close the bars of a day must come to be the whole of it."""


Cleared = Callable[[date, str], int | None]
"""The cleared volume of a trading day and contract; None where it is not known."""


def nothing_cleared(day: date, contract: str) -> int | None:
    """Without a live feed."""
    return None


def record(
    store: TickStore, symbol: str, day: date, *, now: int, cleared: Cleared = nothing_cleared
) -> DataQuality:
    """Measure a stored or running day and write its row; `now` in UTC ns.

    StoreError when the day is not in the store, damaged, or no trading day.
    """
    return save(measured_row(store, symbol, day, now, cleared))


def measured_row(
    store: TickStore, symbol: str, day: date, now: int, cleared: Cleared
) -> DataQuality:
    """The row, not yet saved."""
    spec = instrument(symbol)
    hours = schedule(spec, "all").day(day)
    if hours is None:
        raise StoreError(f"{symbol} {day}: is no trading day")
    stored = store.read(symbol, day)
    info = stored.info
    running = now < hours.close
    pace = usual_pace(symbol, day, synthetic=info.synthetic)
    found = measure(hours, stored.blocks(), pace, until=now if running else None)
    volume: int | None = None
    said_by = ""
    if not running and info.contract:
        volume, said_by = bar_volume(_bars(store), symbol, info.contract, hours)
        if volume is None and (volume := cleared(day, info.contract)) is not None:
            said_by = CLEARED
    return _row(info, found, volume, said_by, complete=not running)


def save(row: DataQuality) -> DataQuality:
    """Put it in the place of the day's earlier one."""
    key = ("id", "instrument_id", "day", "measured_at")
    names = [field.attname for field in DataQuality._meta.concrete_fields]
    values = {name: getattr(row, name) for name in names if name not in key}
    kept, _ = DataQuality.objects.update_or_create(
        instrument_id=row.instrument_id, day=row.day, defaults=values
    )
    return kept


def usual_pace(symbol: str, day: date, *, synthetic: bool) -> Pace | None:
    """Of the days before this one that have rows, as far as they are whole."""
    rows = DataQuality.objects.filter(
        instrument_id=symbol, day__lt=day, synthetic=synthetic, complete=True,
        coverage__gte=LEAST_COVERAGE,
    )  # fmt: skip
    return usual(list(rows.order_by("-day").values_list("quarters", flat=True)[:MOST_DAYS]))


def bar_volume(
    bars: BarStore, symbol: str, contract: str, day: TradingDay
) -> tuple[int | None, str]:
    """The contract's volume of the day by its bars, and which; None without bars of all of it."""
    for interval in bars.intervals(symbol):
        if interval == "1d":
            continue
        its = bars.read(symbol, interval, start=day.start, end=day.end)
        if not len(its) or its.start[0] > day.open + EDGE or its.start[-1] < day.close - EDGE:
            continue
        mine = its.contract(contract)
        if len(mine):
            return int(mine.volume.sum()), f"bars of {interval}"
    return None, ""


class Recorder:
    """Called with each day that was compacted, in whatever thread; a failure is logged and harms
    nothing else."""

    def __init__(self, store: TickStore, cleared: Cleared = nothing_cleared) -> None:
        self.store = store
        self.cleared = cleared

    def __call__(self, symbol: str, day: date) -> None:
        import time

        close_old_connections()
        try:
            row = record(self.store, symbol, day, now=time.time_ns(), cleared=self.cleared)
            log.info("data_quality", symbol=symbol, day=day.isoformat(), grade=row.grade)
        except (MarketDataError, DatabaseError, OSError) as error:
            log.warning("data_quality_failed", day=day.isoformat(), error=str(error))
        finally:
            close_old_connections()


def _bars(store: TickStore) -> BarStore:
    return BarStore(store.root.parent / "bars")


def _row(
    info: DayInfo, found: Measured, volume: int | None, said_by: str, *, complete: bool
) -> DataQuality:
    verdict = judge(found, volume, info.warnings, cleared=said_by == CLEARED)
    longest = max(found.gaps, key=lambda gap: gap[1] - gap[0], default=None)
    latency = found.latency
    return DataQuality(
        instrument_id=info.symbol,
        day=info.day,
        contract=info.contract,
        source=info.source[:200],
        synthetic=info.synthetic,
        inferred=info.side == "inferred",
        complete=complete,
        until=moment(found.until),
        grade=verdict.grade,
        reasons=list(verdict.reasons),
        ticks=found.ticks,
        volume=found.volume,
        buy_volume=found.buy_volume,
        sell_volume=found.sell_volume,
        unknown_volume=found.unknown_volume,
        first_ns=found.first,
        last_ns=found.last,
        outside=found.outside,
        coverage=found.coverage,
        gap_count=len(found.gaps),
        gap_ns=found.gap_time,
        longest_gap_ns=0 if longest is None else longest[1] - longest[0],
        gaps=[list(gap) for gap in found.gaps[:MOST_GAPS]],
        duplicates=found.duplicates,
        out_of_order=found.out_of_order,
        latest_ns=found.latest,
        bad=dict(found.bad),
        bad_count=found.bad.total(),
        exchange_volume=volume,
        exchange_source=said_by,
        latency_count=0 if latency is None else latency.count,
        latency_median_ns=None if latency is None else latency.median,
        latency_p99_ns=None if latency is None else latency.p99,
        latency_max_ns=None if latency is None else latency.most,
        latency_negative=0 if latency is None else latency.negative,
        quarters=list(found.quarters),
    )
