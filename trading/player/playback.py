"""An engine at a place of a day, and what the page is told there.

Used from one thread at a time. What it tells has the shapes of the live page
(`docs/live-socket.md`), made by the same `Frames`.
"""

from collections.abc import Callable, Sequence
from typing import Final

from engine.events import BarClosed, Event
from trading import wire
from trading.pipeline.frames import MOST_BARS, Facts, Frames
from trading.player.day import Day, Place
from trading.player.history import History
from trading.player.machine import Machine, never
from trading.player.marks import first_ms
from trading.player.other_bars import OtherBars

STATE: Final = "replay"
"""What frames say of the feed: its age has no meaning here."""


class Playback:
    def __init__(self, day: Day) -> None:
        self.day = day
        self.place = day.first
        self.whole = True
        """The page lacks more than the next frame says: it needs a snapshot."""
        self.other_bars = OtherBars(day)
        self._fresh_bars = 0
        self._told = 0  # ticks of the last frame
        self._begin(0)

    def go(self, place: Place, overtaken: Callable[[], bool] = never) -> bool:
        """Be at a place, wherever it is; False when that was overtaken on the way."""
        behind = place.ticks < self._machine.pushed or place.ts < self.place.ts
        if place.stretch != self.place.stretch or behind:
            self._begin(place.stretch)
        done = self._machine.to(place.ticks, place.ts, self._hear, overtaken)
        self.place = place if done else self._reached()
        return done

    @property
    def over(self) -> bool:
        return self.place >= self.day.last

    def messages(self, speed: str) -> list[wire.Json]:
        """What the page has not been told: the frame with what happened, or after a jump a snapshot
        of all with the frame in it; then what comes beside a frame."""
        self._facts.speed = speed
        engine, pushed = self._machine.engine, self._machine.pushed
        if not self.whole and self._frames.quiet and pushed == self._told:
            return []
        self._told = pushed
        jumped, self.whole = self.whole or self._fresh_bars > MOST_BARS, False
        self._fresh_bars = 0
        if jumped:
            self._frames.forget()
            self.other_bars.whole()
        status = engine.status()
        feed = self._frames.feed(status, STATE)
        frame = self._frames.frame(engine, status, feed, first_ms(self.place.ts))
        said = [self._snapshot(frame)] if jumped else [frame]
        said += self._frames.tape() + self._frames.prints()
        if jumped or self._frames.levels_changed:
            said.append(self._frames.levels(engine))
        return said

    def view_messages(self, overtaken: Callable[[], bool] = never) -> list[str]:
        """What the page has not been told of the other bars that it looks at, as JSON text."""
        return self.other_bars.messages(self.place, self._machine.finished, overtaken)

    def _snapshot(self, frame: wire.Json) -> wire.Json:
        return {
            "type": "snapshot",
            "have": None,
            "anew": True,
            "config": self.day.config | {"replay": True},
            "frame": frame,
            **self._history.to_wire(self.day.spec),
        }

    def _begin(self, k: int) -> None:
        stretch, day = self.day.stretches[k], self.day
        self._history = History(day.past[k])
        self._facts = Facts(
            spec=day.spec,
            account=day.account,
            mode=day.mode,
            source=day.config["source"],
            synthetic=day.config["synthetic"],
            inferred=day.config["inferred"],
            speed="1",
            stale_s=stretch.config.risk.stale_s,
            status=STATE,
        )
        self._frames = Frames(self._facts)
        self._machine = Machine(stretch, self._frames.saw)
        self.whole = True
        self.place = Place(k, 0, 0)

    def _hear(self, events: Sequence[Event]) -> None:
        self._history.take(events)
        self._frames.take(events)
        self._fresh_bars += sum(isinstance(event, BarClosed) for event in events)

    def _reached(self) -> Place:
        """Where an overtaken move came to."""
        pushed = self._machine.pushed
        reached = int(self._machine.stretch.reached[pushed - 1]) if pushed else 0
        return Place(self.place.stretch, pushed, reached)
