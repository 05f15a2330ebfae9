"""Who executes: one file a broker.

The engine says what it wants (`OrderIntent`, `OrderAmend`, `OrderCancel`); a broker does it and
reports back with `Fill`s and commands (`engine.commands.Report...`), which pass through the
pipeline like every other input. The paper broker is the engine's own simulated exchange, so that
paper, replay and backtest fill alike. A broker where money is (`real.RealBroker`) is an adapter,
which knows a protocol, behind the rules that are the same for every broker.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from engine.events import Event
from trading.brokers.adapter import Order, Report
from trading.errors import OptionError
from trading.wire import Json

if TYPE_CHECKING:
    from trading.brokers.around import Around

__all__ = ["Broker", "Report", "broker"]


class Broker(Protocol):
    """What the pipeline needs of a broker."""

    @property
    def simulated(self) -> bool:
        """Whether the engine fills the orders itself."""
        ...

    def attach(self, around: "Around") -> None:
        """Learn of the pipeline around; before anything else."""
        ...

    def send(self, order: Order) -> None:
        """Take an order. Must not wait; an order is never dropped."""
        ...

    def follow(self, contract: str) -> None:
        """The feed trades another contract from now on. Must not wait."""
        ...

    def saw(self, events: Sequence[Event]) -> None:
        """Hear what the engine says, after its orders were taken. Must not wait."""
        ...

    def facts(self) -> Json | None:
        """How the line and the books are, for the page; None: nothing is at a broker."""
        ...

    async def drain(self) -> None:
        """The session ends: return when nothing waits for the broker any more, or too long."""
        ...

    async def close_everything(self) -> str:
        """When `run` is over: close everything at the broker, and say what it had afterwards.
        BrokerError says what is left."""
        ...

    async def run(self, report: Report) -> None:
        """Work until cancelled: place what was sent, report what happened."""
        ...


def broker(mode: str) -> Broker:
    """The broker of a mode without one; `trading.brokers.live` makes those where money is."""
    if mode == "paper":
        from trading.brokers.paper import PaperBroker

        return PaperBroker()
    raise OptionError(f"--mode {mode!r} has no broker without an account there")
