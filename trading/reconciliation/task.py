"""Looks at the broker at the start, after each reconnect, every minute and when asked, and makes
what differs one again.

A difference is concluded when two looks in a row see it; what is under way may cross a look. Then
its remedy is done, it goes into the audit trail and the page is told, once as long as it lasts.
Entries are possible from the first look on that finds nothing to do. While a difference lasts, or
the broker cannot be asked several times in a row, they are not.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog

from engine.commands import (
    Command,
    ReportCancelled,
    ReportDifference,
    ReportLost,
    ReportReject,
    ReportWorking,
)
from engine.events import OrderCancel
from engine.money import to_decimal
from trading.brokers.adapter import Adapter, BrokerError, BrokerOrder, Order, Report
from trading.brokers.around import Around
from trading.brokers.rules import Rules
from trading.brokers.waiting import within
from trading.brokers.words import Words
from trading.pipeline.core import worth_saying
from trading.reconciliation.compare import (
    AT_ONCE,
    Difference,
    OurSide,
    Remedy,
    compare,
    trade_of,
)

log = structlog.get_logger(__name__)

NOT_YET: Final = "not compared with the broker yet"
REMEDIED_AFTER: Final = 3
"""Looks after which a remedy has worked or is tried once more."""
LEVELS: Final = {Remedy.HALT: "error", Remedy.WARN: "warning", Remedy.CANCEL: "warning"}
UNPROTECTED: Final = {"stop_missing": "error", "target_missing": "warning"}


@dataclass(slots=True)
class Looks:
    """What the looks found so far. Times are UTC ms."""

    reconciled: int | None = None  # when the last look found nothing to do
    differences: int = 0  # that last
    found: int = 0  # concluded since the start
    looks: int = 0
    failed: int = 0  # in a row
    text: str = NOT_YET


@dataclass(slots=True)
class Lasting:
    """A difference whose remedy was done `looks` ago."""

    difference: Difference
    looks: int = 0


class Reconciliation:
    """`busy` names the orders that something is under way for, `send` takes an order to the broker,
    `known` hears of the ids that the broker has, `looked` is called after each look. While `clean`,
    entries are possible: the last look found nothing to do."""

    def __init__(
        self,
        adapter: Adapter,
        around: Around,
        rules: Rules,
        words: Words,
        *,
        busy: Callable[[], frozenset[str]],
        send: Callable[[Order], None],
        known: Callable[[list[str]], None],
        looked: Callable[[], Awaitable[None]],
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.looks = Looks()
        self.clean = False
        self._adapter = adapter
        self._around = around
        self._rules = rules
        self._words = words
        self._busy = busy
        self._send = send
        self._known = known
        self._looked = looked
        self._now_ms = now_ms
        self._asked = asyncio.Event()
        self._seen: set[tuple[str, str, str]] = set()  # by the look before
        self._done: dict[tuple[str, str, str], Lasting] = {}  # concluded, and still there
        self._given: set[str] = set()

    def ask(self) -> None:
        """Look soon."""
        self._asked.set()

    def begin_anew(self, why: str) -> None:
        """Nothing is known any more: the line was lost. The next look is at once."""
        self.clean = False
        self.looks.text = why
        self._seen.clear()
        self.ask()

    async def run(self, report: Report) -> None:
        """Look until cancelled."""
        while True:
            self._asked.clear()
            again = self._rules.look_s
            if self._adapter.up:
                try:
                    again = await self.look(report)
                    await self._looked()
                except Exception:
                    if worth_saying(self.looks.failed + 1):
                        log.exception("reconciliation_failed", failed=self.looks.failed + 1)
                    self._blind("a look failed here")
                    again = self._rules.again_s
            with suppress(TimeoutError):
                async with asyncio.timeout(again):
                    await self._asked.wait()

    async def look(self, report: Report) -> float:
        """One look, and what follows from it; the seconds until the next."""
        try:
            state = await within(self._rules.state_s, self._adapter.state())
        except (BrokerError, TimeoutError) as error:
            self._blind(str(error))
            return self._rules.again_s
        if not self._adapter.up:  # it went while it was asked
            return self._rules.again_s
        self.looks.looks += 1
        self.looks.failed = 0
        self._known([order.id for order in state.orders if order.id])
        self._given &= {execution.id for execution in state.executions}
        found = compare(self.our_side(), state)
        for difference in self._conclude(found):
            self._tell(difference)
            await self._remedy(difference, report)
        for difference in self._unremedied():
            await self._insist(difference, report)
        return self._after(found)

    def our_side(self) -> OurSide:
        """What we believe now."""
        around = self._around
        contracts = {symbol: self._adapter.contract(symbol) for symbol in around.traded}
        return OurSide(
            account=around.account,
            beliefs=around.engine.orders(),
            contracts={symbol: contract for symbol, contract in contracts.items() if contract},
            spec=around.config.instrument,
            busy=self._busy(),
            given=frozenset(self._given),
            balance=to_decimal(around.engine.status().balance),
            tolerance=self._rules.balance_tolerance,
        )

    # What follows

    def _conclude(self, found: tuple[Difference, ...]) -> list[Difference]:
        """Those that are certain and have not been dealt with."""
        keys = {difference.key for difference in found}
        for key in [key for key in self._done if key not in keys]:
            over = self._done.pop(key).difference
            self._around.record("reconciliation_resolved", difference=over.text)
        for lasting in self._done.values():
            lasting.looks += 1
        certain = [
            difference
            for difference in found
            if difference.key not in self._done
            and difference.remedy is not Remedy.WAIT
            and (difference.kind in AT_ONCE or difference.key in self._seen)
        ]
        self._seen = keys
        return certain

    def _unremedied(self) -> list[Difference]:
        """Those whose remedy should have worked by now."""
        late = []
        for lasting in self._done.values():
            final = lasting.difference.remedy in (Remedy.WARN, Remedy.HALT)
            if not final and lasting.looks and lasting.looks % REMEDIED_AFTER == 0:
                late.append(lasting.difference)
        return late

    async def _insist(self, one: Difference, report: Report) -> None:
        """A remedy did not work: no entries until a person has looked, and once more."""
        text = f"{one.text}: {one.remedy.value} did not help"
        self._around.alert("reconciliation_stuck", text)
        await report(self._words.make(ReportDifference, reason=text))
        await self._remedy(one, report)

    def _after(self, found: tuple[Difference, ...]) -> float:
        looks = self.looks
        lasting = [one for one in found if one.remedy is not Remedy.WARN]
        looks.differences = sum(one.remedy is not Remedy.WAIT for one in found)
        if not lasting:
            looks.reconciled = self._now_ms()
            looks.text = "reconciled" if not found else found[0].text
            self.clean = True
            return self._rules.look_s
        looks.text = lasting[0].text
        if any(one.remedy is not Remedy.WAIT for one in lasting):
            self.clean = False
        waits = all(one.key in self._done and one.remedy is Remedy.HALT for one in lasting)
        return self._rules.look_s if waits else self._rules.again_s

    def _blind(self, error: str) -> None:
        looks = self.looks
        looks.failed += 1
        looks.text = f"the broker cannot be asked: {error}"
        if looks.failed == self._rules.blind_looks:
            self.clean = False
            text = f"{looks.text} ({looks.failed} times): no entries"
            self._around.alert("reconciliation_blind", text)

    def _tell(self, one: Difference) -> None:
        self._done[one.key] = Lasting(one)
        self.looks.found += 1
        self._around.alert(
            "reconciliation_difference", one.text,
            UNPROTECTED.get(one.kind) or LEVELS.get(one.remedy, "info"),
            kind_of=one.kind, subject=one.subject, ours=one.ours, theirs=one.theirs,
            remedy=one.remedy.value,
        )  # fmt: skip

    async def _remedy(self, one: Difference, report: Report) -> None:
        match one.remedy:
            case Remedy.ADOPT if one.fill is not None:
                self._given.add(one.fill.id)
                await report(one.fill)
            case Remedy.TELL if one.says is not None:
                kind, fields = one.says
                await report(self._words.make(kind, **fields))
            case Remedy.ASK:
                await self._ask(one, report)
            case Remedy.CANCEL:
                cancel = OrderCancel(
                    ts=self._around.event_time(), id=one.subject, trade_id=trade_of(one.subject),
                    reason=one.kind,
                )  # fmt: skip
                self._send(cancel)
            case Remedy.HALT:
                await report(self._words.make(ReportDifference, reason=one.text))

    async def _ask(self, one: Difference, report: Report) -> None:
        """An order that is not among those of the broker: lost only if it says so itself."""
        try:
            found = await within(self._rules.answer_s, self._adapter.find(one.subject))
        except (BrokerError, TimeoutError):
            self._done.pop(one.key, None)  # to be concluded again
            return
        await report(self._found(one.subject, found))

    def _found(self, order: str, found: BrokerOrder | None) -> Command:
        make = self._words.make
        if found is None:
            reason = "the broker has no such order"
            return make(ReportLost, order_id=order, reason=reason)
        if found.status == "rejected":
            return make(ReportReject, order_id=order, reason=found.reason or "rejected there")
        if found.status == "cancelled":
            return make(ReportCancelled, order_id=order, reason=found.reason or "cancelled there")
        return make(ReportWorking, order_id=order)
