"""The engine of one stretch, pushed to a place in it. It only goes on; back means another one.

An engine says the same whatever the pieces in which it is given its inputs, so a place that was
played to is the place that was jumped to.
"""

from collections.abc import Callable, Sequence

from engine.engine import Engine
from engine.events import Event
from engine.ticks import TickColumns, part
from trading.pipeline.core import Core, WarmUp
from trading.pipeline.stream import SLICE_TICKS
from trading.player.day import Stretch

Hear = Callable[[Sequence[Event]], None]
Saw = Callable[[TickColumns], None]


def never() -> bool:
    """Nothing overtakes this."""
    return False


class Machine:
    """`saw` is handed each piece of ticks right after the engine took it."""

    def __init__(self, stretch: Stretch, saw: Saw | None = None) -> None:
        self.stretch = stretch
        self.saw = saw
        self.engine = Engine(
            stretch.config, stretch.schedule, carry=stretch.carry, simulated=stretch.simulated
        )
        warm = (cut.item for cut in stretch.cuts if isinstance(cut.item, WarmUp))
        first = next(warm, None)
        self.engine.warming = first is not None and not first.on
        self._core = Core(self.engine)
        self.pushed = 0
        self.finished = False
        self._cut = 0

    def to(self, ticks: int, ts: int, hear: Hear, overtaken: Callable[[], bool] = never) -> bool:
        """Push on to where `ticks` ticks have come and it is `ts`; False when that was overtaken.

        Ticks go in small pieces, so that whatever else this process does gets its turn.
        """
        if self.finished:
            return True
        stretch = self.stretch
        for cut in stretch.cuts[self._cut :]:
            if cut.index > ticks or cut.ts > ts:
                break
            if not self._push(cut.index, hear, overtaken):
                return False
            self._cut += 1
            hear(self._core.act(cut.item))
        if not self._push(ticks, hear, overtaken):
            return False
        hear(self.engine.beat(ts))
        if stretch.finished and ticks == stretch.count and ts >= stretch.ends:
            self.finished = True
            hear(self.engine.finish())
        return True

    def whole(self, hear: Hear) -> None:
        """Push all there is."""
        self.to(self.stretch.count, self.stretch.ends, hear)

    def _push(self, ticks: int, hear: Hear, overtaken: Callable[[], bool]) -> bool:
        while self.pushed < ticks:
            if overtaken():
                return False
            end = min(self.pushed + SLICE_TICKS, ticks)
            piece = part(self.stretch.ticks, slice(self.pushed, end))
            events = self.engine.push_columns(piece)
            self.pushed = end
            if self.saw is not None:
                self.saw(piece)
            if events:
                hear(events)
        return True
