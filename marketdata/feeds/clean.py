"""From a source's raw columns to valid tick columns: exact, vectorised, every loss counted.

Prices and quantities arrive as integers of 1e-9 (`nano`), which every source can give exactly, and
leave as whole ticks and lots.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.instruments import NANO, Instrument
from engine.ticks import TickColumns, part
from marketdata.feeds import MAX_EXAMPLES, Counts, StoredTicks
from marketdata.feeds.duplicates import Duplicates
from marketdata.sides import Inference, TickRule, from_quotes

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
    received: Ints | None = None
    """UTC ns; 0 where the source does not say."""
    bid: Ints | None = None
    ask: Ints | None = None
    """The quotes beside each trade, in the unit of the price."""

    def part(self, which: Mask) -> "Trades":
        """Some of the trades, copied."""
        return replace(
            self,
            **{
                name: value[which] for name in COLUMNS if (value := getattr(self, name)) is not None
            },
        )


COLUMNS: Final = (
    "ts", "price", "size", "side", "sequence", "lines", "received", "bid", "ask",
)  # fmt: skip


class Cleaner:
    """Drops what is no valid trade of the instrument, counting it. One a reading.

    `unique`: a sequence names one trade; None: duplicates are gone already. `infer`: where sides
    come from, if not from the source.
    """

    def __init__(
        self,
        instrument: Instrument,
        counts: Counts,
        *,
        unique: bool | None = False,
        infer: Inference | None = None,
    ) -> None:
        self.instrument = instrument
        self.counts = counts
        self._duplicates = None if unique is None else Duplicates(unique=unique)
        self._infer = infer
        self._rule = TickRule() if infer == "tick-rule" else None
        self._lot = int(instrument.lot * NANO)

    def __call__(self, trades: Trades) -> TickColumns:
        """The good ones; `counts.dropped` and `used` grow, the caller counts what is read."""
        return self._clean(trades)[0]

    def stored(self, trades: Trades) -> StoredTicks:
        """The good ones with everything that the store keeps of them."""
        ticks, good = self._clean(trades)
        more = [
            np.zeros(len(ticks.ts), np.int64) if column is None
            else column if good is None
            else column[good]
            for column in (trades.received, trades.sequence)
        ]  # fmt: skip
        return StoredTicks(ticks.ts, more[0], ticks.price, ticks.size, ticks.side, more[1])

    def _clean(self, trades: Trades) -> tuple[TickColumns, Mask | None]:
        """The good ones, and which they are; None: all."""
        price, whole = self.instrument.ticks_from_nano(trades.price)
        size = trades.size if trades.lots else trades.size // self._lot
        even = np.True_ if trades.lots else size * self._lot == trades.size
        good = np.ones(len(price), np.bool_)
        self.drop(
            "price", good, (price > 0) & (price <= INT32_MAX) & (trades.price != UNDEFINED), trades
        )
        self.drop("off_grid", good, whole, trades)
        self.drop("size", good, (size > 0) & (size <= INT32_MAX) & even, trades)
        if trades.sequence is not None and self._duplicates is not None:
            new = self._duplicates.new(trades.sequence, trades.ts, price, size, trades.side)
            if new is not None:
                self.drop("duplicate", good, new, trades)
        side = trades.side
        if self._infer == "quotes" and trades.bid is not None and trades.ask is not None:
            side = from_quotes(trades.price, trades.bid, trades.ask)
        ticks = TickColumns(trades.ts, price.astype(np.int32), size.astype(np.int32), side)
        all_good = bool(good.all())
        if not all_good:
            ticks = part(ticks, good)
        if self._rule is not None:
            ticks = ticks._replace(side=self._rule(ticks.price))
        self.counts.used += len(ticks.ts)
        return ticks, None if all_good else good

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
