"""Watches, with real money, what the engine cannot see: that nothing is heard at all.

The engine knows event time alone. When the market's line is dead it stands still: no bar ends, the
engine's own halt for a stale feed does not come, and neither does the flatten time. So once a
second the wall clock is compared with what the engine has heard:

- the market: event time has not moved (no tick, and no sign of life from the feed) for a while that
  the session is open: ON_FEED_LOST after FEED_LOST_S;
- the database: the oldest row that waits for it has waited long: ON_DATABASE_LOST after
  DATABASE_LOST_S;
- the flatten time: it is over by the wall clock and event time has not come there, while something
  is open: it is flattened. That is no setting.

What is done goes to the engine as commands like a person's, and is journalled with every other
input. A halt of this kind ends as an operator's does: by a person who resumes. Each loss is told
once, in the audit trail, the log and on the page, and once when it is over.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import structlog
from django.conf import settings

from engine.commands import Command, Flatten, HaltTrading
from engine.ticks import NS
from marketdata.calendars import NEW_YORK
from marketdata.models import moment
from trading.clock import now_ns

if TYPE_CHECKING:
    from engine.schedule import Schedule, TradingDay
    from engine.status import Status
    from trading.pipeline.options import Plan
    from trading.pipeline.stream import EventClock
    from trading.pipeline.supervisor import Pipeline

log = structlog.get_logger(__name__)

LOOK_S: Final = 1.0
LATE_NS: Final = 5 * NS
"""How far event time may be behind the flatten time before the wall clock counts."""
ACTOR: Final = "watch"

Action = Literal["none", "halt", "flatten"]


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What is done when something is lost, and after how many seconds."""

    feed: Action = "halt"
    feed_s: float = 30
    database: Action = "halt"
    database_s: float = 60


def policy() -> Policy:
    """What the environment says."""
    return Policy(
        feed=cast(Action, settings.ON_FEED_LOST),
        feed_s=settings.FEED_LOST_S,
        database=cast(Action, settings.ON_DATABASE_LOST),
        database_s=settings.DATABASE_LOST_S,
    )


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The pipeline, as far as it is watched. `market_time`: what time the market's clock should
    show, UTC ns; None before it is known. `unsaved_s`: how long the oldest row has waited."""

    status: "Callable[[], Status]"
    schedule: "Schedule"
    market_time: Callable[[], int | None]
    event_time: Callable[[], int]
    unsaved_s: Callable[[], float]
    put: Callable[[Command], Awaitable[None]]
    note: Callable[[str, dict[str, Any]], None]
    say: Callable[[str, str, str], None]


class Watch:
    """`run` it beside the engine, or `look` when it is time to."""

    def __init__(
        self,
        watched: Watched,
        policy: Policy,
        *,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self._watched = watched
        self._policy = policy
        self._clock = clock
        self._wall = wall
        self._heard: tuple[int | None, float] = (None, clock())
        self._lost: set[str] = set()
        self._flattened: TradingDay | None = None

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("watch_failed")
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Compare once, and act."""
        status, market_time = self._watched.status(), self._watched.market_time()
        await self._feed(status, market_time)
        await self._database()
        await self._flatten_time(status, market_time)

    async def _feed(self, status: "Status", market_time: int | None) -> None:
        now = self._clock()
        if status.ts != self._heard[0] or not self._open(market_time):
            self._heard = (status.ts, now)
        silent = now - self._heard[1]
        await self._judge(
            "market",
            silent >= self._policy.feed_s,
            self._policy.feed,
            f"Nothing was heard of the market for {silent:.0f} s",
            "The market is heard again",
        )

    def _open(self, market_time: int | None) -> bool:
        if market_time is None:
            return False
        day = self._watched.schedule.at(market_time)
        return day.open <= market_time < day.close

    async def _database(self) -> None:
        waited = self._watched.unsaved_s()
        await self._judge(
            "database",
            waited >= self._policy.database_s,
            self._policy.database,
            f"The database has taken nothing for {waited:.0f} s",
            "The database takes rows again",
        )

    async def _judge(self, what: str, lost: bool, action: Action, text: str, over: str) -> None:
        if not lost:
            if what in self._lost:
                self._lost.discard(what)
                self._tell(f"{what}_back", over, "info", {})
            return
        if what not in self._lost:
            self._lost.add(what)
            done = {"none": "", "halt": ": halted", "flatten": ": halted and flattened"}[action]
            await self._act(f"{what}_lost", f"{text}{done}", action)

    async def _flatten_time(self, status: "Status", market_time: int | None) -> None:
        day = status.day
        if day is None or market_time is None or self._flattened == day:
            return
        if status.position is None and status.waiting is None:
            return
        if (status.ts or 0) < day.flatten_at and market_time >= day.flatten_at + LATE_NS:
            self._flattened = day
            at = moment(day.flatten_at).astimezone(NEW_YORK)
            text = f"It is past {at:%H:%M} New York and the market is not heard: flattened"
            await self._act("flatten_time", text, "flatten", halts=False)

    async def _act(self, kind: str, text: str, action: Action, *, halts: bool = True) -> None:
        name, ts = f"{kind}-{self._wall()}", self._watched.event_time()
        self._tell(kind, text, "error", {"action": action, "command": name})
        if action == "none":
            return
        if halts:
            await self._watched.put(HaltTrading(id=f"{name}-halt", ts=ts, reason=text))
        if action == "flatten":
            await self._watched.put(Flatten(id=name, ts=ts, reason=text))

    def _tell(self, kind: str, text: str, level: str, details: dict[str, Any]) -> None:
        write = log.error if level == "error" else log.info
        write(kind, text=text, **details)
        self._watched.note(kind, {"text": text, **details})
        self._watched.say(kind, text, level)


def market_time(plan: "Plan", clock: "EventClock | None") -> int | None:
    """What time it is on the market (UTC ns). A recorded or simulated one has a clock of its own,
    and at speed `max` none."""
    if plan.live:
        return now_ns()
    return clock.now() if clock is not None else None


def watching(pipeline: "Pipeline", plan: "Plan") -> Watch:
    """The watch over a pipeline."""

    def note(kind: str, payload: dict[str, Any]) -> None:
        pipeline.writer.note(kind, payload, actor=ACTOR)

    watched = Watched(
        status=pipeline.engine.status,
        schedule=plan.schedule,
        market_time=lambda: market_time(plan, pipeline.clock),
        event_time=pipeline.event_time,
        unsaved_s=lambda: pipeline.writer.unsaved_s,
        put=pipeline.put,
        note=note,
        say=pipeline.publisher.say,
    )
    return Watch(watched, policy())
