"""Files of bars into the bar store.

A file is read some bars at a time and written by period (`store.py`), so that a file of years needs
the memory of one. A file that turns out to be damaged leaves the periods before the damage, which
are whole; importing the file again skips them bar for bar.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from marketdata.bars.ohlcv import OhlcvFile
from marketdata.bars.store import BarStore, Written, period_names
from marketdata.bars.table import Bars, joined
from marketdata.errors import FeedError
from marketdata.feeds import Counts

MAX_PENDING: Final = 4_000_000
"""Bars that are held before they are written, whatever period they are of."""


@dataclass(slots=True)
class Imported:
    """What became of a file's bars."""

    source: str
    symbol: str
    interval: str
    counts: Counts
    written: Written = field(default_factory=Written)


def import_file(
    store: BarStore,
    path: Path,
    symbol: str | None = None,
    *,
    replace: bool = False,
    tell: Callable[[float], None] = lambda _: None,
) -> Imported:
    """Add a file's bars; `tell` hears how much of it is read, 0 to 1.

    FeedError when it is no file of bars, or holds none that can be stored; StoreError when its bars
    differ from those that are there.
    """
    file = OhlcvFile(path, symbol)
    done = Imported(file.source, file.instrument.symbol, file.interval, file.counts)
    pending: list[Bars] = []

    def write() -> None:
        bars = joined(pending)
        pending.clear()
        done.written += store.write(done.symbol, file.interval, bars, file.source, replace=replace)

    for table in file.tables():
        pending.append(table)
        first, last = (period_names(each, file.interval) for each in (pending[0], table))
        if first[0] != last[-1] or sum(map(len, pending)) > MAX_PENDING:
            write()
        tell(file.progress)
    done.counts = file.counts
    write()
    tell(1.0)
    if not file.counts.used:
        raise FeedError(f"{path}: no bar of it can be stored: {_lost(file.counts)}")
    return done


def _lost(counts: Counts) -> str:
    if not counts.read:
        return "it is empty"
    return ", ".join(f"{reason} {n:,}" for reason, n in counts.dropped.items() if n)
