"""The paper broker: orders fill in the engine's simulated exchange (`engine.exchange`)."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine.events import Event
from trading.brokers.adapter import Order, Report
from trading.wire import Json

if TYPE_CHECKING:
    from trading.brokers.around import Around


class PaperBroker:
    """Nothing to send and nothing to wait for: the engine has filled the order already."""

    simulated = True

    def attach(self, around: "Around") -> None:
        """The engine's exchange needs nothing."""

    def send(self, order: Order) -> None:
        """The engine's exchange has it."""

    def follow(self, contract: str) -> None:
        """The engine's exchange trades what the feed does."""

    def saw(self, events: Sequence[Event]) -> None:
        """What the engine says it knows."""

    def facts(self) -> Json | None:
        """Nothing is at a broker."""
        return None

    async def drain(self) -> None:
        """Nothing waits."""

    async def close_everything(self) -> str:
        return "nothing is at a broker"

    async def run(self, report: Report) -> None:
        await asyncio.Event().wait()
