"""Small tables and files of bars."""

from collections.abc import Sequence
from datetime import date, time, timedelta
from pathlib import Path

import databento_dbn as dbn
import zstandard

from engine.ticks import NS
from marketdata.bars.table import Bars, joined
from marketdata.calendars import new_york
from tests.marketdata.files import Interval, Mapping, encode_metadata

MINUTE = 60 * NS
RTYPES = {"1s": 0x20, "1m": 0x21, "1h": 0x22, "1d": 0x23}
MONDAY = date(2024, 6, 10)


def noon(day: date) -> int:
    return new_york(day, time(12))


def bar(contract: str, day: date, close: int, volume: int, *, minute: int = 0) -> Bars:
    """A bar of a minute, so many minutes after the day's noon; it moved one tick up."""
    start = noon(day) + minute * MINUTE
    return Bars.of(
        contract, start=[start], open=[close - 1], high=[close], low=[close - 1], close=[close],
        volume=[volume],
    )  # fmt: skip


def week(**volumes: Sequence[int]) -> Bars:
    """A bar a day and contract from a Monday on, by daily volume; 0 is no bar. Each contract trades
    ten ticks above the one named before it."""
    return joined(
        bar(name, MONDAY + timedelta(days=i + 2 * (i // 5)), 7000 + 10 * place + i, volume)
        for place, (name, its) in enumerate(volumes.items())
        for i, volume in enumerate(its)
        if volume
    )


def record(
    start: int, prices: tuple[int, int, int, int], volume: int, number: int = 1, kind: str = "1m"
) -> dbn.OHLCVMsg:
    """A record with prices in 1e-9."""
    opened, high, low, close = prices
    return dbn.OHLCVMsg(
        rtype=RTYPES[kind], publisher_id=1, instrument_id=number, ts_event=start,
        open=opened, high=high, low=low, close=close, volume=volume,
    )  # fmt: skip


def file(
    path: Path,
    records: Sequence[dbn.OHLCVMsg],
    symbols: dict[str, int | list[tuple[int, date, date]]],
    schema: str = "ohlcv-1m",
) -> Path:
    """A DBN file in zstd. A symbol has one id, or one from each date to another."""
    forever = [(0, date(2000, 1, 1), date(2100, 1, 1))]
    mappings = [
        Mapping(
            name,
            [
                Interval(first, end, str(number or ids))
                for number, first, end in (ids if isinstance(ids, list) else forever)
            ],
        )
        for name, ids in symbols.items()
    ]
    metadata = encode_metadata(schema, mappings)
    content = metadata.encode() + b"".join(bytes(each) for each in records)
    path.write_bytes(zstandard.compress(content))
    return path
