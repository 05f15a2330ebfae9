"""A stream of ticks cut into trading days, a piece at a time."""

from collections.abc import Iterable, Iterator

import numpy as np

from engine.schedule import TradingDay
from engine.ticks import MAX_LATE_NS
from marketdata.calendars import CalendarSchedule
from marketdata.feeds import StoredTicks

Piece = tuple[TradingDay, StoredTicks]


def by_day(blocks: Iterable[StoredTicks], schedule: CalendarSchedule) -> Iterator[Piece]:
    """Pieces of one trading day each, in the order of the ticks; no piece empty."""
    for block in blocks:
        rest = block
        while len(rest.ts_event):
            day = schedule.at(int(rest.ts_event[0]))
            if rest.ts_event.min() >= day.start and rest.ts_event.max() < day.end:
                yield day, rest
                break
            inside = (rest.ts_event >= day.start) & (rest.ts_event < day.end)
            cut = int(np.argmin(inside))
            yield day, rest.part(slice(cut))
            rest = rest.part(slice(cut, None))


class DayStream:
    """The days of a stream one after the other, each as its own iterator.

    A tick may come up to MAX_LATE_NS after ticks of the next day, which are held until it is asked
    for.
    """

    def __init__(self, blocks: Iterable[StoredTicks], schedule: CalendarSchedule) -> None:
        self._pieces = by_day(blocks, schedule)
        self._held: list[Piece] = []

    def of(self, day: TradingDay) -> Iterator[StoredTicks]:
        """The ticks of a day; days before it are passed over and cannot be asked for any more."""
        held, self._held = self._held, []
        for piece in held:
            yield from self._ours(piece, day)
        if any(self._over(piece, day) for piece in self._held):
            return
        for piece in self._pieces:
            yield from self._ours(piece, day)
            if self._over(piece, day):
                return

    def _ours(self, piece: Piece, day: TradingDay) -> Iterator[StoredTicks]:
        if piece[0].start == day.start:
            yield piece[1]
        elif piece[0].start > day.start:
            self._held.append(piece)

    @staticmethod
    def _over(piece: Piece, day: TradingDay) -> bool:
        """Whether nothing of the day can come after this."""
        return bool(piece[1].ts_event.max() >= day.end + MAX_LATE_NS)
