"""Takes the engine's orders to the broker: each once, in order, and none is ever dropped.

`send` never waits; one task does the rest. Before an order leaves, the guards look at it, the
journal is put on disk and, for an entry, the broker's margin is asked meanwhile. What becomes of
it:

- it did not reach the broker: an entry is tried again a few times while it is young, then it is
  reported lost and trading halts; exits and cancellations are tried for ever, and a person is told;
- whether it did is not known: the broker is asked for it by its id until it answers, and meanwhile
  nothing else is entered; it is never sent again, but for an exit that the broker has not;
- refused: reported to the engine as rejected.

While the line is down entries are lost at once; the rest waits for it. An exit that was delayed, or
comes while the books are not known to agree, leaves only if the broker has the position: otherwise
it would open one.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from typing import Final

import structlog
from structlog.contextvars import bound_contextvars

from engine.commands import ReportMargin
from engine.events import OrderAmend, OrderCancel, OrderIntent
from engine.money import to_units
from engine.schedule import TradingDay
from trading.brokers.adapter import Adapter, BrokerError, Order, Report
from trading.brokers.around import Around
from trading.brokers.guards import Guards, Sight
from trading.brokers.outcomes import Outcomes, what
from trading.brokers.outgoing import Outgoing, Queue
from trading.brokers.rules import Rules
from trading.brokers.sync import Sync
from trading.brokers.waiting import within
from trading.brokers.words import Words

log = structlog.get_logger(__name__)

NOTHING_HELD: Final = "nothing is held that it could close"
WITHDRAWN: Final = "taken back before it was sent"


class Dispatcher:
    """`ready` says why no entry may leave now ("": it may), `look` asks for a reconciliation,
    `escalate` tells that a position cannot be closed. `armed`: whether real money may be risked."""

    def __init__(
        self,
        adapter: Adapter,
        around: Around,
        rules: Rules,
        words: Words,
        *,
        ready: Callable[[], str],
        look: Callable[[], None],
        escalate: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.adapter = adapter
        self.around = around
        self.rules = rules
        self.words = words
        self.guards = Guards(rules, clock)
        self.queue = Queue(clock)
        self.outcomes = Outcomes(adapter, around, rules, words, self.queue, self.guards, look)
        self.armed = False
        self.closing = False
        """The session ends: nothing is entered any more."""
        self._sync = Sync(around.sync)
        self._ready = ready
        self._look = look
        self._escalate = escalate
        self._clock = clock
        self._day: TradingDay | None = None

    # From the engine's side

    def send(self, order: Order) -> None:
        """Take an order. Never waits."""
        match order:
            case OrderIntent(role="stop" | "target", price=int(price)):
                self.outcomes.prices[order.id] = price  # the broker works it already
                return
            case OrderAmend():
                self._supersede(order)
            case OrderCancel() if self._withdraw(order):
                return
        self.queue.put(order, self.around.acting_ns())

    def known(self, order_ids: Iterable[str]) -> None:
        """These ids have been at the broker, maybe in a run before this one."""
        for order_id in order_ids:
            self.guards.known(order_id)

    def busy(self) -> frozenset[str]:
        """Ids of orders that something is under way for, or was until a moment ago."""
        waiting = frozenset(out.order.id for out in self.queue)
        return waiting | self.guards.given_since(self._clock() - self.rules.settle_s)

    # The task

    async def run(self, report: Report) -> None:
        """Work until cancelled."""
        self.outcomes.report = report
        while True:
            self.queue.changed.clear()
            out, seconds = self.queue.next()
            if out is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self.queue.changed.wait()
                continue
            with bound_contextvars(order=out.order.id, trade=out.order.trade_id):
                try:
                    await self._work(out)
                except Exception as error:
                    log.exception("dispatch_failed")
                    self.outcomes.unsure(out, f"failed here: {error!r}")

    async def _work(self, out: Outgoing) -> None:
        if self._clock() - out.since > self.rules.escalate_s:
            self._tell_a_person(out)
        if out.unknown:
            await self.outcomes.ask(out)
        elif out.withdrawn:
            await self.outcomes.lost(out, WITHDRAWN)
        elif out.is_entry:
            await self._entry(out)
        elif not self.adapter.up:
            out.delayed = True
            self.outcomes.later(out)
        else:
            await self._exit_or_change(out)

    async def _entry(self, out: Outgoing) -> None:
        if not self.adapter.up:
            await self.outcomes.lost(out, "the line to the broker is down")
        elif self.closing:
            await self.outcomes.lost(out, "the session ends")
        elif out.tries >= self.rules.entry_tries:
            await self.outcomes.give_up(out, f"{out.reason} ({out.tries} tries)")
        elif self._clock() - out.since > self.rules.entry_age_s:
            await self.outcomes.give_up(out, f"too old after {self.rules.entry_age_s:g} s")
        elif reason := self._ready():
            await self.outcomes.lost(out, reason)
        elif self.queue.unknown():
            self.outcomes.later(out)
        elif not out.cleared:
            # Meanwhile it may grow old or be taken back: then it is looked at once more.
            out.cleared = await self._passes(out) and await self._kept_and_affordable(out)
        else:
            out.cleared = False
            await self.outcomes.place(out)

    async def _exit_or_change(self, out: Outgoing) -> None:
        if isinstance(out.order, OrderAmend) and self.guards.rate.second_full():
            self.outcomes.later(out)
            return
        if not await self._passes(out) or not await self._kept(out):
            return
        doubtful = out.delayed or self._ready()
        if out.is_exit and doubtful and not await self._held(out):
            return
        if out in self.queue and not out.withdrawn:  # nobody wanted otherwise meanwhile
            await self.outcomes.place(out)

    # Before an order leaves

    def sight(self) -> Sight:
        """What the guards look at."""
        status = self.around.engine.status()
        if status.day != self._day:
            self._day = status.day
            self.guards.new_day()
        return Sight(
            symbols=frozenset(self.around.traded),
            held=status.position.size if status.position is not None else 0,
            last_price=status.last_price,
            tick_age_s=self.around.tick_age_s(),
            armed=self.armed,
        )

    async def _passes(self, out: Outgoing) -> bool:
        order, sight = out.order, self.sight()
        if out.is_exit and not sight.held:
            await self.outcomes.lost(out, NOTHING_HELD)
            return False
        reason = self.guards.objection(order, sight)
        if not reason:
            return True
        self.around.alert("order_guarded", f"{order.id}: guard: {reason}", order=order.id)
        await self.outcomes.rejected(out, f"guard: {reason}")
        return False

    async def _kept(self, out: Outgoing) -> bool:
        """Whether the journal is on disk. What closes a position leaves without: to hold on to it
        is worse."""
        reason = await self._sync.done(self.rules.sync_s)
        if reason and out.is_entry:
            await self.outcomes.give_up(out, f"the journal is not on disk: {reason}")
            return False
        if reason:
            text = f"{out.order.id} leaves, though the journal is not on disk: {reason}"
            self.around.alert("journal_behind", text, order=out.order.id)
        return True

    async def _kept_and_affordable(self, out: Outgoing) -> bool:
        """Whether the journal is on disk and the margin within its limit. The broker is asked while
        the disk is at it, and its answer counts only when the journal is there."""
        order, limits = out.order, self.around.config.risk.margin_limits
        if not isinstance(order, OrderIntent) or order.symbol not in limits:
            return await self._kept(out)
        margin = asyncio.ensure_future(
            within(self.rules.answer_s, self.adapter.margin(order.symbol))
        )
        try:
            return await self._kept(out) and await self._affordable(out, order.symbol, margin)
        finally:
            if not margin.cancel() and not margin.cancelled():
                margin.exception()  # seen, also where the disk said no first

    async def _affordable(self, out: Outgoing, symbol: str, asked: asyncio.Future[Decimal]) -> bool:
        limit = self.around.config.risk.margin_limits[symbol]
        try:
            margin = await asked
        except (BrokerError, TimeoutError) as error:
            self.outcomes.again(out, f"the margin is not known: {error}")
            return False
        if margin <= limit:
            return True
        text = f"margin of {symbol} is {margin:f} a contract, above the limit {limit:f}"
        self.around.alert("margin_above_limit", f"{text}: no trades today", order=out.order.id)
        word = self.words.make(ReportMargin, symbol=symbol, margin=to_units(margin))
        await self.outcomes.say(word)
        await self.outcomes.lost(out, text)
        return False

    async def _held(self, out: Outgoing) -> bool:
        """Whether the broker has what an exit is to close, asked now."""
        order = out.order
        if not isinstance(order, OrderIntent):
            return True
        try:
            state = await within(self.rules.state_s, self.adapter.state())
        except (BrokerError, TimeoutError) as error:
            self.outcomes.again(out, f"the position cannot be asked for: {error}")
            return False
        if not (contract := self.adapter.contract(order.symbol)):
            self.outcomes.again(out, f"the contract of {order.symbol} is not known")
            return False
        has = state.positions.get(contract, 0)
        if -order.side * has >= order.size:
            return True
        await self.outcomes.lost(out, f"it closes {order.size}, and the broker has {has}")
        self._look()
        return False

    # What changes before it leaves

    def _supersede(self, amend: OrderAmend) -> None:
        """A newer change takes the place of one that has not left."""
        for out in self.queue:
            if isinstance(out.order, OrderAmend) and out.order.id == amend.id and out.here:
                self.queue.done(out)
                self.around.record("order_superseded", order=amend.id, price=out.order.price)

    def _withdraw(self, cancel: OrderCancel) -> bool:
        """Whether the order to be taken back has not left: then nothing needs to."""
        for out in self.queue:
            if out.order.id == cancel.id and isinstance(out.order, OrderIntent) and out.here:
                out.withdrawn, out.not_before = True, 0.0
                self.queue.changed.set()
                return True
        return False

    def _tell_a_person(self, out: Outgoing) -> None:
        if out.escalated:
            return
        out.escalated = True
        seconds = self.rules.escalate_s
        text = f"{out.order.id} ({what(out.order)}) is not at the broker after {seconds:g} s"
        self.around.alert("order_stuck", text, order=out.order.id)
        if out.is_exit:
            self._escalate(text)
