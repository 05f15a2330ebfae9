"""The trading day's ticks as the engine took them, for who looks at the day in other bars.

- Memory grows by a piece at a time, without copying what is there; a busy day of ES, 700,000 ticks,
  takes 12 MB. The next trading day begins with an empty one.
- Time is the engine's: what a beat or a command had overtaken is clamped or left out here as the
  engine does it, so that an engine that takes these ticks alone makes the same bars.
"""

from typing import Final

import numpy as np

from engine.ticks import MAX_LATE_NS, TickColumns, part

PIECE: Final = 1 << 16
MOST: Final = 1 << 23
"""Ticks of a day that are kept: 140 MB. A day that has more can be shown in its own bars only."""


class DayTicks:
    """Append-only columns in pieces."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.complete = True  # no tick of the day was left out for want of room
        self._pieces: list[TickColumns] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def clear(self) -> None:
        self._pieces.clear()
        self._count = 0
        self.complete = True

    def add(self, ticks: TickColumns, reached: int) -> None:
        """Append; `reached` is the event time that something else than ticks had come to."""
        if len(ticks.ts) and int(ticks.ts.min()) < reached:
            ticks = part(ticks, ticks.ts >= reached - MAX_LATE_NS)
            ticks = ticks._replace(ts=np.maximum(ticks.ts, reached))
        if self._count + len(ticks.ts) > self.most:
            self.complete = False
            return
        at = 0
        while at < len(ticks.ts):
            room = self._count % PIECE
            if room == 0:
                self._pieces.append(_piece())
            taken = min(PIECE - room, len(ticks.ts) - at)
            piece, free, more = self._pieces[-1], slice(room, room + taken), slice(at, at + taken)
            piece.ts[free], piece.price[free] = ticks.ts[more], ticks.price[more]
            piece.size[free], piece.side[free] = ticks.size[more], ticks.side[more]
            self._count += taken
            at += taken

    def after(self, at: int, most: int) -> TickColumns:
        """Up to `most` ticks from number `at` on, without copying; fewer at the end of a piece."""
        piece, start = divmod(at, PIECE)
        stop = min(start + most, PIECE, self._count - piece * PIECE)
        return part(self._pieces[piece], slice(start, stop))


def _piece() -> TickColumns:
    return TickColumns(
        ts=np.empty(PIECE, np.int64),
        price=np.empty(PIECE, np.int32),
        size=np.empty(PIECE, np.int32),
        side=np.empty(PIECE, np.int8),
    )
