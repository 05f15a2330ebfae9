"""A replay's market in other bars than the session traded: at the same moment, from the same ticks.

Used from one thread at a time, as the playback is.
"""

from collections.abc import Callable
from typing import Final

from engine.ticks import part
from trading.bar_views import BarView
from trading.pipeline.core import WarmUp
from trading.pipeline.stream import SLICE_TICKS
from trading.pipeline.view import View
from trading.player.day import Day, Place, Stretch
from trading.player.machine import never

OVER: Final = WarmUp(False)
"""The warm-up of the start is over."""


class OtherBars:
    """What one page looks at; `messages` are JSON text as the live page gets them."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._bars: BarView | None = None
        self._view: View | None = None
        self._stretch = -1
        self._reached = 0
        self._whole = True  # the page needs a snapshot

    def look(self, bars: BarView | None) -> None:
        """From now on in these bars; the same again tells them whole again."""
        if bars != self._bars:
            self._bars, self._view = bars, None
        self._whole = True

    def whole(self) -> None:
        """The page was told the rest whole."""
        self._whole = True

    def messages(
        self, place: Place, finished: bool, overtaken: Callable[[], bool] = never
    ) -> list[str]:
        """What the page has not been told of the bars at a place; nothing while it looks at none,
        and nothing when another move overtook this one on the way."""
        if self._bars is None:
            return []
        stretch = self._day.stretches[place.stretch]
        view = self._at(self._bars, place)
        before = view.taken
        while view.taken < place.ticks:
            if overtaken():
                self._whole = True
                return []
            end = min(view.taken + SLICE_TICKS, place.ticks)
            view.push(part(stretch.ticks, slice(view.taken, end)))
        if not view.finished:
            view.beat(place.ts)
            if finished:
                view.finish()
        self._reached = place.ts
        if not (self._whole or view.changed or view.taken > before):
            return []
        frame = view.frame()
        if not self._whole:
            return [frame]
        self._whole = False
        return [view.snapshot([view.bar_text(bar) for bar in view.history()])]

    def _at(self, bars: BarView, place: Place) -> View:
        """The view, or another one when the place is behind it: an engine only goes on."""
        view = self._view
        behind = view is not None and (view.taken > place.ticks or self._reached > place.ts)
        if view is None or behind or self._stretch != place.stretch:
            stretch = self._day.stretches[place.stretch]
            account = self._day.account
            view = View(bars, stretch.config, stretch.schedule, stretch.carry, account)
            view.warm_until = _warm_until(stretch)
            self._view, self._stretch, self._whole = view, place.stretch, True
        return view


def _warm_until(stretch: Stretch) -> int:
    """Until when the session warmed up."""
    ends = [int(stretch.reached[cut.index - 1]) for cut in stretch.cuts if cut.item == OVER]
    return max(ends, default=0)
