"""A live broker's surroundings for its tests: what an engine would say, and what it was told."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from engine.beliefs import Beliefs
from engine.commands import Command
from engine.config import EngineConfig, engine_config
from engine.events import CommandDone, Fill, OrderAmend, OrderCancel, OrderIntent
from trading.brokers.around import Around
from trading.brokers.rules import Rules

CONFIG = engine_config("MES")
CONFIG = replace(CONFIG, account=replace(CONFIG.account, id="acc"))
QUICK = Rules(
    first_wait_s=0.001, longest_wait_s=0.002, settle_s=0.0, answer_s=0.02, state_s=0.05,
    sync_s=0.05, look_s=0.02, again_s=0.001, flat_s=0.02,
)  # fmt: skip
PRICE = 21_000


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class StubEngine:
    """Says what a test wants it to."""

    held: int = 0
    beliefs: Beliefs = field(default_factory=Beliefs)
    last_price: int | None = PRICE
    balance: int = 2_500 * 10**8

    def status(self) -> Any:
        position = SimpleNamespace(size=self.held) if self.held else None
        return SimpleNamespace(
            day=None, position=position, last_price=self.last_price, ts=7, waiting=None,
            balance=self.balance, halts=(),
        )  # fmt: skip

    def orders(self) -> Beliefs:
        return self.beliefs


@dataclass
class Desk:
    """What a live broker's tasks are put into, and everything that they said."""

    engine: Any = field(default_factory=StubEngine)
    config: EngineConfig = CONFIG
    synced: int = 0
    sync: Callable[[], None] = lambda: None
    tick_age: float | None = 0.0
    words: list[Fill | Command] = field(default_factory=list)
    notes: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    alerts: list[tuple[str, str, str]] = field(default_factory=list)
    answers: list[CommandDone] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    def around(self) -> Around:
        return Around(
            config=self.config,
            engine=self.engine,
            sync=self._sync,
            tick_age_s=lambda: self.tick_age,
            event_time=lambda: 7,
            note=self._note,
            say=self._say,
            answer=self._answer,
        )

    async def report(self, word: Fill | Command) -> None:
        self.words.append(word)
        self.heard.set()

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is so; a test that waits for nothing fails."""
        async with asyncio.timeout(5):
            while not true():
                await asyncio.sleep(0.001)

    def kinds(self) -> list[str]:
        return [type(word).__name__ for word in self.words]

    def noted(self) -> list[str]:
        return [kind for kind, _ in self.notes]

    def _sync(self) -> None:
        self.sync()
        self.synced += 1

    def _note(self, kind: str, payload: dict[str, Any], *, actor: str = "pipeline") -> None:
        self.notes.append((kind, payload))

    def _say(self, kind: str, text: str, level: str = "info") -> None:
        self.alerts.append((kind, text, level))

    def _answer(self, event: CommandDone) -> None:
        self.answers.append(event)


def entry(trade: str = "acc-20240612-001", **words: Any) -> OrderIntent:
    given = {
        "ts": 1, "id": f"{trade}-E", "trade_id": trade, "symbol": "MES", "role": "entry",
        "type": "market", "side": 1, "size": 1, "stop_ticks": 16, "target_ticks": 24,
    }  # fmt: skip
    return OrderIntent(**given | words)


def exit_(trade: str = "acc-20240612-001", **words: Any) -> OrderIntent:
    given = {
        "ts": 1, "id": f"{trade}-X", "trade_id": trade, "symbol": "MES", "role": "exit",
        "type": "market", "side": -1, "size": 1,
    }  # fmt: skip
    return OrderIntent(**given | words)


def stop(trade: str = "acc-20240612-001", price: int = PRICE - 16) -> OrderIntent:
    return exit_(trade, id=f"{trade}-S", role="stop", type="stop", price=price)


def amend(trade: str = "acc-20240612-001", price: int = PRICE - 4) -> OrderAmend:
    return OrderAmend(
        ts=1, id=f"{trade}-S", trade_id=trade, price=price, size=1, reason="trailing_stop"
    )


def cancel(trade: str = "acc-20240612-001") -> OrderCancel:
    return OrderCancel(ts=1, id=f"{trade}-E", trade_id=trade, reason="operator")
