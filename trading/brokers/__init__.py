"""Who executes: one file a broker.

The engine says what it wants (`OrderIntent`); a broker does it and reports back with `Fill`s and
commands (`ReportReject`, `ReportMargin`), which pass through the pipeline like every other input.
The paper broker is the engine's own simulated exchange, so that paper, replay and backtest fill
alike; a live broker is a file here that runs with `simulated = False`.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from engine.commands import Command
from engine.events import Fill, OrderIntent
from trading.errors import OptionError

Report = Callable[[Fill | Command], Awaitable[None]]


class Broker(Protocol):
    """What the pipeline needs of a broker."""

    @property
    def simulated(self) -> bool:
        """Whether the engine fills the orders itself."""
        ...

    def send(self, intent: OrderIntent) -> None:
        """Take an order. Must not wait; an order is never dropped."""
        ...

    async def run(self, report: Report) -> None:
        """Work until cancelled: place what was sent, report what happened."""
        ...


def broker(mode: str) -> Broker:
    """The broker of a mode; OptionError when there is none."""
    if mode == "paper":
        from trading.brokers.paper import PaperBroker

        return PaperBroker()
    if mode == "live":
        raise OptionError("--mode live: no live broker is set up yet; use --mode paper")
    raise OptionError(f"--mode {mode!r} is not known; it is paper or live")
