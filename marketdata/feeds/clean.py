"""From a source's raw columns to valid tick columns: exact, vectorised, every loss counted.

Prices and quantities arrive as integers of 1e-9 (`nano`), which every source can give exactly, and
leave as whole ticks and lots.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.instruments import NANO, Instrument
from engine.ticks import TickColumns, part
from marketdata.feeds import MAX_EXAMPLES, Counts
from marketdata.feeds.duplicates import Duplicates
from marketdata.sides import TickRule

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

INT32_MAX: Final = 2**31 - 1
UNDEFINED: Final = 2**63 - 1
"""Databento's UNDEF_PRICE."""


@dataclass(slots=True)
class Trades:
    """Trades as a source gives them, columns of equal length."""

    ts: Ints
    price: Ints
    """1e-9 of the currency."""
    size: Ints
    """1e-9 of a contract or coin; whole lots if `lots`."""
    side: npt.NDArray[np.int8]
    sequence: Ints | None = None
    lots: bool = False
    lines: Ints | None = None
    """Where each was found, for the examples of dropped ones."""


class Cleaner:
    """Drops what is no valid trade of the instrument, counting it. One a reading.

    `unique`: a sequence names one trade. `infer`: sides come from the tick rule.
    """

    def __init__(
        self, instrument: Instrument, counts: Counts, *, unique: bool = False, infer: bool = False
    ) -> None:
        self.instrument = instrument
        self.counts = counts
        self._duplicates = Duplicates(unique=unique)
        self._rule = TickRule() if infer else None
        self._lot = int(instrument.lot * NANO)

    def __call__(self, trades: Trades) -> TickColumns:
        """The good ones; `counts.dropped` and `used` grow, the caller counts what is read."""
        price, whole = self.instrument.ticks_from_nano(trades.price)
        size = trades.size if trades.lots else trades.size // self._lot
        even = np.True_ if trades.lots else size * self._lot == trades.size
        good = np.ones(len(price), np.bool_)
        self.drop(
            "price", good, (price > 0) & (price <= INT32_MAX) & (trades.price != UNDEFINED), trades
        )
        self.drop("off_grid", good, whole, trades)
        self.drop("size", good, (size > 0) & (size <= INT32_MAX) & even, trades)
        if trades.sequence is not None:
            new = self._duplicates.new(trades.sequence, trades.ts, price, size, trades.side)
            if new is not None:
                self.drop("duplicate", good, new, trades)
        ticks = TickColumns(trades.ts, price.astype(np.int32), size.astype(np.int32), trades.side)
        if not good.all():
            ticks = part(ticks, good)
        if self._rule is not None:
            ticks = ticks._replace(side=self._rule(ticks.price))
        self.counts.used += len(ticks.ts)
        return ticks

    def drop(self, reason: str, good: Mask, passes: Mask, trades: Trades) -> None:
        """Take what does not pass out of `good`, in place, and count it."""
        if passes.all():
            return
        lost = np.flatnonzero(good & ~passes)
        good &= passes
        if not len(lost):
            return
        self.counts.dropped[reason] += len(lost)
        if trades.lines is not None and reason != "duplicate":
            for line in trades.lines[lost[:MAX_EXAMPLES]].tolist():
                self.counts.example(line, reason)
