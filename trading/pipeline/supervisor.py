"""Runs the pipeline and stops it.

Everything that may change a decision goes through one bounded queue into `Core.act`, in one task.
The writer, the publisher, the operator and the broker work beside it. The run ends when the data
ends, when somebody asks for it, or when the engine or the feed fails; in each case the engine is
finished, the session's row says how it ended, and the writer writes what is left.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog
from structlog.contextvars import bind_contextvars

from engine.commands import Command, Flatten, Kill
from engine.errors import EngineError
from engine.events import Fill
from engine.ticks import TickColumns
from marketdata.errors import MarketDataError
from marketdata.feeds import StoredTicks
from marketdata.feeds.live import Lost, NewDay, Notice
from trading.brokers import Broker
from trading.errors import JournalError
from trading.journal.recording import held
from trading.journal.rerun import rerun, resumed_text
from trading.models import Command as DatabaseCommand
from trading.models import Session
from trading.observing.witness import Witness
from trading.pipeline.answers import Answers
from trading.pipeline.at_broker import BrokerOutput, around
from trading.pipeline.core import Beat, Core, Engine, Finish, Input, WarmUp
from trading.pipeline.ending import cancel
from trading.pipeline.frames import Facts
from trading.pipeline.halts import given_meanwhile
from trading.pipeline.idle import settle_left
from trading.pipeline.inputs import Inputs
from trading.pipeline.live import live_inputs
from trading.pipeline.market import Market
from trading.pipeline.news import News
from trading.pipeline.operator import Operator
from trading.pipeline.options import Plan
from trading.pipeline.publisher import Publisher
from trading.pipeline.recorder import Recorder
from trading.pipeline.rows import carry_json
from trading.pipeline.start import Start
from trading.pipeline.stream import EventClock, inputs, read_ahead
from trading.pipeline.views import Views
from trading.pipeline.warming import Warming
from trading.pipeline.watch import watching
from trading.pipeline.writer import Writer, WriterStats
from trading.wire import Json

if TYPE_CHECKING:
    from engine.status import Status

log = structlog.get_logger(__name__)

WAITING_INPUTS: Final = 8
PULSE_S: Final = 1.0
UNTOLD: Final = (BrokerOutput, Witness)
"""Outputs that hear nothing of what a process before this one was given."""
SETTLE_S: Final = 0.01
PATIENT_BACKLOG: Final = 20_000
"""So many rows may wait before a feed that has no clock waits for the database."""

Send = Callable[[Json], Awaitable[None]]
Linger = Callable[["Pipeline", "Outcome"], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run ended. `error` is one line, "" unless status is failed."""

    status: Session.Status
    error: str
    engine: "Status"
    session: Session
    writer: WriterStats


def held_text(status: "Status", *, closed: bool) -> str:
    """What becomes of the position when a session ends."""
    held = status.position
    if held is None:
        return "nothing was open"
    what = f"{'long' if held.direction > 0 else 'short'} {held.size} {held.symbol}"
    return f"closed {what}" if closed else f"{what} stays open under its bracket at the broker"


