"""The trades themselves, for the page's time and sales, and how far they went for and against us.

Both see every block of ticks that the engine took, right after it, and then its events; both cost
microseconds and keep a bounded number of ticks. Ticks that the engine dropped count for neither: a
`TickDropped` names one by its position among all that the engine was given.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

import numpy as np

from engine.events import Event, Filled, TickDropped, TradeClosed
from engine.ticks import TickColumns, part
from trading import wire

MOST_PRINTS: Final = 300
"""Trades of one message: more than anybody reads in a tenth of a second."""


class Prints:
    """The newest trades since the last message."""

    def __init__(self) -> None:
        self._blocks: deque[tuple[int, TickColumns]] = deque()  # each with its first position
        self._kept = 0
        self._given = 0
        self._since = 0  # position of the first trade that no message told
        self._dropped: deque[int] = deque(maxlen=MOST_PRINTS)
        self._dropped_since = 0

    def take(self, ticks: TickColumns) -> None:
        """A block that the engine took."""
        count = len(ticks.ts)
        first = self._given
        self._given += count
        if count > MOST_PRINTS:
            first, ticks = self._given - MOST_PRINTS, part(ticks, slice(-MOST_PRINTS, None))
        self._blocks.append((first, ticks))
        self._kept += len(ticks.ts)
        while self._kept - len(self._blocks[0][1].ts) >= MOST_PRINTS:
            self._kept -= len(self._blocks.popleft()[1].ts)

    def dropped(self, position: int) -> None:
        """The engine dropped the tick at this position."""
        if position >= self._since:
            self._dropped.append(position)
            self._dropped_since += 1

    def message(self, account: str) -> list[wire.Json]:
        """What a page is told of them, oldest first, or nothing; each trade is told once."""
        total = self._given - self._since - self._dropped_since
        if self._given == self._since:
            return []
        bad = set(self._dropped)
        prints: list[list[int]] = []
        for first, ticks in self._blocks:
            times = (ticks.ts // wire.MS).tolist()
            rows = zip(
                times, ticks.price.tolist(), ticks.size.tolist(), ticks.side.tolist(), strict=True
            )
            prints += [list(row) for at, row in enumerate(rows, first) if at not in bad]
        self._blocks.clear()
        self._kept = 0
        self._dropped.clear()
        self._dropped_since = 0
        self._since = self._given
        prints = prints[-MOST_PRINTS:]
        if not prints:
            return []
        return [
            {
                "type": "prints",
                "account_name": account,
                "prints": prints,
                "left_out": max(total - len(prints), 0),
            }
        ]


class Excursion:
    """How far the market went against the open position and in its favour, in whole ticks."""

    def __init__(self) -> None:
        self._given = 0
        self._block: tuple[int, TickColumns] | None = None  # the last one: its events may yet come
        self._dropped: list[int] = []
        self._opened: int | None = None  # when the first entry filled
        self._direction = 0
        self._entered = self._notional = 0
        self._low: int | None = None
        self._high: int | None = None

    def take(self, ticks: TickColumns) -> None:
        """A block that the engine took."""
        self._fold()
        self._block = (self._given, ticks)
        self._given += len(ticks.ts)

    def see(self, events: Sequence[Event]) -> None:
        """What the engine said of the last block."""
        for event in events:
            match event:
                case TickDropped(position=position):
                    self._dropped.append(position)
                case Filled(ts=ts, role="entry", fill=fill, side=side):
                    if self._opened is None:
                        self._opened, self._direction = ts, side
                    self._entered += fill.size
                    self._notional += fill.price * fill.size
                case TradeClosed():
                    self._opened = self._low = self._high = None
                    self._entered = self._notional = 0

    def ticks(self) -> tuple[int, int] | None:
        """Against and in favour, each at least 0; None while nothing is held."""
        self._fold()
        if self._opened is None or self._low is None or self._high is None:
            return None if self._opened is None else (0, 0)
        away = (
            self._low * self._entered - self._notional,
            self._high * self._entered - self._notional,
        )
        below, above = (max(-away[0], 0), max(away[1], 0))
        against, favour = (below, above) if self._direction > 0 else (above, below)
        return against // self._entered, favour // self._entered

    def _fold(self) -> None:
        """Look at the last block, of which all is known by now."""
        if self._block is not None and self._opened is not None:
            first, ticks = self._block
            counts = ticks.ts > self._opened
            bad = [at - first for at in self._dropped if first <= at < first + len(ticks.ts)]
            counts[bad] = False
            prices = ticks.price[counts]
            if len(prices):
                low, high = int(np.min(prices)), int(np.max(prices))
                self._low = low if self._low is None else min(self._low, low)
                self._high = high if self._high is None else max(self._high, high)
        self._block = None
        self._dropped.clear()
