"""What a broker's adapter is: one folder or file a broker, which knows its protocol and no rules.

The rules about orders (limits, journal before the wire, what may be tried again) are the
dispatcher's, the comparison with what we believe is the reconciliation's; both know a broker only
through what is here. Ids of orders are the engine's, derived, and travel to the broker as its tag:
that is how an order is found again. Prices and money are Decimal, sizes lots, times UTC ns.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol

from engine.commands import Command
from engine.events import Fill, OrderAmend, OrderCancel, OrderIntent
from trading.errors import TradingError

Order = OrderIntent | OrderAmend | OrderCancel
"""What the engine wants of a broker."""
Word = Fill | Command
"""What a broker says: fills, and `engine.commands.Report...`."""
Report = Callable[[Word], Awaitable[None]]


class BrokerError(TradingError):
    """The broker cannot be asked, or does not answer. One line, without credentials."""


class NotSent(BrokerError):
    """The order is known not to have reached the broker: it may be sent again."""


class OutcomeUnknown(BrokerError):
    """The order may have reached the broker: ask for it by its id, never send it again."""


class Refused(BrokerError):
    """The broker answered that it does not take the order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerOrder:
    """An order as the broker has it. `id` is ours, "" for one that is not; `key` is the broker's,
    `parent` that of the entry whose bracket it belongs to ("" for the entry itself)."""

    id: str
    key: str
    symbol: str  # the contract
    role: Literal["entry", "stop", "target", "exit", "foreign"]
    side: int
    size: int
    filled: int
    status: Literal["working", "partial", "filled", "cancelled", "rejected"]
    price: Decimal | None = None
    parent: str = ""
    reason: str = ""

    @property
    def over(self) -> bool:
        return self.status in ("filled", "cancelled", "rejected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """A fill as the broker has it. `order_id` is ours, "" if the order is not."""

    id: str
    order_id: str
    key: str  # the broker's, of its order
    symbol: str
    side: int
    size: int
    price: Decimal
    ts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerState:
    """What the broker has, asked at one moment. `orders` are those of the trading day that are
    known, working or over; `positions` are signed lots by contract, without zeros."""

    orders: tuple[BrokerOrder, ...]
    positions: Mapping[str, int]
    executions: tuple[Execution, ...]
    balance: Decimal | None
    margins: Mapping[str, Decimal] = field(default_factory=dict)  # per contract, by our symbol


class Adapter(Protocol):
    """A broker behind its protocol. Used from the pipeline's loop only."""

    @property
    def up(self) -> bool:
        """Whether the line is there and logged in."""
        ...

    def contract(self, symbol: str) -> str:
        """The contract that orders of our symbol go to; "" as long as it is not known."""
        ...

    def follow(self, contract: str) -> None:
        """The feed trades another contract from now on, and so do new orders. Nothing is open."""
        ...

    async def run(self, report: Report) -> None:
        """Keep the line until cancelled and report what happens: `ReportLink` when it comes and
        goes, fills, and what becomes of orders. BrokerError when it can never work (login refused,
        account unknown)."""
        ...

    async def place(self, order: Order) -> None:
        """Give an order, a change or a cancellation to the broker and return when the broker has
        answered that it has it. NotSent, OutcomeUnknown or Refused otherwise. What becomes of it
        later is reported.

        An `exit` stands the bracket's stop and target down first, and closes what is held then.
        """
        ...

    async def find(self, order_id: str) -> BrokerOrder | None:
        """The order with our id, working or over; None: the broker answers that it has none.
        BrokerError when it does not answer."""
        ...

    async def state(self) -> BrokerState:
        """Everything, asked now. BrokerError when it cannot be had whole."""
        ...

    async def margin(self, symbol: str) -> Decimal:
        """The margin per contract that the broker demands now, for our symbol."""
        ...

    async def unfit(self, symbol: str) -> str:
        """Why the contract of our symbol cannot be traded there, or is not what we take it for; ""
        when all is well. BrokerError when that cannot be had, or no contract is known."""
        ...

    async def flatten_all(self) -> None:
        """Take back every order of the account and close every position, whoever opened it.
        Returns when the broker took the wish; `state` tells whether it came true."""
        ...