class Pipeline:
    """One run. `run` returns when it is over and everything is stored."""

    def __init__(
        self,
        plan: Plan,
        market: Market,
        start: Start,
        engine: Engine,
        broker: Broker,
        *,
        send: Send,
        leftovers: Path | None = None,
    ) -> None:
        self.market = market
        self.engine = engine
        self.broker = broker
        run = start.journal.header.run if start.journal is not None else ""
        self.writer = Writer(Recorder(start.session, run=run), leftovers=leftovers)
        self.clock = None if plan.speed is None else EventClock(plan.speed)
        self.inputs = Inputs(WAITING_INPUTS)
        self.facts = Facts(
            spec=start.config.instrument,
            account=start.session.account.name,
            mode=plan.mode,
            source=start.session.source,
            synthetic=start.session.synthetic,
            inferred=start.session.inferred,
            speed=plan.speed_name,
            stale_s=start.config.risk.stale_s,
            feed_dropped=market.dropped,
            inputs=self.inputs.qsize,
            backlog=lambda: self.writer.backlog,
            writer=self.writer.stats,
            broker=broker.facts,
        )
        self.core = Core(engine, journal=market.journal, inputs=start.journal)
        self._kept, self._replay, self._halts = start.journal, start.replay, start.held
        self.publisher = Publisher(self.core, self.facts)
        self.answers = Answers(self.publisher.aside)
        broker.attach(around(self, start.config))
        self.witness = Witness(self.writer, self.facts.spec)
        self.core.outputs = [
            self.writer, self.publisher, self.answers, BrokerOutput(broker), self.witness,
        ]  # fmt: skip
        self.stop_asked: DatabaseCommand | None = None
        self._stop_asked = asyncio.Event()
        self._may_stop = False
        self._held = "nothing was open"
        self._account_id = start.session.account_id
        self.views = Views(start.config, plan.schedule, engine, self.facts.account)
        self.core.follower = self.views
        self.news = News(self.facts, self.writer, self.publisher)
        self.warming = Warming(self.core, self.writer, self.publisher, market.warmth)
        self.error = ""
        self.watch = watching(self, plan)
        self._over = False
        self._killing: dict[asyncio.Task[None], Kill] = {}  # on their way to the engine
        self.unexecuted: list[Kill | Flatten] = []
        """What was to be closed with real money, and the engine never heard."""
        self._send = send

    async def run(self, stop: asyncio.Event, *, linger: Linger | None = None) -> Outcome:
        """Trade until the data ends, `stop` is set or a command asks for it. `linger`: after the
        end, go on telling the page until it returns."""
        self._may_stop = linger is not None
        # Every line of the tasks and threads that are started from here on has them.
        bind_contextvars(account=self.facts.account, run=self.writer.recorder.run)
        log.info(
            "pipeline_started",
            source=self.facts.source,
            speed=self.facts.speed,
        )
        publish = asyncio.create_task(self.publisher.run(self._send), name="publisher")
        views = asyncio.create_task(self.views.run(), name="views")
        joining = asyncio.create_task(self.publisher.recent.listen(), name="recent")
        try:
            gone_on = await self._go_on()
            self.writer.start()
            status = await self._trade(stop) if gone_on else Session.Status.FAILED
            outcome = await self._close(status)
            await settle_left(self, outcome, self._held)
            if linger is not None and not stop.is_set():
                await linger(self, outcome)
            return outcome
        finally:
            await cancel(publish, views, joining)
            await self.publisher.last_frame(self._send)

    async def _go_on(self) -> bool:
        """Replay what a process before this one was given, if this goes on with its run; whether
        that worked."""
        if self._replay is None:
            return True
        self.facts.feed = "warming"
        try:
            await rerun(self.core, self._replay, self.warming.acted, without=UNTOLD)
        except Exception as error:
            log.exception("journal_not_replayed")
            self.error = f"the journal cannot be replayed: {' '.join(str(error).split())}"
            if self._kept is not None:  # it stays as it is, for whoever looks into it
                await asyncio.to_thread(self._kept.close)
                self._kept = None
            return False
        self.facts.feed = "warming" if self._replay.warming else "waiting"
        self.publisher.say("restarted", resumed_text(self._replay), "warning")
        for command in given_meanwhile(self._halts, self.engine.status(), self.event_time()):
            self.inputs.put_nowait(command)  # before anything else is heard
        return True

    async def _trade(self, stop: asyncio.Event) -> Session.Status:
        act = asyncio.create_task(self._act(), name="engine")
        asked = asyncio.create_task(stop.wait(), name="stop")
        commanded = asyncio.create_task(self._stop_asked.wait(), name="stop-command")
        operator = Operator(
            self._account_id,
            self.put,
            self.event_time,
            stop=self._stop if self._may_stop else None,
            tell=self.answers.tell,
        )
        beside = [
            asyncio.create_task(self._feed(), name="feed"),
            asyncio.create_task(operator.run(), name="operator"),
            asyncio.create_task(self.broker.run(self.put), name="broker"),
            asyncio.create_task(self._pulse(), name="pulse"),
        ]
        if not self.broker.simulated:
            beside.append(asyncio.create_task(self.watch.run(), name="watch"))
        try:
            await asyncio.wait((act, asked, commanded), return_when=asyncio.FIRST_COMPLETED)
            ended = act.done()
            if not self.broker.simulated:
                await self._settle(act, beside[0])
        finally:
            await cancel(act, asked, commanded, *beside)
        self._finish(ended)
        if self.error:
            return Session.Status.FAILED
        return Session.Status.ENDED if ended else Session.Status.STOPPED

    # The tasks

    async def _feed(self) -> None:
        """Put what is due into the queue, and at the end of the data the end."""
        try:
            async for item in self._due():
                self._follow(item)
                await self.put(item)
                if self.clock is None:
                    await self._let_the_writer_follow()
        except MarketDataError as error:
            self.error = str(error)
        except Exception as error:
            log.exception("feed_failed")
            self.error = f"the feed failed: {error!r}"
        await self.inputs.put(None)

    def _due(self) -> AsyncIterator[Input]:
        blocks = read_ahead(self.market.blocks)
        if self.market.live is not None:
            return live_inputs(
                blocks,
                self.market.live,
                self._may_roll,
                self._told,
                started=self._replay is not None and self._replay.warmed,
                warming=self.engine.warming,
            )
        return inputs(
            blocks, self.clock, warm_until=self.market.warm_until, warming=self.engine.warming
        )

    def _told(self, said: Notice | Lost | NewDay) -> None:
        """What a live feed says besides ticks."""
        self.news.tell(said)
        if isinstance(said, NewDay) and said.contract != said.before:
            self.broker.follow(said.contract)

    def _follow(self, item: Input) -> None:
        if isinstance(item, WarmUp):
            self.facts.reconnects += self.facts.feed == "lost"
            self.facts.feed = "warming" if item.on else "live"
            return
        heard = isinstance(item, TickColumns | StoredTicks)
        if self.facts.feed == "lost":
            heard = heard or isinstance(item, Beat)
        if heard and self.facts.feed in ("waiting", "lost"):
            self.facts.reconnects += self.facts.feed == "lost"
            self.facts.feed = "live"

    async def _may_roll(self) -> bool:
        """Whether nothing is open, once everything that was heard has been acted on."""
        await self.inputs.join()
        status = self.engine.status()
        return status.position is None and status.waiting is None

    async def _let_the_writer_follow(self) -> None:
        while self.writer.backlog > PATIENT_BACKLOG:
            await asyncio.sleep(0.02)

    async def _act(self) -> None:
        """Put every input into the engine, one after the other, until the data ends."""
        item: Input | None = None
        try:
            while (item := await self.inputs.get()) is not None:
                self.core.act(item)
                self.warming.acted(item)
                self.inputs.task_done()
                await asyncio.sleep(0)  # the page's turn, even when there is always a next block
        except (EngineError, MarketDataError, JournalError) as error:
            self.error = str(error)
        except Exception as error:
            log.exception("engine_failed")
            self.error = f"the engine failed: {error!r}"
        if self.error and isinstance(item, Kill | Flatten):
            self.unexecuted.append(item)

    async def _pulse(self) -> None:
        """Store how far we are, once a second."""
        while True:
            self.writer.see(self.engine.status())
            await asyncio.sleep(PULSE_S)

    async def put(self, item: Input) -> None:
        await self.inputs.put(item)

    @property
    def journal_path(self) -> Path | None:
        """Where the inputs are kept; None when they are not."""
        return self._kept.path if self._kept is not None else None

    def event_time(self) -> int:
        return self.engine.status().ts or self.market.first_ts

    def kill(self, actor: str, reason: str) -> bool:
        """Flatten, cancel everything and halt; False when the run is over. Never waits."""
        if self._over:
            return False
        name = f"{actor}-{time.time_ns()}"
        self.writer.note("kill_switch", {"reason": reason, "command": name}, actor=actor)
        self.publisher.say("kill_switch", f"Kill switch: {reason}", "error")
        command = Kill(id=name, ts=self.event_time(), reason=reason)
        task = asyncio.create_task(self.put(command), name="kill")
        self._killing[task] = command
        task.add_done_callback(self._killing.pop)
        return True

    def _stop(self, row: DatabaseCommand) -> None:
        self.stop_asked = row
        self._stop_asked.set()

    # The end

    async def _settle(self, act: asyncio.Task[None], feed: asyncio.Task[None]) -> None:
        """Let what was asked for leave to the broker, while the engine still hears what comes."""
        await cancel(feed)
        while not act.done() and (self._killing or not self.inputs.empty()):
            await asyncio.sleep(SETTLE_S)
        await self.broker.drain()

    def _finish(self, ended: bool) -> None:
        """Execute the commands that were taken, and close a simulated position at the last trade.
        A real one stays open under its bracket, which works at the broker; an exit would not leave
        any more, so what is to be closed there is left `unexecuted`."""
        self._over = True
        simulated = self.broker.simulated
        waiting = [self.inputs.get_nowait() for _ in range(self.inputs.qsize())]
        left = [item for item in waiting if isinstance(item, Command | Fill)]
        left += self._killing.values()
        if not simulated:
            self.unexecuted += [item for item in left if isinstance(item, Kill | Flatten)]
            left = [item for item in left if not isinstance(item, Kill | Flatten)]
        try:
            for each in left:
                self.core.act(each)
            self._held = held_text(self.engine.status(), closed=simulated)
            # A run that failed with a real position goes on with it at the next start.
            if simulated or (ended and not self.error):
                self.core.act(Finish())
        except Exception as error:
            log.exception("engine_not_finished")
            self.error = self.error or f"the engine failed at the end: {error!r}"

    async def _close(self, status: Session.Status) -> Outcome:
        if not await self._close_journals():
            status = Session.Status.FAILED
        state, carry = self.engine.status(), carry_json(self.engine.carry())
        self.facts.feed = "stopped" if status == Session.Status.STOPPED else "ended"
        self.facts.status = status.value
        text = self.error or ("The data ended." if status == "ended" else "Stopped.")
        if state.position is not None:  # at a broker
            text = f"{text.rstrip('.')}; {self._held}."
            log.warning("position_left", held=self._held)
        self.publisher.say(status.value, text, "error" if self.error else "info")
        self.writer.see(state)
        self.writer.note(status.value, {"error": self.error, "carry": carry})
        self.writer.end(status, carry)
        await asyncio.to_thread(self.writer.close)
        log.info("pipeline_ended", status=status.value, error=self.error, ticks=state.ticks)
        return Outcome(
            status=status,
            error=self.error,
            engine=state,
            session=self.writer.recorder.session,
            writer=self.writer.stats,
        )

    async def _close_journals(self) -> bool:
        """Whether everything that was traded on is kept."""
        try:
            if self.market.journal is not None:
                await asyncio.to_thread(self.market.journal.close)
            if self._kept is not None:
                open_ = "" if self.core.finished else held(self.engine.status())
                await asyncio.to_thread(self._kept.end, open_)
        except (MarketDataError, JournalError) as error:
            log.exception("journal_not_closed")
            self.error = self.error or str(error)
            return False
        return True
