"""Where to go on after a gap, and which of the replayed trades were there before.

A replay begins `OVERLAP_NS` before the newest trade: several trades share one `ts_event`, a replay
from it begins with all of them, and times may be a little out of order. What is older than that the
engine would refuse as late anyway. So of what is replayed, each trade that we have had is taken out
once: sequence, time, price, size and side together name it, and of trades that are alike in all of
that as many are taken out as we have had.
"""

from collections import Counter, deque
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.ticks import NS

OVERLAP_NS: Final = NS
KEEP_NS: Final = 5 * NS

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Rows = tuple[Ints, Ints, Ints, Ints, Ints]
"""ts_event, sequence, price, size and side, whole numbers of whatever unit, always the same."""


class Resume:
    """Remembers the newest trades."""

    def __init__(self) -> None:
        self._blocks: deque[Rows] = deque()
        self._newest = 0
        self._expected: Counter[tuple[int, ...]] = Counter()
        self._from = 0
        self._until = 0

    @property
    def start(self) -> int | None:
        """Where a replay has to begin (UTC ns); None when nothing was heard yet."""
        return self._newest - OVERLAP_NS if self._newest else None

    def remember(self, rows: Rows) -> None:
        """These were taken."""
        ts = rows[0]
        if not len(ts):
            return
        self._newest = max(self._newest, int(ts.max()))
        self._blocks.append(rows)
        while int(self._blocks[0][0].max()) < self._newest - KEEP_NS:
            self._blocks.popleft()

    def replay(self, start: int) -> None:
        """A replay from `start` on is to come."""
        self._from, self._until = start, self._newest
        self._expected = Counter()
        for block in self._blocks:
            late = block[0] >= start
            self._expected.update(zip(*(column[late].tolist() for column in block), strict=True))

    def new(self, rows: Rows) -> Mask | None:
        """False where a trade was had before; None when none was."""
        ts = rows[0]
        if not self._until or not len(ts) or int(ts.min()) > self._until:
            return None
        new = ts >= self._from
        for i in np.flatnonzero(new & (ts <= self._until)).tolist():
            row = tuple(int(column[i]) for column in rows)
            if self._expected[row] > 0:
                self._expected[row] -= 1
                new[i] = False
        return None if new.all() else new
