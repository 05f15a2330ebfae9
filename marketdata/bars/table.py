"""OHLCV bars as columns: exact integers, several contracts in one table.

>>> bars = Bars.of("MCLF4", start=[0, 60 * NS], open=[7123, 7124], high=[7125, 7126],
...                low=[7120, 7124], close=[7124, 7126], volume=[12, 3])
>>> len(bars), bars.contracts
(2, ('MCLF4',))
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from engine.ticks import NS

Ints = npt.NDArray[np.int64]
Prices = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

Interval = Literal["1s", "1m", "1h", "1d"]
INTERVALS: Final[dict[str, int]] = {"1s": NS, "1m": 60 * NS, "1h": 3600 * NS, "1d": 86400 * NS}
"""How long a bar is, ns. A stored bar of 1d is a day of UTC, as Databento cuts them."""

PRICES: Final = ("open", "high", "low", "close")
COLUMNS: Final = ("which", "start", *PRICES, "volume")


@dataclass(frozen=True, slots=True)
class Bars:
    """Columns of equal length. A bar is [start, start + interval); one without trades is not there.

    Prices may be zero or below: crude was, and an adjusted series may be.
    """

    contracts: tuple[str, ...]
    which: Prices
    """Index into `contracts`."""
    start: Ints
    """UTC ns."""
    open: Prices
    high: Prices
    low: Prices
    close: Prices
    volume: Ints
    """Lots."""

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def of(cls, contract: str, **columns: Sequence[int] | npt.NDArray[np.int64]) -> "Bars":
        """Bars of one contract."""
        start, volume = (np.asarray(columns[name], np.int64) for name in ("start", "volume"))
        prices = (np.asarray(columns[name], np.int32) for name in PRICES)
        which = np.zeros(len(start), np.int32)
        return bars_of((contract,), which, start, *prices, volume)

    def part(self, which: slice | Mask | Ints) -> "Bars":
        """Some of the bars; all contracts keep their number."""
        return bars_of(self.contracts, *(getattr(self, name)[which] for name in COLUMNS))

    def contract(self, name: str) -> "Bars":
        """Those of one contract; none when there are none."""
        if name not in self.contracts:
            return self.part(slice(0, 0))
        return self.part(self.which == self.contracts.index(name))

    def shifted(self, ticks: Ints) -> "Bars":
        """With so many ticks added to the prices of each bar."""
        moved = (_prices(getattr(self, name) + ticks) for name in PRICES)
        return bars_of(self.contracts, self.which, self.start, *moved, self.volume)


def bars_of(contracts: tuple[str, ...], *columns: npt.NDArray[Any]) -> Bars:
    """From columns in the order of COLUMNS."""
    which, start, opens, highs, lows, closes, volume = columns
    return Bars(contracts, which, start, opens, highs, lows, closes, volume)


def _prices(ticks: Ints) -> Prices:
    prices = ticks.astype(np.int32)
    if (prices != ticks).any():
        raise OverflowError("a price does not fit into 32 bits of ticks")
    return prices


NO_BARS: Final = Bars.of("", **dict.fromkeys(COLUMNS[1:], ()))


def joined(tables: Iterable[Bars]) -> Bars:
    """All of them, ordered by start and contract; of equal ones the order stays."""
    tables = [table for table in tables if len(table)]
    if not tables:
        return NO_BARS
    used = {name for table in tables for name in _used(table)}
    names = tuple(sorted(used))
    number = {name: i for i, name in enumerate(names)}
    which = [
        np.array([number.get(name, -1) for name in table.contracts], np.int32)[table.which]
        for table in tables
    ]
    columns = [np.concatenate([getattr(table, name) for table in tables]) for name in COLUMNS[1:]]
    together = Bars(names, np.concatenate(which), *columns)
    return together.part(np.lexsort((together.which, together.start)))


def _used(table: Bars) -> list[str]:
    return [table.contracts[i] for i in np.unique(table.which).tolist()]


def repeated(bars: Bars) -> Mask:
    """Where a bar of `joined` has the same contract and start as the one before it."""
    same = np.zeros(len(bars), np.bool_)
    same[1:] = (bars.start[1:] == bars.start[:-1]) & (bars.which[1:] == bars.which[:-1])
    return same


def equal_rows(bars: Bars) -> Mask:
    """Where a bar equals the one before it in all columns."""
    same = repeated(bars)
    for name in COLUMNS[2:]:
        column = getattr(bars, name)
        same[1:] &= column[1:] == column[:-1]
    return same
