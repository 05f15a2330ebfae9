"""A run at a broker in memory, with a journal: its market stands still once a position is open."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from engine.events import PositionOpened
from engine.ticks import TickColumns
from engine.warm import compile_engine
from tests.trading.broker_fake import FakeBroker
from tests.trading.days import DAY, LOSSES, said, started, ticks
from tests.trading.journal.test_recording import store_of
from tests.trading.live_desk import QUICK
from trading.brokers.real import RealBroker
from trading.journal.beginning import record
from trading.journal.resuming import resume
from trading.models import Account
from trading.pipeline import run as running
from trading.pipeline.options import Options, Plan, plan
from trading.pipeline.signals import KillSwitch
from trading.pipeline.stream import part
from trading.pipeline.supervisor import Outcome, Pipeline
from trading.real_money.accounts import BrokerAccount

TEST = BrokerAccount(broker="test", id="S-1")
RULES = replace(QUICK, sync_s=10.0, answer_s=10.0, state_s=10.0, flat_s=10.0)
"""A busy machine's disk is waited for."""
NOW = 1_800_000_000 * 10**9

Script = Callable[["LiveRun"], Awaitable[None]]


class LiveRun:
    """One process after the other on the same account: `begin`, then `go` with a script."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        store_of(DAY)
        asked = {"feed": "store", "symbol": "MES", "speed": "max", "date": f"{DAY}"}
        self.plan: Plan = plan(Options(settings=LOSSES, **asked))
        compile_engine(self.plan.config)
        price, last = int(ticks().price[0]), int(ticks().ts[-1])
        self.broker = FakeBroker(price=price, balance=None, ts=last)
        self.switch = KillSwitch()
        self.messages: list[Any] = []
        self.changed = asyncio.Event()
        self.pipeline: Any = None
        self.made: Callable[[Pipeline], None] = lambda pipeline: None
        monkeypatch.setattr(running, "live_broker", self._real)
        monkeypatch.setattr(running, "_send", self._hear)
        monkeypatch.setattr(running, "Pipeline", self._remember)

    def go(self, script: Script, *, serves: bool = False) -> Outcome:
        """A process from its start to its end; the script steers it. `serves`: it goes on when its
        session is over, until the script ends."""
        live = replace(self.plan, broker=TEST)
        self._trade, self._over = threading.Event(), threading.Event()
        account = Account.objects.filter(name=self.plan.account).first()
        gone_on = resume(live, account, now=NOW) if account is not None else None
        if gone_on is None:
            market, start = started(self.plan)
            start = replace(start, journal=record(live, market, start))
            market = replace(market, blocks=self._blocks(start))
        else:
            market, start = gone_on
            market = replace(market, blocks=self._silence())
        return asyncio.run(self._go((live, market, start), script, serves))

    async def opened(self) -> None:
        """The line is up and the first position of the day open."""
        await self.until(lambda: self.pipeline is not None and self.facts["up"])
        await self.until(lambda: self.facts["reconciled"] is not None)
        self._trade.set()
        await self.until(lambda: self.status.position is not None)
        await self.until(self._settled)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not true():
                await asyncio.sleep(0.005)

    def more(self) -> None:
        """The market goes on for a few ticks, and ends."""
        self._over.set()

    @property
    def facts(self) -> Any:
        return self.pipeline.broker.facts()

    @property
    def status(self) -> Any:
        return self.pipeline.engine.status()

    @property
    def held(self) -> dict[str, int]:
        """What the broker has."""
        return {name: lots for name, lots in self.broker.positions.items() if lots}

    def _settled(self) -> bool:
        """The broker has said all that it has to say of the bracket."""
        orders = self.pipeline.engine.orders().orders
        return len(orders) == 2 and all(order.state == "working" for order in orders)

    async def _go(self, first: Any, script: Script, serves: bool) -> Outcome:
        stop = asyncio.Event()
        again = self._never if serves else None
        process = asyncio.create_task(running.sessions(first, stop, again, self.switch))
        try:
            await script(self)
        finally:
            stop.set()
            self._trade.set()
            self._over.set()
            outcome = await process
        return outcome

    def _blocks(self, start: Any) -> Iterator[TickColumns]:
        opened = next(event for event in said(start) if isinstance(event, PositionOpened))
        entered = int(np.searchsorted(ticks().ts, opened.ts, "right"))
        yield part(ticks(), 0, 1)
        self._trade.wait(60)
        yield part(ticks(), 1, entered)
        self._over.wait(60)
        yield part(ticks(), entered, entered + 10)

    def _silence(self) -> Iterator[TickColumns]:
        self._over.wait(60)
        return
        yield

    def _never(self, *_: Any) -> Any:
        raise AssertionError("nothing is started here")

    def _real(self, *_: Any) -> RealBroker:
        return RealBroker(self.broker, RULES, armed=True)

    async def _hear(self, message: Any) -> None:
        self.messages.append(message)

    def _remember(self, *given: Any, **words: Any) -> Pipeline:
        self.pipeline = Pipeline(*given, **words)
        self.made(self.pipeline)
        return self.pipeline
