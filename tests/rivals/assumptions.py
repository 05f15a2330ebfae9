"""The fills of given brackets, restated in one plain loop with every assumption a switch.

Set one way the switches give our engine's fills, set the other way nautilus_trader's: a difference
between the two is explained when it is a switch, and by nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from engine.config import FillRules
from tests.rivals.our_fills import Fill
from tests.rivals.random_days import RandomDay

MS = 10**6
ENDLESS = 10**9


@dataclass(frozen=True)
class Assumptions:
    """`fills` both sides share.

    `resting_first`: a trade meets stop and target before an exit order that arrived by then; else
    the exit order replaces them.
    `thin`: a trade fills no more than its size. What a market order or stop has left fills one tick
    worse; what a target has left waits, unless the market went beyond it.
    `quotes`: what buys looks at the ask and what sells at the bid; a buy aggressor's price is the
    ask, a sell aggressor's the bid, and neither crosses the other; without an aggressor both are
    the price. While there is no bid, nothing is entered.

    Common to all settings, and without effect where one bracket follows the other as ours do: at
    one trade buy orders fill from the highest price down, then sell orders from the lowest up; a
    fill at an order's own price is the ask or bid for those after it; a bracket whose stop is in
    the market when it is entered works neither stop nor target.
    """

    fills: FillRules
    resting_first: bool = False
    thin: bool = False
    quotes: bool = False


@dataclass
class Bracket:
    number: int
    sent: int
    direction: int
    size: int
    stop: int
    target: int
    held: int = 0
    refused: bool = False


def fills_of(day: RandomDay, brackets: list[list[int]], assumed: Assumptions) -> list[Fill]:
    """Every fill, merged."""
    return merged(Market(day, assumed).run(brackets))


class Market:
    """Bid and ask, and the brackets in it."""

    def __init__(self, day: RandomDay, assumed: Assumptions) -> None:
        self.day, self.assumed, self.rules = day, assumed, assumed.fills
        self.latency = self.rules.latency_ms * MS
        self.bid = self.ask = 0
        self.before: tuple[int, int] | None = None
        self.ts = self.size = 0
        self.found: list[Fill] = []

    def run(self, rows: list[list[int]]) -> list[Fill]:
        waiting = [Bracket(number, *row) for number, row in enumerate(rows)]
        opened: list[Bracket] = []
        for ts, price, size, side in zip(*(c.tolist() for c in self.day.ticks), strict=True):
            self.ts, self.size = ts, size if self.assumed.thin else ENDLESS
            self._quote(price, side)
            called = 0 < self.day.flatten_at <= ts - self.latency
            if not called or self.assumed.resting_first:
                self._rest(opened)
            opened = [bracket for bracket in opened if bracket.held]
            for bracket in opened if called else []:
                self._at_market(bracket, "exit", -bracket.direction)
                bracket.held = 0
            while waiting and ts >= waiting[0].sent + self.latency:
                opened.append(waiting.pop(0))
                self._enter(opened[-1])
        return self.found

    def _quote(self, price: int, side: int) -> None:
        if not self.assumed.quotes or side == 0:
            self.bid = self.ask = price
        elif side > 0:
            self.ask, self.bid = price, min(self.bid, price)
        else:
            self.bid, self.ask = price, max(self.ask, price)

    def _rest(self, opened: list[Bracket]) -> None:
        """The trade meets what works."""
        working = [
            (price, bracket, role)
            for bracket in opened
            if not bracket.refused
            for price, role in ((bracket.stop, "stop"), (bracket.target, "target"))
        ]
        working.sort(key=lambda order: (order[1].direction, order[0] * order[1].direction))
        self.before = None
        for _, bracket, role in working:
            if bracket.held and role == "stop":
                self._stop(bracket)
            elif bracket.held:
                self._target(bracket)
        if self.before and any(bracket.held and not bracket.refused for bracket in opened):
            self.bid, self.ask = self.before

    def _enter(self, bracket: Bracket) -> None:
        if not self.bid:
            return
        bracket.held = bracket.size
        self._at_market(bracket, "entry", bracket.direction)
        bracket.refused = self._stopped(bracket)

    def _stop(self, bracket: Bracket) -> None:
        if not self._stopped(bracket):
            return
        if self.rules.exact:
            self._take(bracket, "stop", -bracket.direction, bracket.stop)
            self._move(bracket, bracket.stop)
        else:
            self._at_market(bracket, "stop", -bracket.direction)
        bracket.held = 0

    def _target(self, bracket: Bracket) -> None:
        price = self._exit_price(bracket)
        through = 1 if self.rules.target == "through" else 0
        if bracket.direction * (price - bracket.target) < through:
            return
        beyond = price != bracket.target
        size = bracket.held if beyond else min(bracket.held, self.size)
        self._fill(bracket, "target", bracket.target, size)
        bracket.held -= size
        if beyond:
            self.before = self.bid, self.ask
            self._move(bracket, bracket.target)

    def _exit_price(self, bracket: Bracket) -> int:
        return self.bid if bracket.direction > 0 else self.ask

    def _stopped(self, bracket: Bracket) -> bool:
        return bracket.direction * (self._exit_price(bracket) - bracket.stop) <= 0

    def _move(self, bracket: Bracket, price: int) -> None:
        if bracket.direction > 0:
            self.bid = price
        else:
            self.ask = price

    def _at_market(self, bracket: Bracket, role: str, side: int) -> None:
        best = self.ask if side > 0 else self.bid
        self._take(bracket, role, side, best + side * self.rules.slippage_ticks)

    def _take(self, bracket: Bracket, role: str, side: int, price: int) -> None:
        """What the trade's size gives at the price, and the rest one tick worse."""
        first = min(bracket.held, self.size)
        self._fill(bracket, role, price, first)
        if first < bracket.held:
            self._fill(bracket, role, price + side, bracket.held - first)

    def _fill(self, bracket: Bracket, role: str, price: int, size: int) -> None:
        fee = self.day.config.instrument.fee if self.rules.fees else Decimal(0)
        self.found.append((bracket.number, role, self.ts, price, size, str(fee * size)))


def merged(fills: Iterable[Fill]) -> list[Fill]:
    """Fills of one order at one time and price as one, sorted; commissions in one form."""
    found: dict[tuple[int, str, int, int], tuple[int, Decimal]] = {}
    for number, role, ts, price, size, fee in fills:
        before, paid = found.get((number, role, ts, price), (0, Decimal(0)))
        found[number, role, ts, price] = before + size, paid + Decimal(fee)
    return sorted(
        (number, role, ts, price, size, f"{paid.normalize():f}")
        for (number, role, ts, price), (size, paid) in found.items()
    )
