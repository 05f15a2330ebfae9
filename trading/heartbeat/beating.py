"""The heart of a trading process: a beat every HEARTBEAT_S, from its first loop to its end.

It beats while a session runs and between two of them, and at once when one begins or ends. The last
beat says `ended`, and how: a process whose last beat does not was killed. Beats are made in the
loop, so that they prove it alive, and written by the targets' threads. What fails here is logged
and counted; trading goes on.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final, Literal

import structlog

from trading import clock
from trading.heartbeat import HEARTBEAT_S
from trading.heartbeat.figures import NOTHING_YET, Trading, process, usage
from trading.heartbeat.reading import Beat, from_files
from trading.heartbeat.targets import Carrier, Target, configured
from trading.pipeline.core import worth_saying
from trading.pipeline.ending import cancel
from trading.watchdog.systemd import Notifier
from trading.wire import Json

if TYPE_CHECKING:
    from trading.pipeline.options import Plan
    from trading.pipeline.start import Start
    from trading.pipeline.supervisor import Outcome, Pipeline

log = structlog.get_logger(__name__)

FORMAT: Final = 1
"""Of the document."""
FIRST_S: Final = 5
"""By then the feed has mostly been heard."""
CLOSE_WITHIN_S: Final = 3.0

State = Literal["starting", "running", "idle", "ended"]


@dataclass(frozen=True, kw_only=True)
class Whose:
    """What a beat says also while there is no session."""

    account: str
    mode: str
    symbol: str


class Heart:
    """`follow`, `rest` and `over` tell it what goes on; `run` beats. `before`: the last beat of the
    process before this one."""

    def __init__(
        self,
        whose: Whose,
        targets: Sequence[Target],
        *,
        systemd: Notifier | None = None,
        before: Beat | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self.state: State = "starting"
        self.error = ""
        self.failures = 0
        self.systemd = systemd or Notifier()
        self.written: dict[str, int] = {}
        self._whose = whose
        # Who starts so soon after a kill that nobody saw it says it himself.
        self._went_down = before.ts if before is not None and not before.ended else None
        self._now = now
        self._began = now()
        self._beats = 0
        self._trading: Trading | None = None
        self._process = process()
        self._carriers = [Carrier(target, told=self._told) for target in targets]
        for carrier in self._carriers:
            carrier.start()

    def follow(self, plan: "Plan", start: "Start", pipeline: "Pipeline") -> None:
        """A session begins."""
        self._whose = Whose(account=plan.account, mode=plan.mode, symbol=plan.symbol)
        self._trading = Trading(plan, start, pipeline)
        self.state, self.error = "running", ""
        self.beat()
        self.systemd.ready()

    def wait(self) -> None:
        """The process stands by, and has no session yet."""
        self.state, self.error = "idle", ""
        self.beat()
        self.systemd.ready()

    def rest(self, outcome: "Outcome") -> None:
        """A session is over."""
        self.state, self.error = "idle", outcome.error
        self.beat()

    def over(self, outcome: "Outcome") -> None:
        """So is what came after it. Who stops a process that rests has seen how it ended."""
        self.error = outcome.error if self.state == "running" else ""

    async def run(self) -> None:
        """Beat, and tell systemd that the loop turns, until cancelled."""
        pulse = asyncio.create_task(self._pulse(), name="systemd")
        try:
            await clock.sleep(FIRST_S)
            while True:
                self.beat()
                await clock.sleep(HEARTBEAT_S)
        finally:
            await cancel(pulse)

    def beat(self) -> None:
        """Make one and hand it on. Never waits, never raises."""
        try:
            document = self.document()
        except Exception:
            self.failures += 1
            if worth_saying(self.failures):
                log.exception("heartbeat_failed", failures=self.failures)
            return
        self._beats += 1
        for carrier in self._carriers:
            carrier.take(document)
        self.systemd.status(one_line(document))

    def document(self) -> Json:
        now = self._now()
        whose = self._whose
        return {
            "format": FORMAT,
            "timestamp": now.isoformat(),
            "account": whose.account,
            "mode": whose.mode,
            "symbol": whose.symbol,
            "state": self.state,
            "ended": self.state == "ended",
            "error": self.error,
            "beat": self._beats + 1,
            "every_s": HEARTBEAT_S,
            "started_at": self._began.isoformat(),
            "uptime_s": round((now - self._began).total_seconds(), 1),
            "went_down": self._went_down and self._went_down.isoformat(),
            **NOTHING_YET,
            **(self._trading.figures() if self._trading is not None else {}),
            **self._process,
            **usage(),
        }

    async def end(self, error: str = "") -> None:
        """The last beat."""
        self.systemd.stopping()
        self.state, self.error = "ended", error or self.error
        self.beat()
        closing = (asyncio.to_thread(each.close, CLOSE_WITHIN_S) for each in self._carriers)
        await asyncio.gather(*closing)

    async def _pulse(self) -> None:
        """systemd's watchdog goes by the machine's time."""
        while self.systemd.watchdog_s:
            self.systemd.alive()
            await asyncio.sleep(self.systemd.watchdog_s / 2)

    def _told(self, target: str) -> None:
        self.written[target] = self.written.get(target, 0) + 1


@asynccontextmanager
async def beating(plan: "Plan") -> AsyncIterator[Heart]:
    """A heart that beats as long as this is entered, and says at the end how it went."""
    whose = Whose(account=plan.account, mode=plan.mode, symbol=plan.symbol)
    before = (await asyncio.to_thread(from_files)).get(plan.account)
    heart = Heart(whose, configured(HEARTBEAT_S), before=before)
    heart.beat()
    task = asyncio.create_task(heart.run(), name="heartbeat")
    error = ""
    try:
        yield heart
    except BaseException as raised:
        error = f"the process failed: {raised!r}"
        raise
    finally:
        await cancel(task)
        await heart.end(error)


def one_line(document: Json) -> str:
    """For `systemctl status`."""
    name = f"{document['account']} {document['state']}"
    if document["state"] != "running":
        return f"{name}: {document['error']}" if document["error"] else name
    feed, pnl = document["feed_state"], document["daily_pnl"]
    halted = ", halted" if document["is_halted"] else ""
    return f"{name}: {document['symbol']} {document['phase']}, feed {feed}, day {pnl}{halted}"
