"""The paper broker: orders fill in the engine's simulated exchange (`engine.exchange`)."""

import asyncio

from engine.events import OrderIntent
from trading.brokers import Report


class PaperBroker:
    """Nothing to send and nothing to wait for: the engine has filled the order already."""

    simulated = True

    def send(self, intent: OrderIntent) -> None:
        """The engine's exchange has it."""

    async def run(self, report: Report) -> None:
        await asyncio.Event().wait()
