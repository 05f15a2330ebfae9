"""Finds trades that were seen before, as when a recording contains a replay after a reconnect.

Two kinds of sequence:

- One number a trade (Binance's trade id): a number that was seen is a duplicate.
- One number a packet (CME): several trades share it, and two of them may be alike in everything,
  being two orders that traded the same. So a trade is a duplicate only when sequences have fallen
  back and an equal one, not yet matched in this replay, was seen before.

A sequence of 0 says nothing. A venue that begins anew (CME does every week) falls back without a
match and is followed; sequences that fall again and again without one are no sequences. The usual
case, sequences that only grow, costs two comparisons a block.
"""

from collections import Counter
from typing import Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Row = tuple[int, ...]

MEMORY: Final = 1 << 20
"""Trades that are remembered: many times what a venue replays."""

NEW_COUNT_AFTER: Final = 64
"""Trades in a row that match nothing: no replay, the venue counts anew."""

VAIN_FALLS: Final = 16


class Duplicates:
    """Remembers the trades of one reading. `unique`: a sequence belongs to one trade only."""

    def __init__(self, *, unique: bool = False) -> None:
        self.unique = unique
        self._blocks: list[tuple[Ints, ...]] = []
        self._held = 0
        self._highest = 0
        self._previous = 0
        self._seen: Counter[Row] | None = None
        self._unmatched: Counter[Row] | None = None
        self._misses = 0
        self._vain_falls = 0

    def new(
        self, sequence: Ints, ts: Ints, price: Ints, size: Ints, side: npt.NDArray[np.int8]
    ) -> Mask | None:
        """False where a trade is a duplicate; None when none is."""
        if not len(sequence) or self._vain_falls > VAIN_FALLS:
            return None
        rows = (sequence,) if self.unique else (sequence, ts, price, size, side.astype(np.int64))
        least = int(np.diff(sequence).min(initial=1))
        step = min(least, int(sequence[0]) - self._highest)
        if step > 0 or (step == 0 and not self.unique and self._unmatched is None):
            new = None
            self._seen = None  # rebuilt when sequences next fall: cheaper than keeping it up
            self._highest = int(sequence.max())
        else:
            new = self._look(rows)
        self._previous = int(sequence[-1])
        self._remember(rows if new is None else tuple(column[new] for column in rows))
        return None if new is None or new.all() else new

    def _look(self, rows: tuple[Ints, ...]) -> Mask:
        seen = self._memory()
        new = np.ones(len(rows[0]), np.bool_)
        for i, row in enumerate(zip(*(column.tolist() for column in rows), strict=True)):
            if row[0]:
                new[i] = row not in seen if self.unique else self._is_new(row, seen)
                seen[row] += int(new[i])
            self._highest = max(self._highest, row[0])
            self._previous = row[0]
        return new

    def _is_new(self, row: Row, seen: Counter[Row]) -> bool:
        sequence = row[0]
        if sequence > self._highest:
            self._unmatched = None
        elif sequence < self._previous:
            if self._vain_falls > VAIN_FALLS:
                return True
            self._unmatched = seen.copy()
            self._misses = 0
            self._vain_falls += 1
        if self._unmatched is None:
            return True
        if self._unmatched[row] > 0:
            self._unmatched[row] -= 1
            self._misses = self._vain_falls = 0
            return False
        self._misses += 1
        if self._misses == NEW_COUNT_AFTER:
            self._unmatched = None
            self._highest = sequence
            self._vain_falls = 0
        return True

    def _memory(self) -> Counter[Row]:
        if self._seen is None:
            self._seen = Counter()
            for block in self._blocks:
                self._seen.update(zip(*(column.tolist() for column in block), strict=True))
        return self._seen

    def _remember(self, rows: tuple[Ints, ...]) -> None:
        self._blocks.append(rows)
        self._held += len(rows[0])
        while self._held - len(self._blocks[0][0]) > MEMORY:
            self._held -= len(self._blocks.pop(0)[0])
        if self._seen is not None and len(self._seen) > 4 * MEMORY:
            self._seen = None
