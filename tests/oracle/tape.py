"""The tape: large trades and sweeps of a trading day, and a bar's zero prints.

`LargeTrades` and `Sweeps` see the good trades one by one. They decide nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from engine.config import EngineConfig
from engine.schedule import Schedule
from tests.oracle.bars import by_bar
from tests.oracle.ticks import Tick, good_ticks

MS = 1_000_000
COLUMN = {-1: 1, 1: 2, 0: 3}
EXACT_SIZES = 1024
DIGITS = 10
"""Sizes from EXACT_SIZES on are told apart by so many leading binary digits."""


class LargeTrade(NamedTuple):
    ts: int
    price: int
    size: int
    side: int
    threshold: int


class Sweep(NamedTuple):
    """One aggressor through several prices. `ts` is when it was over, `end` its last trade's time,
    `prices` how many prices traded."""

    ts: int
    start: int
    end: int
    side: int
    first: int
    last: int
    prices: int
    volume: int
    trades: int


def class_of(size: int) -> int:
    """The number of a size's class; of a larger one for a larger size."""
    if size < EXACT_SIZES:
        return size
    octave = size.bit_length() - DIGITS
    return (octave << (DIGITS - 1)) + (size >> octave)


def value_of(number: int) -> int:
    """The smallest size of a class."""
    if number < EXACT_SIZES:
        return number
    octave = (number >> (DIGITS - 1)) - 1
    return (number - (octave << (DIGITS - 1))) << octave


class LargeTrades:
    """The large trades of one trading day, measured by those before.

    A pointer stays at the smallest class at or below which the share lies: with each trade it moves
    up or down by what that trade changes.
    """

    def __init__(self, fixed: int, share: float, after: int) -> None:
        self.fixed = fixed
        self.after = after
        self.part, self.whole = Decimal(str(share)).as_integer_ratio()
        self.counts = [0] * (class_of(2**31 - 1) + 1)
        self.trades = 0
        self.pointer = 0
        self.at_or_below = 0

    def threshold(self) -> int | None:
        """For the next trade; None while nothing can be large."""
        if self.fixed > 0:
            return self.fixed
        return max(value_of(self.pointer), 2) if self.trades >= self.after else None

    def take(self, tick: Tick) -> LargeTrade | None:
        """The trade, if it is large."""
        threshold = self.threshold()
        large = threshold is not None and tick[2] >= threshold
        if self.fixed <= 0:
            self.count(class_of(tick[2]))
        return LargeTrade(*tick, threshold) if large else None

    def count(self, number: int) -> None:
        self.counts[number] += 1
        self.trades += 1
        self.at_or_below += number <= self.pointer
        while not self.is_enough(self.at_or_below):
            self.pointer += 1
            self.at_or_below += self.counts[self.pointer]
        while self.is_enough(self.at_or_below - self.counts[self.pointer]):
            self.at_or_below -= self.counts[self.pointer]
            self.pointer -= 1

    def is_enough(self, trades: int) -> bool:
        return trades * self.whole >= self.part * self.trades


@dataclass(slots=True)
class Step:
    """The run's trades at one price."""

    price: int
    last: int
    volume: int
    trades: int


@dataclass(slots=True)
class Sweeps:
    """The sweeps among the trades of one bar after the other; `end_bar` between them."""

    ms: int
    least: int
    side: int = 0
    steps: list[Step] = field(default_factory=list)

    def take(self, tick: Tick) -> Sweep | None:
        """The sweep that this trade ends, or whose time was up before it."""
        ts, price, size, side = tick
        steps = self.steps
        follows = bool(steps) and side == self.side and side * (price - steps[-1].price) >= 0
        is_sweep = len(steps) >= self.least
        if follows and not (is_sweep and ts > self.over_at()):
            if price == steps[-1].price:
                step = steps[-1]
                step.last, step.volume, step.trades = ts, step.volume + size, step.trades + 1
            else:
                steps.append(Step(price, ts, size, 1))
            if not is_sweep:
                while steps[0].last < ts - self.ms * MS:
                    del steps[0]
            return None
        ended = self.end_bar(ts)
        if side:
            self.side, self.steps = side, [Step(price, ts, size, 1)]
        return ended

    def over_at(self) -> int:
        return self.steps[0].last + self.ms * MS

    def end_bar(self, ts: int) -> Sweep | None:
        """The run is over at `ts`, or was before: what it was if it was a sweep."""
        steps, self.steps = self.steps, []
        if len(steps) < self.least:
            return None
        return Sweep(
            ts=min(ts, steps[0].last + self.ms * MS),
            start=steps[0].last,
            end=steps[-1].last,
            side=self.side,
            first=steps[0].price,
            last=steps[-1].price,
            prices=len(steps),
            volume=sum(step.volume for step in steps),
            trades=sum(step.trades for step in steps),
        )


class ZeroPrints(NamedTuple):
    """Prices inside a bar at which only one side traded, ascending."""

    only_bid: list[int]
    only_ask: list[int]


def zero_prints(levels: list[list[int]]) -> ZeroPrints:
    """Of a bar's levels [price, bid, ask, unknown], ascending."""
    inside = levels[1:-1]
    return ZeroPrints(
        [price for price, bid, ask, _ in inside if bid and not ask],
        [price for price, bid, ask, _ in inside if ask and not bid],
    )


class Tape(NamedTuple):
    """`zero_prints` has one for each bar."""

    large_trades: list[LargeTrade]
    sweeps: list[Sweep]
    zero_prints: list[ZeroPrints]


def read_tape(config: EngineConfig, schedule: Schedule, ticks: Iterable[Tick]) -> Tape:
    """The tape of ticks in order of arrival; what is large is measured by the trading day."""
    tape = Tape([], [], [])
    rules = config.tape
    sweeps = Sweeps(rules.sweep_ms, rules.sweep_prices)
    day_start = -1
    for group in by_bar(good_ticks(ticks, schedule, config.bars, []), schedule, config.bars):
        if group.day.start != day_start:
            day_start = group.day.start
            large = LargeTrades(
                rules.large_trade_size, rules.large_trade_share, rules.large_trade_after
            )
        levels: dict[int, list[int]] = {}
        for tick in group.ticks:
            _, price, size, side = tick
            tape.sweeps.extend(filter(None, [sweeps.take(tick)]))
            tape.large_trades.extend(filter(None, [large.take(tick)]))
            levels.setdefault(price, [price, 0, 0, 0])[COLUMN[side]] += size
        tape.sweeps.extend(filter(None, [sweeps.end_bar(group.end)]))
        tape.zero_prints.append(zero_prints([levels[price] for price in sorted(levels)]))
    return tape
