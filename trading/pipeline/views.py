"""The session's market in other bars, for the pages that ask for them.

Rules:

- The trading engine never waits and never notices: it has had an input before anything is kept of
  it here, and everything else happens in a task of our own, in slices of about 2 ms.
- A view reads the day's ticks from the first on at its own pace. One that has fallen behind is just
  one that has more to read.
- At most `MOST_VIEWS` are alive. One that nobody looks at is dropped after a minute, or at once
  when its place is needed; a page says every `ASK_EVERY_S` that it looks.
- A new trading day begins with new views.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog
from channels.layers import get_channel_layer

from engine.commands import Command
from engine.config import EngineConfig
from engine.events import Carry, DayStarted, Event
from engine.schedule import Schedule
from engine.ticks import TickColumns, part
from trading.bar_views import FORGET_AFTER_S, REQUESTS, BarView, ViewError, group
from trading.pipeline.core import Acted, Beat, Engine, Finish, WarmUp, worth_saying
from trading.pipeline.day_ticks import DayTicks
from trading.pipeline.ending import cancel
from trading.pipeline.hearing import hear
from trading.pipeline.view import View, text

log = structlog.get_logger(__name__)

MOST_VIEWS: Final = 8
LOOK_S: Final = 0.1
QUIET_S: Final = 1.0
SLICE_S: Final = 0.002
FEWEST, FIRST, LARGEST = 64, 1024, 1 << 14
"""Ticks of a slice: as many as take about `SLICE_S`."""
BARS_A_SLICE: Final = 10
SEND_WITHIN_S: Final = 2.0
AGAIN_S: Final = 1.0


class Watched:
    """A view and who looks at it: channel by channel, when each last said so."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.watchers: dict[str, float] = {}
        self.waiting: set[str] = set()  # channels that lack a snapshot
        self.slice = FIRST
        self.said = float("-inf")


