"""Runs the pipeline and stops it.

Everything that may change a decision goes through one bounded queue into `Core.act`, in one task.
The writer, the publisher, the operator and the broker work beside it. The run ends when the data
ends, when somebody asks for it, or when the engine or the feed fails; in each case the engine is
finished, the session's row says how it ended, and the writer writes what is left.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import structlog

from engine.commands import Command
from engine.errors import EngineError
from engine.events import Event, OrderIntent
from engine.ticks import TickColumns
from marketdata.errors import MarketDataError
from marketdata.feeds import StoredTicks
from trading.brokers import Broker
from trading.models import Command as DatabaseCommand
from trading.models import Session
from trading.pipeline.answers import Answers
from trading.pipeline.core import Beat, Core, Engine, Finish, Input, WarmUp
from trading.pipeline.ending import cancel
from trading.pipeline.frames import Facts
from trading.pipeline.idle import settle_left
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
from trading.pipeline.writer import Writer, WriterStats
from trading.wire import Json

if TYPE_CHECKING:
    from engine.status import Status

log = structlog.get_logger(__name__)

WAITING_INPUTS: Final = 8
PULSE_S: Final = 1.0
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


class BrokerOutput:
    """Hands orders to the broker."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker

    def take(self, events: Sequence[Event], status: "Status | None") -> None:
        for event in events:
            if isinstance(event, OrderIntent):
                self.broker.send(event)


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
        self.writer = Writer(Recorder(start.session), leftovers=leftovers)
        self.clock = None if plan.speed is None else EventClock(plan.speed)
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
            inputs=lambda: self._inputs.qsize(),
            backlog=lambda: self.writer.backlog,
            writer=self.writer.stats,
        )
        self.core = Core(engine, journal=market.journal)
        self.publisher = Publisher(self.core, self.facts)
        self.answers = Answers(self.publisher.aside)
        self.core.outputs = [self.writer, self.publisher, self.answers, BrokerOutput(broker)]
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
        self._send = send
        self._inputs: asyncio.Queue[Input | None] = asyncio.Queue(WAITING_INPUTS)

    async def run(self, stop: asyncio.Event, *, linger: Linger | None = None) -> Outcome:
        """Trade until the data ends, `stop` is set or a command asks for it. `linger`: after the
        end, go on telling the page until it returns."""
        self._may_stop = linger is not None
        log.info(
            "pipeline_started",
            account=self.facts.account,
            source=self.facts.source,
            speed=self.facts.speed,
        )
        self.writer.start()
        publish = asyncio.create_task(self.publisher.run(self._send), name="publisher")
        views = asyncio.create_task(self.views.run(), name="views")
        joining = asyncio.create_task(self.publisher.recent.listen(), name="recent")
        try:
            status = await self._trade(stop)
            outcome = await self._close(status)
            await settle_left(self, outcome, self._held)
            if linger is not None and not stop.is_set():
                await linger(self, outcome)
            return outcome
        finally:
            await cancel(publish, views, joining)
            await self.publisher.last_frame(self._send)

    async def _trade(self, stop: asyncio.Event) -> Session.Status:
        act = asyncio.create_task(self._act(), name="engine")
        asked = asyncio.create_task(stop.wait(), name="stop")
        commanded = asyncio.create_task(self._stop_asked.wait(), name="stop-command")
        operator = Operator(
            self._account_id,
            self._put,
            self._event_time,
            stop=self._stop if self._may_stop else None,
            tell=self.answers.tell,
        )
        beside = (
            asyncio.create_task(self._feed(), name="feed"),
            asyncio.create_task(operator.run(), name="operator"),
            asyncio.create_task(self.broker.run(self._put), name="broker"),
            asyncio.create_task(self._pulse(), name="pulse"),
        )
        try:
            await asyncio.wait((act, asked, commanded), return_when=asyncio.FIRST_COMPLETED)
            ended = act.done()
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
                await self._put(item)
                if self.clock is None:
                    await self._let_the_writer_follow()
        except MarketDataError as error:
            self.error = str(error)
        except Exception as error:
            log.exception("feed_failed")
            self.error = f"the feed failed: {error!r}"
        await self._inputs.put(None)

    def _due(self) -> AsyncIterator[Input]:
        blocks = read_ahead(self.market.blocks)
        if self.market.live is not None:
            return live_inputs(blocks, self.market.live, self._may_roll, self.news.tell)
        return inputs(blocks, self.clock, warm_until=self.market.warm_until)

    def _follow(self, item: Input) -> None:
        if isinstance(item, WarmUp):
            self.facts.feed = "warming" if item.on else "live"
            return
        heard = isinstance(item, TickColumns | StoredTicks)
        if self.facts.feed == "lost":
            heard = heard or isinstance(item, Beat)
        if heard and self.facts.feed in ("waiting", "lost"):
            self.facts.feed = "live"

    async def _may_roll(self) -> bool:
        """Whether nothing is open, once everything that was heard has been acted on."""
        await self._inputs.join()
        status = self.engine.status()
        return status.position is None and status.waiting is None

    async def _let_the_writer_follow(self) -> None:
        while self.writer.backlog > PATIENT_BACKLOG:
            await asyncio.sleep(0.02)

    async def _act(self) -> None:
        """Put every input into the engine, one after the other, until the data ends."""
        try:
            while (item := await self._inputs.get()) is not None:
                self.core.act(item)
                self.warming.acted(item)
                self._inputs.task_done()
                await asyncio.sleep(0)  # the page's turn, even when there is always a next block
        except (EngineError, MarketDataError) as error:
            self.error = str(error)
        except Exception as error:
            log.exception("engine_failed")
            self.error = f"the engine failed: {error!r}"

    async def _pulse(self) -> None:
        """Store how far we are, once a second."""
        while True:
            self.writer.see(self.engine.status())
            await asyncio.sleep(PULSE_S)

    async def _put(self, item: Input) -> None:
        await self._inputs.put(item)

    def _event_time(self) -> int:
        return self.engine.status().ts or self.market.first_ts

    def _stop(self, row: DatabaseCommand) -> None:
        self.stop_asked = row
        self._stop_asked.set()

    # The end

    def _finish(self, ended: bool) -> None:
        """Execute the commands that were taken, and close a simulated position at the last trade.
        A real one stays open under its bracket, which works at the broker."""
        try:
            while not self._inputs.empty():
                item = self._inputs.get_nowait()
                if isinstance(item, Command):
                    self.core.act(item)
            self._held = held_text(self.engine.status(), closed=ended or self.broker.simulated)
            if ended or self.broker.simulated:
                self.core.act(Finish())
        except Exception as error:
            log.exception("engine_not_finished")
            self.error = self.error or f"the engine failed at the end: {error!r}"

    async def _close(self, status: Session.Status) -> Outcome:
        if not await self._close_journal():
            status = Session.Status.FAILED
        state, carry = self.engine.status(), carry_json(self.engine.carry())
        self.facts.feed = "stopped" if status == Session.Status.STOPPED else "ended"
        self.facts.status = status.value
        text = self.error or ("The data ended." if status == "ended" else "Stopped.")
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

    async def _close_journal(self) -> bool:
        """Whether everything that was traded on is kept."""
        if self.market.journal is not None:
            try:
                await asyncio.to_thread(self.market.journal.close)
            except MarketDataError as error:
                log.exception("journal_not_closed")
                self.error = self.error or str(error)
                return False
        return True
