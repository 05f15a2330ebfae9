"""From a source's raw columns to valid tick columns: exact, vectorised, every loss counted.

Prices and quantities arrive as integers of 1e-9 (`nano`), which every source can give exactly, and
leave as whole ticks and lots.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.instruments import NANO, Instrument
from engine.ticks import TickColumns
from marketdata.feeds import Counts
from marketdata.feeds.duplicates import Duplicates

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

INT32_MAX: Final = 2**31 - 1
UNDEFINED: Final = 2**63 - 1
"""Databento's UNDEF_PRICE; we use it for any value that could not be had."""


@dataclass(slots=True)
class Trades:
    """Trades as a source gives them, columns of equal length. Lots may be given instead of nano."""

    ts: Ints
    price: Ints
    """1e-9 of the currency."""
    size: Ints
    """1e-9 of a contract or coin; or lots, see `lots`."""
    side: npt.NDArray[np.int8]
    sequence: Ints | None = None
    lots: bool = False


def grid(nano: Ints, step: int) -> tuple[Ints, Mask]:
    """Whole steps in each value, and where that is exact."""
    count = nano // step
    return count, count * step == nano


class Cleaner:
    """Drops what is no valid trade of the instrument. `unique`: a sequence names one trade."""

    def __init__(self, instrument: Instrument, counts: Counts, *, unique: bool = False) -> None:
        self.instrument = instrument
        self.counts = counts
        self.duplicates = Duplicates(unique=unique)
        self._lot = int(instrument.lot * NANO)

    def __call__(self, trades: Trades) -> TickColumns:
        """The good ones. `counts.dropped` and `counts.used` grow; the caller counts what is read."""
        ticks, whole = self.instrument.ticks_from_nano(trades.price)
        if trades.lots:
            lots, even = trades.size, None
        else:
            lots, even = grid(trades.size, self._lot)
        reasons: list[tuple[str, Mask]] = [
            ("price", (ticks > 0) & (ticks <= INT32_MAX) & (trades.price != UNDEFINED)),
            ("off_grid", whole),
            ("size", (lots > 0) & (lots <= INT32_MAX)),
        ]
        if even is not None:
            reasons.append(("size", even))
        good = np.ones(len(ticks), np.bool_)
        for reason, passes in reasons:
            if not passes.all():
                self._drop(reason, int(np.count_nonzero(good & ~passes)))
                good &= passes
        if trades.sequence is not None:
            new = self.duplicates.new(trades.sequence, trades.ts, ticks, lots, trades.side)
            if new is not None:
                self._drop("duplicate", int(np.count_nonzero(good & ~new)))
                good &= new
        columns = TickColumns(
            trades.ts, ticks.astype(np.int32), lots.astype(np.int32), trades.side
        )
        if not good.all():
            columns = TickColumns(*(column[good] for column in columns))
        else:
            columns = TickColumns(*(np.ascontiguousarray(column) for column in columns))
        self.counts.used += len(columns.ts)
        return columns

    def _drop(self, reason: str, n: int) -> None:
        if n:
            self.counts.dropped[reason] += n
