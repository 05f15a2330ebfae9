"""Sees to it that what was flattened is flat at the broker.

An exit that the engine sent proves nothing, nor does a broker's word: the broker's own position and
working orders do. Whenever the engine closes a position early, and after each flattening, kill and
halt that closes positions, also with nothing held, the broker is asked until it is flat:

1. until `flat_s` have passed, the exit is on its way;
2. then the engine is asked to flatten again;
3. then no entry is allowed any more until a person resumes, and the broker is told to close
   everything, whoever opened it;
4. which is repeated with back-off until it is flat, and a person is told each time.

An exit that cannot be sent, or that the broker refused too often, leads to 3 at once. A command
that asked for it is answered with what the broker had afterwards.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from engine.commands import Flatten, Kill, ReportDifference
from engine.events import (
    CommandDone,
    Event,
    FlattenFailed,
    Halted,
    OrderCancel,
    OrderIntent,
    SessionChanged,
)
from engine.risk import FLATTENING
from trading.brokers.adapter import Adapter, BrokerError, Report
from trading.brokers.around import Around
from trading.brokers.closing import PROVEN
from trading.brokers.rules import Rules
from trading.brokers.waiting import backed_off, within
from trading.brokers.words import Words

log = structlog.get_logger(__name__)

AGAIN: Final = 2
ALL: Final = 3
"""Steps: the engine is asked again, the broker is told to close everything."""
LONGEST_S: Final = 60.0
ASKED: Final = (Flatten.__name__, Kill.__name__)


@dataclass(slots=True)
class Wish:
    """What is to be flat. `trades` are ours; `contracts`: everything in the contracts that we
    trade; `account`: everything."""

    trades: set[str] = field(default_factory=set)
    contracts: bool = False
    account: bool = False
    urgent: str = ""  # why everything is to be closed at once
    commands: list[CommandDone] = field(default_factory=list)


class Flattening:
    """`look` asks for a reconciliation, `doubt` tells that positions may be closed past the engine.
    `blocking` says why no entry may be sent meanwhile, "" when it may."""

    def __init__(
        self,
        adapter: Adapter,
        around: Around,
        rules: Rules,
        words: Words,
        *,
        look: Callable[[], None],
        doubt: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.blocking = ""
        self.active = False
        """Something is to be flat and is not known to be."""
        self._adapter = adapter
        self._around = around
        self._rules = rules
        self._words = words
        self._look = look
        self._doubt = doubt
        self._clock = clock
        self._wish = Wish()
        self._wanted = asyncio.Event()
        self._own: set[str] = set()  # ids of our own requests to the engine

    # From the engine's side

    def saw(self, events: Sequence[Event]) -> None:
        """What the engine says. Never waits."""
        for event in events:
            match event:
                case OrderIntent(role="exit", trade_id=trade):
                    self._wish.trades.add(trade)
                case OrderCancel(id=name, trade_id=trade) if name.endswith("-E"):
                    self._wish.trades.add(trade)
                case Halted(halt=halt) if halt in FLATTENING:
                    self._wish.contracts = True
                case SessionChanged(phase="flatten"):
                    self._wish.contracts = True
                case FlattenFailed(trade_id=trade, held=held, reason=reason):
                    self._wish.trades.add(trade)
                    self.escalate(f"{held} of {trade} could not be closed: {reason}")
                case CommandDone(kind=kind, ok=True, command_id=name) if kind in ASKED:
                    if name in self._own:
                        continue
                    self._wish.commands.append(event)
                    self._wish.contracts = True
                    self._wish.account |= kind == Kill.__name__
                case _:
                    continue
            self._want()

    def escalate(self, why: str) -> None:
        """An exit cannot be had: the broker is to close everything. Never waits."""
        self._wish.urgent = self._wish.urgent or why
        self._want()

    def go_on(self) -> None:
        """After a restart: exits that were on their way are watched again."""
        leaving = {
            order.trade_id for order in self._around.engine.orders().orders if order.role == "exit"
        }
        if leaving:
            self._wish.trades |= leaving
            self._want()

    def _want(self) -> None:
        self.active = True
        self._wanted.set()

    # The task

    async def run(self, report: Report) -> None:
        """Watch until cancelled."""
        while True:
            await self._wanted.wait()
            try:
                await self._until_flat(report)
            except Exception:
                log.exception("flattening_failed")
                self._around.alert("flatten_watch_failed", "watching a flattening failed here")
                await asyncio.sleep(self._rules.again_s)

    async def _until_flat(self, report: Report) -> None:
        rules, began = self._rules, self._clock()
        step, next_step = 1, began + rules.flat_s
        blind = ""
        while True:
            self._wanted.clear()
            left, error = await self._left()
            if left == "" and not self._wanted.is_set():
                self._verified(step, began)
                return
            if self._wish.urgent and step < ALL:
                self._around.alert("flatten_escalated", self._wish.urgent)
                step, next_step = AGAIN, 0.0
            if left is None:  # nothing can be done while the broker cannot be asked
                if not blind and self._clock() >= next_step:
                    blind = f"not verified: the broker cannot be asked: {error}"
                    self._around.alert("flatten_not_verified", blind)
                    self._answer(blind)
            elif self._clock() >= next_step:
                step += 1
                await self._take_step(step, left, report)
                wait = backed_off(rules.flat_s, LONGEST_S, max(step - ALL, 0))
                next_step = self._clock() + wait
            with suppress(TimeoutError):
                async with asyncio.timeout(min(1.0, rules.flat_s / 5)):
                    await self._wanted.wait()

    async def _take_step(self, step: int, left: str, report: Report) -> None:
        text = f"not flat at the broker: {left}"
        if step == AGAIN:
            self._around.alert("flatten_again", f"{text}; asking again", "warning", left=left)
            again = self._words.make(Flatten, reason=text)
            self._own.add(again.id)
            await report(again)
            return
        self._answer(f"{text}; the broker was told to close everything")
        self.blocking = "a flattening is not verified"
        self._around.alert(
            "flatten_all", f"{text}; the broker is told to close everything", left=left, step=step
        )
        if step == ALL:
            await report(self._words.make(ReportDifference, reason=text))
        self._doubt()
        try:
            await within(self._rules.state_s, self._adapter.flatten_all())
        except (BrokerError, TimeoutError) as error:
            self._around.alert("flatten_all_failed", f"{text}; it does not take that: {error}")
        self._look()

    def _verified(self, step: int, began: float) -> None:
        seconds = round(self._clock() - began, 1)
        self._around.record("flatten_verified", seconds=seconds, steps=step)
        if step > 1:
            text = f"Flat at the broker after {seconds} s."
            self._around.say("flatten_verified", text, "warning")
        self._answer(PROVEN)
        self._wish, self.blocking, self.active = Wish(), "", False
        self._own.clear()
        self._look()

    def _answer(self, text: str) -> None:
        """Tell who asked what the broker has."""
        for command in self._wish.commands:
            self._around.answer(replace(command, result=f"{command.result}; {text}"))

    # What is left

    async def _left(self) -> tuple[str | None, str]:
        """What is not flat, "" when all is; None and why when the broker cannot be asked."""
        if not self._adapter.up:
            return None, "the line is down"
        try:
            state = await within(self._rules.state_s, self._adapter.state())
        except (BrokerError, TimeoutError) as error:
            return None, str(error)
        around, wish = self._around, self._wish
        beliefs = around.engine.orders()
        contracts = {self._adapter.contract(symbol): symbol for symbol in around.traded}
        newer = {order.trade_id for order in beliefs.orders} - wish.trades
        if wish.account:
            newer = set()
        held = beliefs.positions if newer else {}
        left = [
            f"{lots:+d} {contract}"
            for contract, lots in state.positions.items()
            if (wish.account or contract in contracts)
            and lots != held.get(contracts.get(contract, ""), 0)
        ]
        for order in state.orders:
            trade = order.id.rpartition("-")[0]
            meant = wish.contracts and order.symbol in contracts and trade not in newer
            if not order.over and (wish.account or meant or trade in wish.trades):
                left.append(f"{order.role} order {order.id or order.key}")
        known = {order.id for order in state.orders}
        left += [
            f"entry {order.id} on its way"  # it may fill when it arrives
            for order in beliefs.orders
            if order.role == "entry" and order.trade_id not in newer and order.id not in known
        ]
        return ", ".join(left), ""
