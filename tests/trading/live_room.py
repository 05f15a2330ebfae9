"""A real engine, its broker's tasks and an exchange that misbehaves, on a loop whose time jumps."""

import asyncio
from collections.abc import Sequence
from typing import Any

from engine.commands import Command
from engine.engine import Engine
from engine.events import Event, Fill, OrderAmend, OrderCancel, OrderIntent
from tests.engine.drive import BAR, BUY_BAR, SELL_BAR, at, easy
from tests.oracle.days import ALL_DAY
from tests.oracle.ladder import ladder, tick_array
from tests.trading.broker_fake import CONTRACTS, FakeBroker
from tests.trading.live_desk import Desk
from trading.brokers.adapter import Adapter
from trading.brokers.real import RealBroker
from trading.brokers.rules import Rules

BARS = {"buy": BUY_BAR, "sell": SELL_BAR}
CALM = Rules(per_day=10_000, per_minute=10_000, per_second=10_000)


class LiveRoom:
    """Without an adapter its exchange is the one in memory."""

    def __init__(self, adapter: Adapter | None = None, rules: Rules = CALM, **risk: Any) -> None:
        config = easy("MES" if adapter else "ES", **risk)
        self.engine = Engine(config, ALL_DAY, simulated=False)
        self.desk = Desk(engine=self.engine, config=self.engine.config)
        self.broker = FakeBroker(price=4_800, slow=True, balance=None)
        self.broker.deaf = self._deaf
        self.events: list[Event] = []
        self.losing = 0
        self.bars = 0
        self.commands = 0
        self.inputs: asyncio.Queue[Fill | Command] = asyncio.Queue(8)
        loop = asyncio.get_running_loop()
        self.real = RealBroker(adapter or self.broker, rules, armed=True, clock=loop.time)
        self.real.attach(self.desk.around())
        self.tasks = [
            asyncio.create_task(self._act()),
            asyncio.create_task(self.real.run(self.inputs.put)),
        ]

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    def take(self, events: Sequence[Event]) -> None:
        """What the engine says, as the pipeline hands it on."""
        self.events += events
        for event in events:
            if isinstance(event, OrderIntent | OrderAmend | OrderCancel):
                self.real.send(event)
        self.real.saw(events)

    def bar(self, kind: str) -> None:
        """A bar that wants to enter when it is closed: by the next."""
        self.bars += 1
        self.broker.ts = at(self.bars * BAR)
        self.take(self.engine.push(tick_array(ladder(BARS[kind], at(self.bars * BAR)))))

    def command(self, kind: type[Any]) -> None:
        self.commands += 1
        self.take(self.engine.command(kind(id=f"person{self.commands}", ts=0)))

    async def pass_(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def working(self) -> list[str]:
        return [name for name, order in self.broker.orders.items() if not order.over]

    def theirs(self) -> dict[str, int]:
        return {name: lots for name, lots in self.broker.positions.items() if lots}

    def ours(self) -> dict[str, int]:
        positions = self.engine.orders().positions
        return {CONTRACTS[symbol]: lots for symbol, lots in positions.items()}

    def believed(self) -> list[str]:
        return [order.id for order in self.engine.orders().orders]

    async def _act(self) -> None:
        while True:
            word = await self.inputs.get()
            if isinstance(word, Fill):
                self.take(self.engine.on_fill(word))
            else:
                self.take(self.engine.command(word))

    def _deaf(self, word: Any) -> bool:
        if self.losing:
            self.losing -= 1
            return True
        return False
