"""Frames for the live page: `docs/live-socket.md` is the contract.

`take` only remembers. A task of its own looks ten times a second whether there is something to say,
and says at least once a second that we are alive, whatever the tick rate. What a slow or dead
channel layer does not take within its time is dropped: the next frame stands for itself.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

import structlog

from engine.events import Event
from engine.names import Halt
from trading import wire
from trading.observing.tally import MICRO, NS, Tally
from trading.pipeline.core import Core, worth_saying
from trading.pipeline.frames import Facts, FeedState, Frames
from trading.pipeline.recent import Recent

if TYPE_CHECKING:
    from engine.status import Status

log = structlog.get_logger(__name__)

GROUP: Final = "live"
SHORTEST_S: Final = 0.1
LONGEST_S: Final = 1.0
LEVELS_S: Final = 5.0
SEND_WITHIN_S: Final = 2.0
RATE_WINDOW_S: Final = 3.0


class Publisher:
    """An output of the pipeline. `run` sends what `frame` makes."""

    def __init__(
        self,
        core: Core,
        facts: Facts,
        *,
        clock: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: time.time_ns() // wire.MS,
    ) -> None:
        self.core = core
        self.facts = facts
        self.frames = Frames(facts)
        self.recent = Recent(facts.account)
        core.saw = self.frames.saw
        self.sent = 0
        self.publishing = Tally(MICRO)
        self.failures = 0
        self._clock = clock
        self._now_ms = now_ms
        self._asides: deque[wire.Json] = deque()
        self._last_levels = float("-inf")
        self._last_frame = float("-inf")
        self._seen: tuple[object, ...] = ()
        self._rates: deque[tuple[float, int]] = deque()
        self._writer_failing = False
        self._state: FeedState = "waiting"

    def take(self, events: Sequence[Event], status: "Status | None") -> None:
        self.frames.take(events)

    def say(self, kind: str, text: str, level: str = "info") -> None:
        """A notice of the pipeline's own."""
        now = self._now_ms() * wire.MS
        self.frames.say(wire.notice(now, kind, text, level))

    def aside(self, message: wire.Json) -> None:
        """A message of its own, beside the next frame. Safe to call from any thread."""
        self._asides.append(message)

    def frame(self) -> wire.Json | None:
        """The next frame, or None when it is too early or there is nothing new to say."""
        now = self._clock()
        since = now - self._last_frame
        if since < SHORTEST_S:
            return None
        self._watch_writer()
        status = self.core.engine.status()
        seen = (status.ticks, status.ts, self.facts.feed, self.facts.status)
        if self.frames.quiet and not self._asides and seen == self._seen and since < LONGEST_S:
            return None
        self._seen = seen
        return self._build(status, now)

    def beside(self) -> list[wire.Json]:
        """The messages beside a frame: the tape and the trades since the last, what was put aside,
        and the levels if they changed or a page that joined may lack them."""
        messages = self.frames.tape() + self.frames.prints()
        while self._asides:
            messages.append(self._asides.popleft())
        now = self._clock()
        if self.frames.levels_changed or now - self._last_levels >= LEVELS_S:
            self._last_levels = now
            messages.append(self.frames.levels(self.core.engine))
        for message in messages:
            self.recent.told(message)
        return messages

    async def run(
        self,
        send: Callable[[wire.Json], Awaitable[None]],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Send frames until cancelled."""
        while True:
            try:
                await self.publish(send)
            except Exception:
                self.failures += 1
                if worth_saying(self.failures):
                    log.exception("frame_failed", failures=self.failures)
                await sleep(LONGEST_S)
            await sleep(SHORTEST_S)

    async def publish(self, send: Callable[[wire.Json], Awaitable[None]]) -> None:
        """Make and send one frame if it is due, and what belongs beside it; then answer the pages
        that have joined."""
        began = self._clock()
        frame = self.frame()
        if frame is not None:
            async with asyncio.timeout(SEND_WITHIN_S):
                await send(frame)
                for message in self.beside():
                    await send(message)
            self.sent += 1
            self.publishing.add(int((self._clock() - began) * NS))
        await self.recent.answer()

    async def last_frame(self, send: Callable[[wire.Json], Awaitable[None]]) -> None:
        """Say how it ended, whether or not a frame is due."""
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await send(self._build(self.core.engine.status(), self._clock()))
                for message in self.beside():
                    await send(message)
        except Exception:
            log.exception("last_frame_failed")

    def _build(self, status: "Status", now: float) -> wire.Json:
        self._last_frame = now
        feed = self._feed(status, now)
        frame = self.frames.frame(self.core.engine, status, feed, self._now_ms())
        self.recent.told(frame)
        return frame

    def _feed(self, status: "Status", now: float) -> wire.Json:
        facts = self.facts
        age_ms = self.core.age_ms()
        state = facts.feed
        if state != self._state:
            self._state = state
            self._rates.clear()  # what a warm-up takes at once is no rate
        return self.frames.feed(
            status,
            self.feed_state(status),
            age_ms=age_ms,
            tps=self._rate(status.ticks, now),
            latency_us=self.core.latency_us(),
        )

    def feed_state(self, status: "Status") -> FeedState:
        """How the feed is: stale too, which the feed itself does not know."""
        age_ms = self.core.age_ms()
        late = age_ms is not None and age_ms > self.facts.stale_s * 1000
        if self.facts.feed == "live" and (late or Halt.STALE_FEED in status.halts):
            return "stale"
        return self.facts.feed

    def _rate(self, ticks: int, now: float) -> float:
        """Ticks per second over the last seconds."""
        self._rates.append((now, ticks))
        while now - self._rates[0][0] > RATE_WINDOW_S and len(self._rates) > 1:
            self._rates.popleft()
        began, before = self._rates[0]
        return round((ticks - before) / (now - began), 1) if now > began else 0.0

    def _watch_writer(self) -> None:
        failing = self.facts.writer.failing
        if failing != self._writer_failing:
            self._writer_failing = failing
            if failing:
                self.say("database", "The database does not answer; rows are kept.", "error")
            else:
                self.say("database", "The database answers again; all rows are stored.")
