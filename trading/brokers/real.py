"""A broker where money is: an adapter behind the rules that are every broker's.

The dispatcher takes orders there, the reconciliation compares, the flattening is verified. The
engine hears that the line is there only after the first look that found nothing to do, so nothing
is entered before; that the line is lost it hears at once.
"""

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import structlog

from engine.commands import HaltTrading, ReportLink
from engine.events import Event, Fill
from trading.brokers.adapter import Adapter, BrokerError, Order, Report, Word
from trading.brokers.around import Around
from trading.brokers.closing import close_everything
from trading.brokers.dispatcher import Dispatcher
from trading.brokers.flatten import Flattening
from trading.brokers.rules import Rules
from trading.brokers.words import Words
from trading.pipeline.ending import cancel
from trading.reconciliation.task import NOT_YET, Reconciliation
from trading.wire import Json

log = structlog.get_logger(__name__)

LINE_LOST: Final = "the line to the broker is down"
LINE_NEW: Final = "the line to the broker is new"
PAST_US: Final = "positions were closed past the engine"
DRAIN_LOOK_S: Final = 0.05
RESTART_S: Final = 5.0


class RealBroker:
    """`armed`: whether entries may leave. Set by who was told that this account shall trade."""

    simulated = False

    def __init__(
        self,
        adapter: Adapter,
        rules: Rules,
        *,
        armed: bool = False,
        clock: Callable[[], float] = time.monotonic,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.adapter = adapter
        self.rules = rules
        self.armed = armed
        self._clock = clock
        self._now_ms = now_ms
        self._since = now_ms()  # when the line came or went
        self._up = False  # as the engine was told
        self._over = False
        self._report: Report | None = None

    def attach(self, around: Around) -> None:
        """Learn of the pipeline around; before anything else."""
        adapter, rules = self.adapter, self.rules
        # Of this start alone, also on a machine whose clock was put back.
        start = f"{around.account}-{self._now_ms():x}-{os.getpid():x}"
        self._words = Words(start, around.event_time)
        self._around = around
        self.dispatcher = Dispatcher(
            adapter, around, rules, self._words, ready=self.not_ready, look=self.look,
            escalate=lambda why: self.flattening.escalate(why), clock=self._clock,
        )  # fmt: skip
        self.dispatcher.armed = self.armed
        self.reconciliation = Reconciliation(
            adapter, around, rules, self._words, busy=self.dispatcher.busy,
            send=self.dispatcher.send, known=self.dispatcher.known, looked=self._looked,
            now_ms=self._now_ms,
        )  # fmt: skip
        self.flattening = Flattening(
            adapter, around, rules, self._words, look=self.look,
            doubt=lambda: self.reconciliation.begin_anew(PAST_US),
            clock=self._clock,
        )  # fmt: skip

    def send(self, order: Order) -> None:
        """Take an order. Never waits."""
        if self._over:
            self._around.alert("order_left", f"{order.id}: not sent: the session is over")
        self.dispatcher.send(order)

    def follow(self, contract: str) -> None:
        """The feed trades another contract from now on. Never waits."""
        try:
            self.adapter.follow(contract)
        except BrokerError as error:  # what is not known is not entered
            self._around.alert("contract_unknown", f"{error}; nothing can be entered")
            return
        self.look()

    def saw(self, events: Sequence[Event]) -> None:
        """What the engine says. Never waits."""
        self.flattening.saw(events)

    def look(self) -> None:
        """Compare with the broker soon."""
        self.reconciliation.ask()

    def not_ready(self) -> str:
        """Why nothing is entered now; "" when it may be."""
        if not self.reconciliation.clean:
            return f"not in agreement with the broker: {self.reconciliation.looks.text}"
        return self.flattening.blocking

    def facts(self) -> Json:
        """For the page: how the line and the books are. Times are UTC ms."""
        looks = self.reconciliation.looks
        return {
            "up": self.adapter.up,
            "since": self._since,
            "reconciled": looks.reconciled,
            "differences": looks.differences,
            "unknown": len(self.dispatcher.queue.unknown()),
            "text": looks.text if self.adapter.up else LINE_LOST,
        }

    async def drain(self) -> None:
        """The session ends: nothing is entered any more. Return when nothing waits for the broker
        and what was flattened is flat, or after `drain_s`, and say what is left."""
        self.dispatcher.closing = True
        try:
            async with asyncio.timeout(self.rules.drain_s):
                while self.dispatcher.queue.waiting or self.flattening.active:
                    await asyncio.sleep(DRAIN_LOOK_S)
        except TimeoutError:
            left = [out.order.id for out in self.dispatcher.queue]
            what = f"orders {', '.join(left)}" if left else "a flattening that is not verified"
            self._around.alert("session_ends_unsettled", f"The session ends with {what}", left=left)

    async def close_everything(self) -> str:
        """Past the engine, on a line of its own: `run` must be over."""
        return await close_everything(self.adapter)

    async def run(self, report: Report) -> None:
        """Trade until cancelled."""
        self._report = report
        await self._tell_line(up=False, reason=NOT_YET)
        self.flattening.go_on()
        work = {
            "line": self._line(),
            "dispatcher": self.dispatcher.run(report),
            "reconciliation": self.reconciliation.run(report),
            "flattening": self.flattening.run(report),
        }
        tasks = [asyncio.create_task(each, name=name) for name, each in work.items()]
        try:
            await asyncio.gather(*tasks)
        finally:
            self._over = True
            await cancel(*tasks)

    # The line

    async def _line(self) -> None:
        """Keep the adapter running; say when it can never work."""
        while True:
            try:
                await self.adapter.run(self._heard)
                error = "the line's task ended by itself"
            except BrokerError as refused:
                text = f"the broker cannot be used: {refused}"
                self._around.alert("broker_unusable", text)
                await self._tell_line(up=False, reason=text)
                await self._say(self._words.make(HaltTrading, reason=text))
                return
            except Exception as failure:
                log.exception("adapter_failed")
                error = f"the line failed: {failure!r}"
            self._around.alert("broker_line_failed", f"{error}; it is begun again")
            self._changed()
            await self._tell_line(up=False, reason=error)
            await asyncio.sleep(RESTART_S)

    async def _heard(self, word: Word) -> None:
        """What the broker says."""
        if not isinstance(word, ReportLink):
            await self._say(self._at_event_time(word))
            return
        self._changed()
        reason = word.reason or (LINE_NEW if word.up else LINE_LOST)
        level = "info" if word.up else "error"
        self._around.alert("broker_line", f"Broker: {reason}", level, up=word.up)
        if (
            not word.up or self._up
        ):  # a line that is new although none was lost may have missed much
            await self._tell_line(up=False, reason=reason)

    def _at_event_time(self, word: Word) -> Word:
        """Event time is the feed's: by a broker's clock that runs ahead, trades that are yet to
        come would be late, and dropped. A fill keeps the broker's time, which moves nothing."""
        if isinstance(word, Fill):
            return word
        return replace(word, ts=self._around.event_time())

    def _changed(self) -> None:
        self._since = self._now_ms()
        self.reconciliation.begin_anew(LINE_NEW if self.adapter.up else LINE_LOST)
        self.dispatcher.queue.changed.set()

    async def _looked(self) -> None:
        """After each look."""
        if self.reconciliation.clean and self.adapter.up:
            if not self._up:
                await self._tell_line(up=True, reason="reconciled")
        elif self._up and self.reconciliation.looks.failed >= self.rules.blind_looks:
            await self._tell_line(up=False, reason=self.reconciliation.looks.text)

    async def _tell_line(self, *, up: bool, reason: str) -> None:
        self._up = up
        await self._say(self._words.make(ReportLink, up=up, reason=reason))

    async def _say(self, word: Word) -> None:
        if self._report is None:
            raise RuntimeError("a broker says nothing before it runs")
        await self._report(word)
