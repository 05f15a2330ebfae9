"""The TICK record, and what a valid tick is.

A tick is one trade. Sources convert to this record at the edge (exact integers, selected
contract, duplicates removed); what reaches the engine and is still bad is dropped there,
counted, and reported as an event with its reason. A tick is bad when

    price    price <= 0
    size     size <= 0
    side     side is not -1, 0 or +1
    time     its time is before 1970 or after 2116
    late     its time is more than 1 s before the time already reached
    jump     its price is more than 5 % away from the previous good tick's
    range    it would make the bar wider than MAX_LADDER prices

Sums over a trading day (volume, price x size) are 64-bit integers. The largest that is known, a day
of Bitcoin on a spot market in ticks of 0.01 and lots of 0.00001, needs 56 bits.

Smaller reorderings are kept in arrival order with the time clamped. A real gap of more than
5 % would make every later tick bad: after RELEVEL_AFTER jumps in a row that agree with each
other, the last of them is taken as the new level.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

NS: Final = 1_000_000_000
MAX_LATE_NS: Final = NS
MAX_TS: Final = 1 << 62
MAX_JUMP: Final = 20  # one part in twenty: 5 %
RELEVEL_AFTER: Final = 5
MAX_LADDER: Final = 1 << 20

BUY: Final = 1
SELL: Final = -1
NONE: Final = 0

TICK: Final = np.dtype(
    [("ts", np.int64), ("price", np.int32), ("size", np.int32), ("side", np.int8)], align=True
)
"""ts: UTC ns; price: ticks; size: lots; side: aggressor (+1 buy, -1 sell, 0 none)."""

ONE_TICK: Final = Struct("qiib0q")
"""The bytes of one TICK as its four numbers; "0q" stands for what fills it up."""

TickArray = npt.NDArray[np.void]

DROP_REASONS: Final = ("price", "size", "side", "time", "late", "jump", "range")


class TickColumns(NamedTuple):
    """The same ticks as contiguous columns of equal length: the fast way into the engine."""

    ts: npt.NDArray[np.int64]
    price: npt.NDArray[np.int32]
    size: npt.NDArray[np.int32]
    side: npt.NDArray[np.int8]

    def records(self) -> TickArray:
        """Copy into one TICK array."""
        ticks = np.zeros(len(self.ts), TICK)
        ticks["ts"], ticks["price"], ticks["size"], ticks["side"] = self
        return ticks


def columns(ticks: TickArray) -> TickColumns:
    """Copy a TICK array into contiguous columns."""
    return TickColumns(*(np.ascontiguousarray(ticks[name]) for name in TickColumns._fields))


def joined(blocks: Iterable[TickColumns]) -> TickColumns:
    """Blocks as one, copied."""
    return TickColumns(*(np.concatenate(column) for column in zip(*blocks, strict=True)))


def part(ticks: TickColumns, which: slice | npt.NDArray[np.bool_]) -> TickColumns:
    """Some of the ticks: a slice does not copy, a mask does."""
    return TickColumns(ticks.ts[which], ticks.price[which], ticks.size[which], ticks.side[which])
