"""Bars as CSV: times in UTC, prices and sizes as exact decimals, nothing else.

    start,contract,open,high,low,close,volume
    2024-01-02T14:30:00Z,MCLG4,72.61,72.63,72.60,72.62,113

A back-adjusted series has one column more, `adjustment`: what was added to the prices of the bar.
Bars of trading days have the `day` in place of `start`.
"""

import gzip
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Final, TextIO

import numpy as np
import numpy.typing as npt

from engine.instruments import Instrument
from marketdata.bars.days import trading_days as trading_days_of
from marketdata.bars.table import PRICES, Bars, Ints
from marketdata.calendars import ROLL, new_york
from marketdata.errors import StoreError
from marketdata.store.files import replacing

ENDINGS: Final = (".csv", ".csv.gz")
ROWS: Final = 1 << 16


def target(path: Path) -> Path:
    """The file to write, if it is one that can be; StoreError says what it must be called."""
    if not path.name.endswith(ENDINGS):
        raise StoreError(f"{path}: only CSV is written; name it .csv or .csv.gz")
    if path.is_dir():
        raise StoreError(f"{path}: is a folder; name a file in it")
    return path


def bounds(first: date | None, last: date | None) -> tuple[int | None, int | None]:
    """When the trading days from `first` to `last` trade, UTC ns; None where there is no bound."""
    return (
        None if first is None else new_york(first - timedelta(days=1), ROLL),
        None if last is None else new_york(last, ROLL),
    )


def write_csv(
    path: Path,
    bars: Bars,
    spec: Instrument,
    added: Ints | None = None,
    *,
    trading_days: bool = False,
) -> None:
    """The whole file, or none; StoreError when it cannot be written."""
    names = ["day" if trading_days else "start", "contract", *PRICES, "volume"] + ["adjustment"] * (
        added is not None
    )
    with replacing(path) as unfinished, _opened(unfinished, path.name.endswith(".gz")) as out:
        out.write(",".join(names) + "\n")
        for begin in range(0, len(bars), ROWS):
            some = bars.part(slice(begin, begin + ROWS))
            columns = [
                _days(spec.symbol, some) if trading_days else _times(some.start),
                [some.contracts[i] for i in some.which.tolist()],
                *(_decimals(getattr(some, name), spec.tick) for name in PRICES),
                _decimals(some.volume, spec.lot),
            ]
            if added is not None:
                columns.append(_decimals(added[begin : begin + ROWS], spec.tick))
            out.writelines(",".join(row) + "\n" for row in zip(*columns, strict=True))


@contextmanager
def _opened(path: Path, packed: bool) -> Iterator[TextIO]:
    with path.open("wb") as file:
        if not packed:
            with io.TextIOWrapper(file, "ascii", newline="") as text:
                yield text
            return
        # Without name and time the same bars are the same bytes.
        with (
            gzip.GzipFile("", "wb", 6, file, mtime=0) as squeezed,
            io.TextIOWrapper(squeezed, "ascii", newline="") as text,
        ):
            yield text


def _times(ns: Ints) -> list[str]:
    seconds = ns.astype("datetime64[ns]").astype("datetime64[s]")
    return [f"{text}Z" for text in np.datetime_as_string(seconds).tolist()]


def _days(symbol: str, bars: Bars) -> list[str]:
    found = trading_days_of(symbol, bars)
    texts = [day.day.isoformat() for day in found.days]
    return [texts[i] for i in found.of.tolist()]


def _decimals(counts: npt.NDArray[np.integer], step: Decimal) -> list[str]:
    """Counts of a step as text, each different one computed once."""
    different, where = np.unique(counts, return_inverse=True)
    texts = [f"{int(count) * step:f}" for count in different.tolist()]
    return [texts[i] for i in where.tolist()]
