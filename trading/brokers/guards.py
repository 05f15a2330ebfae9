"""The last look at an order before it leaves. A guard's no is a sentence, "" is yes.

An entry must keep to all limits, a change to the collar. What closes a position or takes an order
back is let through whatever the market and the rate: it must only be no larger than what is held.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from engine.events import OrderAmend, OrderCancel, OrderIntent
from trading.brokers.rules import Rules

MINUTE_S: Final = 60.0
PERCENT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What there is when an order is looked at: prices in ticks, sizes in lots, ages in seconds."""

    symbols: frozenset[str]  # that the session may trade
    held: int  # lots of the open position, >= 0
    last_price: int | None
    tick_age_s: float | None  # None: no tick yet
    armed: bool


def too_large(order: OrderIntent, sight: Sight, rules: Rules) -> str:
    limit = rules.size_limit(order.symbol)
    if order.size < 1:
        return f"size {order.size} is no size"
    if order.size > limit:
        return f"{order.size} lots of {order.symbol} are above the largest order, {limit}"
    most = rules.position_limit(order.symbol)
    if sight.held + order.size > most:
        return f"with {sight.held} held, {order.size} more are above the largest position, {most}"
    return ""


def more_than_held(order: OrderIntent, sight: Sight) -> str:
    if not 0 < order.size <= sight.held:
        return f"closes {order.size} lots of {sight.held} held"
    return ""


def unknown_symbol(order: OrderIntent, sight: Sight) -> str:
    if order.symbol not in sight.symbols:
        return f"{order.symbol} is not traded in this session ({', '.join(sorted(sight.symbols))})"
    return ""


def stale(sight: Sight, rules: Rules) -> str:
    if sight.tick_age_s is None or sight.last_price is None:
        return "no trade has been seen yet"
    if sight.tick_age_s > rules.stale_tick_s:
        return f"the last trade is {sight.tick_age_s:.0f} s old, more than {rules.stale_tick_s:g}"
    return ""


def off_collar(price: int, sight: Sight, rules: Rules) -> str:
    """Whether a price (ticks, so on the grid) is too far from the last trade."""
    last = sight.last_price
    if last is None:
        return "no trade has been seen yet"
    if price < 1:
        return f"a price of {price} ticks is no price"
    if abs(price - last) * PERCENT > last * rules.collar:
        away = Decimal(abs(price - last) * PERCENT) / last
        return (
            f"{price} ticks is {away:.2f} % from the last trade, {last}; the collar is "
            f"{rules.collar:f} %"
        )
    return ""


def bad_bracket(order: OrderIntent, sight: Sight, rules: Rules) -> str:
    """An entry without its stop, or with one out of the collar."""
    if order.stop_ticks < 1 or order.target_ticks < 1:
        return f"no bracket: stop {order.stop_ticks} and target {order.target_ticks} ticks"
    if sight.last_price is None:
        return "no trade has been seen yet"
    stop = sight.last_price - order.side * order.stop_ticks
    target = sight.last_price + order.side * order.target_ticks
    return off_collar(stop, sight, rules) or off_collar(target, sight, rules)


class Rate:
    """How many orders left lately. `clock` in seconds; a day is a trading day (`new_day`)."""

    def __init__(self, rules: Rules, clock: Callable[[], float]) -> None:
        self.today = 0
        self._rules = rules
        self._clock = clock
        self._left: deque[float] = deque()

    def new_day(self) -> None:
        self.today = 0

    def count(self) -> None:
        """An order leaves."""
        self.today += 1
        self._left.append(self._clock())

    def second_full(self) -> bool:
        """Whether this second has had its orders."""
        now = self._clock()
        return sum(now - at < 1.0 for at in self._left) >= self._rules.per_second

    def full(self) -> str:
        """Why no entry may leave now."""
        now, rules = self._clock(), self._rules
        while self._left and now - self._left[0] >= MINUTE_S:
            self._left.popleft()
        second = sum(now - at < 1.0 for at in self._left)
        for count, limit, name in (
            (second, rules.per_second, "second"),
            (len(self._left), rules.per_minute, "minute"),
            (self.today, rules.per_day, "day"),
        ):
            if count >= limit:
                return f"{count} orders within a {name}; the limit is {limit}"
        return ""


class Guards:
    """All guards, with what they remember: ids that were given to the broker, and the rate."""

    def __init__(self, rules: Rules, clock: Callable[[], float]) -> None:
        self.rules = rules
        self.rate = Rate(rules, clock)
        self._clock = clock
        self._given: dict[str, float] = {}

    def given(self, order_id: str) -> None:
        """The broker has, or may have, an order with this id."""
        self._given[order_id] = self._clock()

    def known(self, order_id: str) -> None:
        """The broker has had an order with this id for some time."""
        self._given.setdefault(order_id, float("-inf"))

    def given_since(self, at: float) -> frozenset[str]:
        """Ids that were given to the broker at or after a time of the clock."""
        return frozenset(order_id for order_id, when in self._given.items() if when >= at)

    def forget(self, order_id: str) -> None:
        """It is known that the broker has no order with this id."""
        self._given.pop(order_id, None)

    def new_day(self) -> None:
        """Ids have their day in them and are not used again."""
        self._given.clear()
        self.rate.new_day()

    def objection(self, order: OrderIntent | OrderAmend | OrderCancel, sight: Sight) -> str:
        """The first guard's no; "" when the order may leave."""
        match order:
            case OrderCancel():
                return ""
            case OrderAmend(price=price):
                return off_collar(price, sight, self.rules)
            case OrderIntent(role="exit"):
                return self._twice(order.id) or more_than_held(order, sight)
            case OrderIntent(role="entry"):
                return (
                    ("" if sight.armed else "the mode is not armed")
                    or self._twice(order.id)
                    or unknown_symbol(order, sight)
                    or too_large(order, sight, self.rules)
                    or stale(sight, self.rules)
                    or bad_bracket(order, sight, self.rules)
                    or self.rate.full()
                )
        return f"an order of role {order.role} is the broker's own"

    def _twice(self, order_id: str) -> str:
        return f"{order_id} was given to the broker before" if order_id in self._given else ""
