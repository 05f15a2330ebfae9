"""Days of ticks for the quality's tests: a steady tape with what is asked for wrong in it."""

from datetime import date
from decimal import Decimal

import numpy as np

from engine.instruments import instrument
from engine.schedule import TradingDay
from engine.ticks import NS
from marketdata.calendars import schedule
from marketdata.feeds import StoredTicks
from marketdata.store import DayInfo

MINUTE = 60 * NS
DAY = date(2024, 6, 12)


def hours(day: date = DAY, symbol: str = "MES") -> TradingDay:
    found = schedule(instrument(symbol), "all").day(day)
    assert found is not None
    return found


def steady(day: TradingDay, every: int = 2 * NS, *, received: int = 0) -> StoredTicks:
    """A trade each `every` ns of the market's hours; buys and sells in turn, one lot each.
    `received`: how many ns later each came, 0 for not known."""
    ts = np.arange(day.open, day.close, every, dtype=np.int64)
    count = np.arange(len(ts))
    return StoredTicks(
        ts_event=ts,
        ts_recv=ts + received if received else np.zeros(len(ts), np.int64),
        price=(20_000 + count % 5).astype(np.int32),
        size=np.ones(len(ts), np.int32),
        side=np.where(count % 2, 1, -1).astype(np.int8),
        sequence=count + 1,
    )


def without(ticks: StoredTicks, start: int, end: int) -> StoredTicks:
    """As if nothing had come from `start` to before `end`."""
    return ticks.part((ticks.ts_event < start) | (ticks.ts_event >= end))


def day_info(day: date = DAY, symbol: str = "MES", **more: object) -> DayInfo:
    spec = instrument(symbol)
    values = {
        "symbol": symbol, "day": day, "contract": f"{symbol}M4", "tick": spec.tick, "lot": spec.lot,
        "source": "test", "side": "aggressor", "synthetic": False,
    } | more  # fmt: skip
    assert isinstance(values["tick"], Decimal)
    return DayInfo(**values)  # type: ignore[arg-type]
