"""Minute bars as Polygon sent them, in exact integers; what cannot be one is refused.

Prices come as JSON numbers and are read as Decimals (`client.py`), never as floats. They are kept
in 1e-9 of a dollar: trades between the cents are common, and a VWAP has four places and more.
"""

from collections.abc import Iterable, Mapping
from datetime import date, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.instruments import NANO
from engine.ticks import MAX_TS
from engine.times import time_text
from marketdata.calendars import new_york
from marketdata.errors import FeedError
from marketdata.feeds.polygon.ticks import MINUTE_NS

Ints = npt.NDArray[np.int64]

MS_NS: Final = 1_000_000
MOST_PRICE: Final = 2**31 // 100  # whole cents are int32
MOST_VOLUME: Final = 2**31 - 1  # of one trade, if need be
MOST_TRANSACTIONS: Final = 2**31


class Minutes(NamedTuple):
    """Columns of equal length, ascending. `volume` in 1e-9 shares; `vwap` and `transactions` are 0
    where they were not said."""

    ts: Ints
    """Start, UTC ns."""
    open: Ints
    """Prices in 1e-9 dollars, as all that follow up to `vwap`."""
    high: Ints
    low: Ints
    close: Ints
    vwap: Ints
    volume: Ints
    transactions: Ints

    def part(self, which: slice | npt.NDArray[np.bool_]) -> "Minutes":
        """Some of the minutes."""
        return Minutes(*(column[which] for column in self))


FIELDS: Final = (
    # our name, the API's, the largest value, the unit, whether it may be missing
    ("open", "o", MOST_PRICE, NANO, False),
    ("high", "h", MOST_PRICE, NANO, False),
    ("low", "l", MOST_PRICE, NANO, False),
    ("close", "c", MOST_PRICE, NANO, False),
    ("vwap", "vw", MOST_PRICE, NANO, True),
    ("volume", "v", MOST_VOLUME, NANO, False),
    ("transactions", "n", MOST_TRANSACTIONS, 1, True),
)


def minutes_of(rows: Iterable[Mapping[str, Any]], symbol: str, day: date) -> Minutes:
    """The bars of one calendar day in New York, from the API's rows; FeedError names what is wrong
    in which of them."""
    first, last = _bounds(day)
    columns: dict[str, list[int]] = {name: [] for name in Minutes._fields}
    for number, row in enumerate(rows, 1):
        where = f"Polygon's bar {number} of {symbol} on {day}"
        ts = _time(row.get("t"), where)
        if not first <= ts < last:
            raise FeedError(f"{where} is of {time_text(ts)}, another day; ask again")
        if columns["ts"] and ts <= columns["ts"][-1]:
            raise FeedError(f"{where} is of {time_text(ts)}, out of order; ask again")
        columns["ts"].append(ts)
        for name, key, most, unit, optional in FIELDS:
            value = row.get(key)
            if value is None and optional:
                columns[name].append(0)
                continue
            columns[name].append(_number(value, f"{where}: {name}", most, unit))
    return Minutes(*(np.array(columns[name], np.int64) for name in Minutes._fields))


def _bounds(day: date) -> tuple[int, int]:
    return new_york(day, time()), new_york(day + timedelta(days=1), time())


def _time(value: object, where: str) -> int:
    """UTC ns of the milliseconds at which a minute starts."""
    if type(value) is not int or not 0 < value < MAX_TS // MS_NS or value * MS_NS % MINUTE_NS:
        raise FeedError(f"{where} has the time {_shown(value)}, which starts no minute; ask again")
    return value * MS_NS


def _number(value: object, what: str, most: int, unit: int) -> int:
    """The number in whole units; what is finer is rounded to the nearest, halves to even."""
    if type(value) not in (int, Decimal) or not 0 <= value <= most:  # type: ignore[operator]
        raise FeedError(f"{what} is {_shown(value)}, which it cannot be; ask again")
    if type(value) is int:
        return value * unit
    return int((Decimal(value) * unit).to_integral_value(ROUND_HALF_EVEN))  # type: ignore[arg-type]


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:40]
