"""A stored session with its ticks in memory, and every place in its time that a replay can be at.

A `Stretch` is what one run's engine was given, ready to push. A `Place` is a stretch, how many of
its ticks have been pushed, and the event time that the engine has been told: ticks may share a
time, so the time alone does not say where one is.

The whole day is run once when it is loaded: that tells what happened when (`marks`), where bars
closed, what earlier stretches left to show, and whether the replay gives what is stored.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, pairwise
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from engine.commands import Command
from engine.config import EngineConfig
from engine.events import Carry, Fill, Trade
from engine.instruments import Instrument
from engine.schedule import Schedule
from engine.ticks import NS, TickColumns
from trading import wire
from trading.pipeline.core import Beat, Roll, WarmUp
from trading.player.history import History
from trading.player.marks import Mark, whole_ms

LINE: Final = 240
"""Points of the faint line behind the scrubber."""
LEAD_NS: Final = 30 * 60 * NS
"""What is shown of the day before one begins to look."""
BEFORE_NS: Final = 5 * NS
"""How long before a trade's decision one looks at it."""


class Place(NamedTuple):
    stretch: int
    ticks: int
    ts: int


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What the engine is given after `index` ticks. `ts`: not before this time; 0 where the ticks
    alone say when."""

    index: int
    item: Command | Fill | WarmUp | Beat | Roll
    ts: int = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Stretch:
    """One engine's inputs. It is shown from `begins` on; after `count` ticks, at `ends`, it is
    over, and closes what is open if it is `finished`."""

    config: EngineConfig
    schedule: Schedule
    carry: Carry
    ticks: TickColumns
    reached: npt.NDArray[np.int64]  # the latest time up to each tick
    cuts: Sequence[Cut]
    begins: int
    count: int
    ends: int
    finished: bool
    simulated: bool = True

    def until(self, ts: int) -> int:
        """How many of its ticks came up to a time."""
        return min(int(np.searchsorted(self.reached, ts, "right")), self.count)


@dataclass(kw_only=True, eq=False)
class Day:
    """All that the replays of one session share. Nobody changes it once it is loaded."""

    session_id: int
    day: date
    spec: Instrument
    config: wire.Json  # as pages are told it
    account: str
    mode: str
    opens: int
    stretches: Sequence[Stretch]
    running: bool = False
    marks: Sequence[Mark] = ()
    closes: Sequence[int] = ()  # when bars closed, ascending
    past: Sequence[History] = ()  # what stretches before this one left to show
    trades: Mapping[str, Trade] = field(default_factory=dict)  # closed, by id
    differs: str = ""

    @property
    def first(self) -> Place:
        """After the first tick."""
        return Place(0, 1, int(self.stretches[0].reached[0]))

    @property
    def last(self) -> Place:
        stretch = self.stretches[-1]
        return Place(len(self.stretches) - 1, stretch.count, stretch.ends)

    @property
    def start(self) -> Place:
        """Where one begins to look: when trading began, or the session opened if that was later."""
        return self.at(whole_ms(max(self.stretches[0].begins, self.opens)))

    @property
    def earliest(self) -> Place:
        """Where the scrubber begins. The night before a session of regular hours is there to be
        stepped into, but would take most of the line."""
        return self.at(self.start.ts - LEAD_NS)

    def at(self, ts: int) -> Place:
        """The place of a time (UTC ns), within the day's first and last."""
        ts = min(max(ts, self.first.ts), self.last.ts)
        k = max(bisect_right([stretch.begins for stretch in self.stretches], ts) - 1, 0)
        return Place(k, max(self.stretches[k].until(ts), 1), ts)

    # Steps

    def tick(self, place: Place, step: int) -> Place:
        """One tick on, or back."""
        k, ticks, _ = place
        ticks += step
        if ticks > self.stretches[k].count:
            return self.last if k + 1 == len(self.stretches) else self._head(k + 1)
        if k and (ticks < 1 or self.stretches[k].reached[ticks - 1] < self.stretches[k].begins):
            return self._tail(k - 1)
        ticks = max(ticks, 1)
        return Place(k, ticks, int(self.stretches[k].reached[ticks - 1]))

    def _head(self, k: int) -> Place:
        stretch = self.stretches[k]
        ticks = min(int(np.searchsorted(stretch.reached, stretch.begins)) + 1, stretch.count)
        return Place(k, ticks, max(int(stretch.reached[ticks - 1]), stretch.begins))

    def _tail(self, k: int) -> Place:
        stretch = self.stretches[k]
        return Place(k, stretch.count, int(stretch.reached[stretch.count - 1]))

    def bar(self, place: Place, step: int) -> Place:
        """To the next close of a bar, or the one before."""
        return self._nearest([whole_ms(ts) for ts in self.closes], place, step)

    def mark(self, place: Place, step: int, kind: str) -> Place:
        """To the next signal or entry, or the one before."""
        times = [whole_ms(mark.ts) for mark in self.marks if mark.kind == kind]
        return self._nearest(times, place, step)

    def _nearest(self, times: Sequence[int], place: Place, step: int) -> Place:
        k = bisect_right(times, place.ts) if step > 0 else bisect_left(times, place.ts) - 1
        if 0 <= k < len(times):
            return self.at(times[k])
        return self.last if step > 0 else self.first

    def before_trade(self, trade_id: str) -> Place | None:
        """A moment before the decision to trade; None if there is no such trade."""
        for mark in self.marks:
            if mark.kind == "trade" and mark.id == trade_id:
                return self.at(whole_ms(mark.decided - BEFORE_NS))
        return None

    # For the scrubber

    def line(self) -> tuple[list[int | None], list[int]]:
        """Last price (ticks, None before the first) and volume of equal parts of the day."""
        first, last = self.earliest.ts, self.last.ts
        edges = np.linspace(first, last, LINE + 1).astype(np.int64)
        price: list[int | None] = []
        volume: list[int] = []
        for start, end in pairwise(edges):
            stretch = self.stretches[self.at(int(end)).stretch]
            a, b = stretch.until(int(start)), stretch.until(int(end))
            price.append(int(stretch.ticks.price[b - 1]) if b else None)
            volume.append(int(stretch.ticks.size[a:b].sum(dtype=np.int64)))
        return price, volume


def cuts_of(
    reached: npt.NDArray[np.int64], count: int, warm_until: int, commands: Sequence[Command]
) -> list[Cut]:
    """Where the warm-up ended and commands came among the first `count` ticks of a run."""
    cuts = [] if not count else _warm(reached, count, warm_until)
    for command in sorted(commands, key=lambda command: command.ts):
        index = min(int(np.searchsorted(reached, command.ts, "right")), count)
        cuts.append(Cut(index=index, item=command, ts=command.ts))
    return sorted(cuts, key=lambda cut: cut.index)


def _warm(reached: npt.NDArray[np.int64], count: int, warm_until: int) -> list[Cut]:
    before = min(int(np.searchsorted(reached, warm_until)), count)
    return [Cut(index=before, item=WarmUp(False))] if before else []


def ends_of(
    reached: npt.NDArray[np.int64], count: int, until: int | None, commands: Sequence[Command]
) -> int:
    """The event time at which a run was over."""
    told = (command.ts for command in commands)
    return max(chain([int(reached[count - 1]), until or 0], told))
