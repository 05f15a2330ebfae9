"""What became of an order at the broker, and what the engine is told of it.

Only what is known not to have arrived is sent again. What is not known is asked for by its id until
the broker answers; that it has no such order counts when it says so twice, and not before the order
has had time to arrive.
"""

from collections.abc import Callable

import structlog

from engine.commands import (
    Command,
    HaltTrading,
    ReportAmendReject,
    ReportCancelled,
    ReportLost,
    ReportReject,
    ReportWorking,
)
from engine.events import OrderAmend, OrderCancel, OrderIntent
from engine.instruments import Instrument
from trading.brokers.adapter import (
    Adapter,
    BrokerError,
    BrokerOrder,
    NotSent,
    Order,
    Refused,
    Report,
)
from trading.brokers.around import Around
from trading.brokers.guards import Guards
from trading.brokers.outgoing import Outgoing, Queue
from trading.brokers.rules import Rules
from trading.brokers.waiting import backed_off, within
from trading.brokers.words import Words
from trading.observing.tally import MILLI, NS, Tally

log = structlog.get_logger(__name__)


class Outcomes:
    """Places orders and says how that went. `look` asks for a reconciliation."""

    def __init__(
        self,
        adapter: Adapter,
        around: Around,
        rules: Rules,
        words: Words,
        queue: Queue,
        guards: Guards,
        look: Callable[[], None],
    ) -> None:
        self.prices: dict[str, int] = {}
        """Where each order works, ticks, as far as the broker took it."""
        self.report: Report | None = None
        self.sent, self.answered = Tally(MILLI), Tally(MILLI)
        """From the tick that wanted an order to the broker's client; from there to its answer."""
        self._adapter = adapter
        self._around = around
        self._rules = rules
        self._words = words
        self._queue = queue
        self._guards = guards
        self._look = look
        self._clock = queue.clock

    async def place(self, out: Outgoing) -> None:
        """Give an order to the broker, and see to what it answers."""
        order = out.order
        self._around.record("order_sent", order=order.id, what=what(order), tries=out.tries + 1)
        self._guards.rate.count()
        self._guards.given(order.id)
        out.sent, out.placing = self._clock(), True
        if not out.tries:
            self.sent.add(out.behind_ns + int((out.sent - out.since) * NS))
        try:
            await within(self._rules.answer_s, self._adapter.place(order))
        except NotSent as error:
            self.again(out, str(error))
        except Refused as error:
            await self._refused(out, str(error))
        except (BrokerError, TimeoutError) as error:
            self.unsure(out, str(error))
        else:
            if isinstance(order, OrderAmend):
                self.prices[order.id] = order.price
            self.answered.add(int((self._clock() - out.sent) * NS))
            self._around.record("order_taken", order=order.id, what=what(order))
            self._queue.done(out)
        finally:
            out.placing = False

    async def ask(self, out: Outgoing) -> None:
        """Ask the broker for an order whose outcome is not known."""
        order = out.order
        if not self._adapter.up:
            self.later(out)
            return
        try:
            found = await within(self._rules.answer_s, self._adapter.find(order.id))
        except (BrokerError, TimeoutError) as error:
            log.info("order_not_answered", order=order.id, error=str(error))
            out.asked += 1
            self.later(out)
            return
        if found is not None:
            await self._found(out, found)
            return
        out.none_seen += 1
        if out.none_seen < 2 or self._clock() - out.sent < self._rules.settle_s:
            self.later(out)
            return
        self._around.record("order_not_there", order=order.id)
        if out.is_exit:
            out.unknown = False
            self.again(out, "the broker has no such order")
        elif isinstance(order, OrderAmend):
            self._queue.done(out)
            self._look()
        else:
            await self.lost(out, "the broker has no such order")

    # What is known

    def again(self, out: Outgoing, reason: str) -> None:
        """It is known that the broker does not have it: it may leave again."""
        out.tries += 1
        out.delayed, out.reason = True, reason
        if isinstance(out.order, OrderIntent):
            self._guards.forget(out.order.id)
        self._around.record("order_not_sent", order=out.order.id, tries=out.tries, reason=reason)
        self.later(out)

    def unsure(self, out: Outgoing, reason: str) -> None:
        """It may have reached the broker: it is asked for from now on."""
        out.unknown, out.none_seen = True, 0
        out.not_before = self._clock() + self._rules.first_wait_s
        order = out.order.id
        text = f"{order}: not known whether it reached the broker ({reason}); asking for it"
        self._around.alert("order_unknown", text, "warning", order=order)
        self._queue.changed.set()

    def later(self, out: Outgoing) -> None:
        """Back-off."""
        rules, tries = self._rules, max(out.tries, out.asked)
        out.not_before = self._clock() + backed_off(rules.first_wait_s, rules.longest_wait_s, tries)
        self._queue.changed.set()

    async def lost(self, out: Outgoing, reason: str) -> None:
        """The order is not at the broker and never will be."""
        self._queue.done(out)
        order = out.order.id
        self._around.alert("order_lost", f"{order}: not sent: {reason}", "warning", order=order)
        await self.say(self._words.make(ReportLost, order_id=order, reason=reason))

    async def give_up(self, out: Outgoing, reason: str) -> None:
        """An entry that could have left and did not: something is wrong, and a person looks."""
        await self.lost(out, reason)
        reason = f"order {out.order.id} could not be sent: {reason}"
        await self.say(self._words.make(HaltTrading, reason=reason))

    async def rejected(self, out: Outgoing, reason: str) -> None:
        """An order or a change was refused, by the broker or by a guard."""
        order = out.order
        if not isinstance(order, OrderAmend):
            self._queue.done(out)
            await self.say(self._words.make(ReportReject, order_id=order.id, reason=reason))
        elif (price := self.prices.get(order.id)) is None:  # set by a run before this one
            self.unsure(out, reason)
        else:
            self._queue.done(out)
            await self._works_at(order, price, reason)

    async def say(self, word: Command) -> None:
        """Give a word to the engine."""
        if self.report is None:
            raise RuntimeError("nothing is said before the dispatcher runs")
        await self.report(word)

    async def _refused(self, out: Outgoing, reason: str) -> None:
        order = out.order.id
        if isinstance(out.order, OrderCancel):
            self.unsure(out, reason)  # as a rule it is over already: the broker will say
            return
        self._around.alert("order_refused", f"{order}: {reason}", "error", order=order)
        await self.rejected(out, reason)

    async def _found(self, out: Outgoing, found: BrokerOrder) -> None:
        """The broker has it. What it filled comes first, so such an end is the look's to say."""
        order = out.order
        self._around.record("order_found", order=order.id, status=found.status)
        if isinstance(order, OrderCancel) and not found.over:
            out.unknown = False
            self.again(out, "the order still works")  # to take it back twice does no harm
            return
        self._queue.done(out)
        if found.over and (found.filled or isinstance(order, OrderAmend)):
            if isinstance(order, OrderIntent):
                await self.say(self._words.make(ReportWorking, order_id=order.id))
            self._look()
        elif found.over:
            await self.say(self._end(found, order.id))
        elif isinstance(order, OrderAmend):
            await self._amended(order, found)
        else:
            await self.say(self._words.make(ReportWorking, order_id=order.id))
            if found.filled:
                self._look()

    def _end(self, found: BrokerOrder, order: str) -> Command:
        if found.status == "rejected":
            reason = found.reason or "rejected by the broker"
            return self._words.make(ReportReject, order_id=order, reason=reason)
        reason = found.reason or "cancelled at the broker"
        return self._words.make(ReportCancelled, order_id=order, reason=reason)

    async def _amended(self, order: OrderAmend, found: BrokerOrder) -> None:
        works_at = ticks_of(found, self._around.config.instrument)
        if works_at is None or works_at == order.price:
            self.prices[order.id] = order.price
        else:
            await self._works_at(order, works_at, "the broker works it at another price")

    async def _works_at(self, order: OrderAmend, price: int, reason: str) -> None:
        word = self._words.make(ReportAmendReject, order_id=order.id, price=price, reason=reason)
        await self.say(word)


def what(order: Order) -> str:
    """An order in words."""
    match order:
        case OrderIntent():
            side = "buy" if order.side > 0 else "sell"
            return f"{order.role}: {side} {order.size} {order.symbol} at market"
        case OrderAmend():
            return f"change: {order.size} at {order.price} ticks"
        case OrderCancel():
            return "cancellation"


def ticks_of(order: BrokerOrder, spec: Instrument) -> int | None:
    """The price at which an order works, in ticks; None when it has none. OffGridError."""
    return None if order.price is None else spec.ticks(order.price)
