"""Moves a playback for one page: play, pause, step, speed, seek.

- Requests only note what is wanted and wake the player's own task, which does one thing at a time,
  the engine's work in a thread. A seek overtakes whatever was asked before it: what is in the way
  is dropped, only the latest counts. Steps are done one by one, and pause.
- Playing, event time runs by an `EventClock`; at speed "max" a fixed number of ticks goes with
  every frame, so that the day can still be watched. There are at most ten frames a second.
- A page that has not been heard of for a quarter of an hour is paused.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from trading import wire
from trading.page_messages import BadMessage
from trading.pipeline.stream import SLICE_TICKS, EventClock
from trading.player.day import Day, Place
from trading.player.marks import first_ms, mark_to_wire, whole_ms
from trading.player.messages import (
    Look,
    Ping,
    Play,
    Request,
    Seek,
    SeekTrade,
    Speed,
    Step,
    Sync,
    speed_text,
)
from trading.player.playback import Playback

FRAME_S: Final = 0.1
IDLE_S: Final = 900.0
MOST_STEPS: Final = 100
"""Steps that may wait: a key that is held down must not go on for long after it is let go."""

Say = Callable[[wire.Json | str], Awaitable[None]]
"""Takes a message, or its JSON text."""
Move = Step | Seek | SeekTrade


class Player:
    def __init__(
        self,
        playback: Playback,
        say: Say,
        *,
        wall: Callable[[], int] = time.monotonic_ns,
        idle_s: float = IDLE_S,
    ) -> None:
        self.playback = playback
        self.day: Day = playback.day
        self.playing = False
        self.speed: int | None = 1
        self._say = say
        self._wall = wall
        self._idle_ns = int(idle_s * 1e9)
        self._heard = wall()
        self._moves: deque[Move] = deque()
        self._overtaken = 0  # counts the seeks
        self._again = False
        self._look: Look | None = None
        self._changed = True
        self._wake = asyncio.Event()
        self._clock = EventClock(1, wall=wall)

    def ask(self, request: Request) -> None:
        """Note what the page wants."""
        self._heard = self._wall()
        match request:
            case Ping():
                return
            case Sync():
                self._again = True
            case Look():
                self._look = request
            case Play(on):
                self._play(on)
            case Speed(value):
                self.speed = value
                self._set_clock()
            case Seek() | SeekTrade():
                self._moves.clear()
                self._moves.append(request)
                self._overtaken += 1
            case Step():
                self._play(False)
                if len(self._moves) < MOST_STEPS:
                    self._moves.append(request)
        self._changed = True
        self._wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        await self._say(self.introduction())
        while True:
            self._wake.clear()
            try:
                await self._once()
            except BadMessage as error:
                await self._say({"type": "error", "message": str(error)})
            with suppress(TimeoutError):
                if not (self._moves or self._changed):
                    async with asyncio.timeout(FRAME_S if self.playing else None):
                        await self._wake.wait()

    def introduction(self) -> wire.Json:
        """What there is to play: said once."""
        day = self.day
        price, volume = day.line()
        return {
            "type": "replay",
            "session": day.session_id,
            "day": day.day.isoformat(),
            "from": first_ms(day.earliest.ts),
            "to": first_ms(day.last.ts),
            "start": first_ms(day.start.ts),
            "running": day.running,
            "differs": day.differs,
            "line": {"price": price, "volume": volume},
            "marks": [mark_to_wire(mark) for mark in day.marks],
        }

    def playhead(self) -> wire.Json:
        """Where it is."""
        return {
            "type": "playhead",
            "t": first_ms(self.playback.place.ts),
            "playing": self.playing,
            "speed": self.speed if self.speed is not None else "max",
            "over": self.playback.over,
        }

    async def _once(self) -> None:
        """One move, or a frame's worth of playing; then tell the page."""
        if self._moves:
            await self._go(self._place(self._moves.popleft()))
        elif not self.playback.place.ticks:
            await self._go(self.day.start)
        elif self.playing:
            await self._on()
        if self._moves and isinstance(self._moves[0], Seek | SeekTrade):
            return  # nobody wants to see this place any more
        if self._again:
            self._again, self.playback.whole = False, True
        if self._changed:
            self._changed = False
            if self._look is not None:
                look, self._look = self._look, None
                self.playback.other_bars.look(look.bars)
                key = look.bars and look.bars.key
                state = "loading" if look.bars else "left"
                await self._say({"type": "view", "key": key, "state": state})
            for message in await asyncio.to_thread(self._messages):
                await self._say(message)
            await self._say(self.playhead())

    def _messages(self) -> list[wire.Json | str]:
        """What the page has not been told. In a thread."""
        own = self.playback.messages(speed_text(self.speed))
        return [*own, *self.playback.view_messages(self._overtaking())]

    async def _on(self) -> None:
        """A frame's worth of playing."""
        if self._wall() - self._heard > self._idle_ns:
            self._play(False)
            self._changed = True
            return
        place, self._changed = self._due(), True
        await asyncio.to_thread(self.playback.go, place, self._overtaking())
        if self.playback.over:
            self._play(False)

    async def _go(self, place: Place) -> None:
        """Jump, and go on from there."""
        self._changed = True
        await asyncio.to_thread(self.playback.go, place, self._overtaking())
        self._set_clock()

    def _overtaking(self) -> Callable[[], bool]:
        """Whether another seek has come since now."""
        began = self._overtaken
        return lambda: self._overtaken != began

    def _place(self, move: Move) -> Place:
        at, day = self.playback.place, self.day
        match move:
            case Seek(ms):
                return day.at(ms * wire.MS)
            case SeekTrade(trade_id):
                place = day.before_trade(trade_id)
                if place is None:
                    raise BadMessage(f"There is no trade {trade_id} in this replay.")
                return place
            case Step("tick", by):
                return day.tick(at, by)
            case Step("bar", by):
                return day.bar(at, by)
            case Step(unit, by):
                return day.mark(at, by, unit)

    def _due(self) -> Place:
        at = self.playback.place
        if self.speed is not None:
            return self.day.at(whole_ms(self._clock.now()))
        stretch = self.day.stretches[at.stretch]
        ticks = min(at.ticks + SLICE_TICKS, stretch.count)
        if ticks == at.ticks:
            return self.day.tick(at, 1)
        return self.day.at(whole_ms(int(stretch.reached[ticks - 1])))

    def _play(self, on: bool) -> None:
        if on and self.playback.over:
            return
        self.playing = on
        self._set_clock()

    def _set_clock(self) -> None:
        self._clock = EventClock(self.speed or 1, wall=self._wall)
        self._clock.start(self.playback.place.ts)
