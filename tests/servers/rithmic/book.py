"""What the exchange keeps of contracts, orders, fills and positions: data, and sums over it.

Prices are whole ticks, money is Decimal, times UTC ns. `kind` is the protocol's price type in
words.
"""

from dataclasses import dataclass, field
from decimal import Decimal

KINDS = (
    "", "limit", "market", "stop_limit", "stop_market", "market_if_touched", "limit_if_touched",
)  # fmt: skip
"""By the protocol's number."""
STOPS = ("stop_limit", "stop_market")


class Mistake(Exception):
    """What was asked for makes no sense here. One line."""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """An instrument. `commission` is per contract and side, `margin` per contract."""

    symbol: str
    product: str
    exchange: str = "CME"
    tick: Decimal = Decimal("0.25")
    tick_value: Decimal = Decimal("1.25")
    commission: Decimal = Decimal("0.62")
    margin: Decimal = Decimal(2500)
    front: bool = True

    def ticks(self, price: Decimal | float | str) -> int:
        """A price in ticks; an int is ticks already."""
        if isinstance(price, int):
            return price
        exact = Decimal(repr(price) if isinstance(price, float) else price) / self.tick
        if exact != int(exact):
            raise Mistake(f"{price} is not on {self.symbol}'s grid of {self.tick}")
        return int(exact)

    def price(self, ticks: int) -> Decimal:
        """Ticks as a price."""
        return ticks * self.tick


@dataclass(kw_only=True)
class Bracket:
    """What goes with an entry: distances in ticks from its fills; None: no such child."""

    stop: int | None
    target: int | None
    market_on_reject: bool = False
    stop_released: int = 0
    target_released: int = 0
    kind: int = 0  # the protocol's bracket type


@dataclass(kw_only=True)
class Order:
    """An order. `role` is order, stop, target, exit (3504's) or foreign; `parent` the basket of the
    entry a child belongs to, `links` the baskets it is one-cancels-other with."""

    basket: str
    account: str
    symbol: str
    side: int
    size: int
    kind: str
    price: int | None = None
    trigger: int | None = None
    tag: str = ""
    role: str = "order"
    received: int = 0
    duration: int = 1
    bracket: Bracket | None = None
    parent: str = ""
    links: list[str] = field(default_factory=list)
    status: str = "open"  # open, trigger pending, complete
    reason: str = ""  # of its end: F(illed), C(ancelled), R(ejected)
    text: str = ""
    last: str = "received"  # its last notice
    asked: str = ""  # the kind it came with: a stop that is triggered becomes market
    filled: int = 0
    paid: int = 0  # ticks by contracts
    over_at: int = 0
    pieces: list[int] = field(default_factory=list)

    @property
    def open(self) -> int:
        """Contracts that are still wanted."""
        return 0 if self.status == "complete" else self.size - self.filled

    @property
    def protects(self) -> bool:
        """Whether it will close a position without a better price: stops, and market orders."""
        return self.kind in STOPS or self.kind == "market"


@dataclass(frozen=True, kw_only=True)
class Fill:
    """A fill. `ts` is the trade's."""

    id: str
    basket: str
    tag: str
    account: str
    symbol: str
    side: int
    size: int
    price: int
    ts: int
    role: str = "order"
    parent: str = ""


@dataclass
class Position:
    """A position: lots in the order they were opened, which is the order they are closed in."""

    lots: list[list[int]] = field(default_factory=list)  # price, signed size
    realised: int = 0  # ticks by contracts
    bought: int = 0
    sold: int = 0

    @property
    def net(self) -> int:
        return sum(size for _, size in self.lots)

    @property
    def cost(self) -> int:
        """Ticks by contracts, signed."""
        return sum(price * size for price, size in self.lots)

    def take(self, side: int, size: int, price: int) -> None:
        """A fill."""
        if side > 0:
            self.bought += size
        else:
            self.sold += size
        left = size
        while left and self.lots and self.lots[0][1] * side < 0:
            lot = self.lots[0]
            closed = min(left, abs(lot[1]))
            self.realised += (price - lot[0]) * closed * -side
            lot[1] += closed * side
            left -= closed
            if not lot[1]:
                self.lots.pop(0)
        if left:
            self.lots.append([price, left * side])


@dataclass
class Account:
    """An account: `cash` is what it began with."""

    id: str
    cash: Decimal = Decimal(50000)
    commissions: Decimal = Decimal(0)
    positions: dict[str, Position] = field(default_factory=dict)  # by symbol