class Views:
    """A follower of the core. `run` until cancelled."""

    def __init__(
        self,
        config: EngineConfig,
        schedule: Schedule,
        engine: Engine,
        account: str,
        *,
        clock: Callable[[], float] = time.monotonic,
        ticks: DayTicks | None = None,
    ) -> None:
        self.ticks = DayTicks() if ticks is None else ticks
        self.alive: dict[str, Watched] = {}
        self.failures = 0
        self._config = config
        self._schedule = schedule
        self._engine = engine
        self._account = account
        self._clock = clock
        self._carry: Carry | None = None  # of the day; None: no day has begun
        self._reached = 0  # event time that beats and commands came to
        self._warm_until = 0
        self._over = False
        self._requests: asyncio.Queue[dict[str, Any]] = asyncio.Queue(1000)

    # What the trading engine had

    def follow(self, item: Acted, events: Sequence[Event]) -> None:
        """Keep what views need of an input that the trading engine has taken."""
        match item:
            case TickColumns():
                self._keep(item, events)
            case Beat(ts):
                self._reached = max(self._reached, ts)
            case Command():
                self._reached = max(self._reached, self._engine.status().ts or 0)
            case WarmUp(on=False, gap=False):
                self._warm_until = self._engine.status().ts or 0
                for watched in self.alive.values():
                    watched.view.warm_until = self._warm_until
            case Finish():
                self._over = True

    def _keep(self, ticks: TickColumns, events: Sequence[Event]) -> None:
        began = next((event for event in reversed(events) if isinstance(event, DayStarted)), None)
        if began is not None:
            before, self._carry = self._carry, began.carry
            self.ticks.clear()
            if before is not None:  # the first ticks may still be the day before's
                first = int((ticks.ts >= began.ts).argmax())
                ticks = part(ticks, slice(first, None))
            for key, watched in tuple(self.alive.items()):
                self._renew(key, watched)
        if self._carry is not None:
            self.ticks.add(ticks, self._reached)

    # What pages ask for

    def ask(self, request: dict[str, Any]) -> None:
        """A message of the group: `account`, `bars`, `channel` of the page, and `wants`: a
        "snapshot", to be "kept", or to "leave"."""
        if request.get("account") != self._account:
            return
        if self._requests.full():
            self._requests.get_nowait()
        self._requests.put_nowait(request)

    async def _answer(self, request: dict[str, Any]) -> None:
        channel, wants = str(request["channel"]), request["wants"]
        bars = BarView.of(request["bars"])
        watched = self.alive.get(bars.key)
        if wants == "leave":
            if watched is not None:
                watched.watchers.pop(channel, None)
                watched.waiting.discard(channel)
            return
        if watched is None:
            try:
                watched = self._open(bars)
            except ViewError as error:
                await self._tell(channel, bars, {"type": "error", "message": str(error)})
                return
            wants = "snapshot"
        watched.watchers[channel] = self._clock()
        if wants == "snapshot":
            watched.waiting.add(channel)
            await self._tell(channel, bars, {"type": "view", "key": bars.key, "state": "loading"})

    def _open(self, bars: BarView) -> Watched:
        if not self.ticks.complete:
            raise ViewError(
                f"The trading day has more than {self.ticks.most:,} trades: it can be shown in the "
                "bars that are traded only."
            )
        self._drop_unwatched()
        if len(self.alive) >= MOST_VIEWS:
            idle = [key for key, watched in self.alive.items() if not watched.watchers]
            if not idle:
                raise ViewError(
                    f"{MOST_VIEWS} other kinds of bar are being looked at; one of them has to be "
                    "left first."
                )
            del self.alive[idle[0]]
        watched = self.alive[bars.key] = Watched(self._made(bars))
        return watched

    def _made(self, bars: BarView) -> View:
        carry = self._carry or self._engine.carry()
        view = View(bars, self._config, self._schedule, carry, self._account)
        view.warm_until = self._warm_until
        return view

    def _renew(self, key: str, watched: Watched) -> None:
        again = self.alive[key] = Watched(self._made(watched.view.bars))
        again.watchers = watched.watchers
        again.waiting = set(watched.watchers)

    def _drop_unwatched(self) -> None:
        now = self._clock()
        for key, watched in tuple(self.alive.items()):
            seen = max(watched.watchers.values(), default=watched.said)
            for channel, at in tuple(watched.watchers.items()):
                if now - at > FORGET_AFTER_S:
                    del watched.watchers[channel]
                    watched.waiting.discard(channel)
            if not watched.watchers and now - seen > FORGET_AFTER_S:
                del self.alive[key]

    # The task

    async def run(self) -> None:
        """Hear requests and show views until cancelled."""
        listener = asyncio.create_task(self.listen(), name="view requests")
        try:
            while True:
                try:
                    await self.look()
                except Exception:
                    self.failures += 1
                    if worth_saying(self.failures):
                        log.exception("views_failed", failures=self.failures)
                    await asyncio.sleep(AGAIN_S)
                await asyncio.sleep(LOOK_S)
        finally:
            await cancel(listener)

    async def listen(self) -> None:
        """Hear what pages ask for."""
        await hear(REQUESTS, self.ask)

    async def look(self) -> None:
        """Answer what was asked, let every view read on, and say what is new."""
        while not self._requests.empty():
            await self._answer(self._requests.get_nowait())
        self._drop_unwatched()
        for watched in tuple(self.alive.values()):
            await self._read_on(watched)
            await self._show(watched)

    async def _read_on(self, watched: Watched) -> None:
        """Up to the last tick; between two slices it is the trading engine's turn."""
        view = watched.view
        while view.taken < len(self.ticks) and self._current(watched):
            ticks = self.ticks.after(view.taken, watched.slice)
            began = time.perf_counter()
            view.push(ticks)
            took = max(time.perf_counter() - began, 1e-6)
            wanted = int(len(ticks.ts) * SLICE_S / took)
            watched.slice = max(FEWEST, min(LARGEST, 2 * watched.slice, wanted))
            await asyncio.sleep(0)
        if not self._current(watched) or not view.taken:
            return
        if self._over and not view.finished:
            view.finish()
        elif not view.finished:
            view.beat(self._reached)

    def _current(self, watched: Watched) -> bool:
        """No new day has put another in its place."""
        return self.alive.get(watched.view.bars.key) is watched

    async def _show(self, watched: Watched) -> None:
        view, now = watched.view, self._clock()
        if not self._current(watched) or not watched.watchers:
            return
        if view.changed or now - watched.said >= QUIET_S:
            watched.said = now
            message = {"type": "live.view", "key": view.bars.key, "text": view.frame()}
            await self._send(group(self._account, view.bars.key), message, to_group=True)
        if watched.waiting:
            waiting, watched.waiting = watched.waiting, set()
            snapshot = await self._snapshot(view)
            message = {"type": "live.view", "key": view.bars.key, "text": snapshot}
            for channel in waiting:
                await self._send(channel, message)

    async def _snapshot(self, view: View) -> str:
        bars: list[str] = []
        for number, bar in enumerate(view.history()):
            if number % BARS_A_SLICE == 0:
                await asyncio.sleep(0)
            bars.append(view.bar_text(bar))
        return view.snapshot(bars)

    async def _tell(self, channel: str, bars: BarView, message: dict[str, Any]) -> None:
        if message["type"] == "error":
            message |= {"about": "view", "key": bars.key}
        await self._send(channel, {"type": "live.view", "key": bars.key, "text": text(message)})

    async def _send(self, to: str, message: dict[str, Any], *, to_group: bool = False) -> None:
        """To a page or a group; what the channel layer does not take within its time is dropped."""
        layer: Any = get_channel_layer()
        if layer is None:
            return
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                await (layer.group_send if to_group else layer.send)(to, message)
        except Exception:
            self.failures += 1
            if worth_saying(self.failures):
                log.exception("view_not_sent", failures=self.failures)
