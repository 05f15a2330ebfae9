"""Which ticks are good: the rules of `engine.ticks`, one by one, in their order.

Time is what good ticks have reached: a dropped tick moves nothing, neither time, nor the level
that jumps are measured from, nor the day.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from engine.config import BarRules
from engine.schedule import Schedule, TradingDay
from engine.ticks import MAX_JUMP, MAX_LADDER, MAX_LATE_NS, MAX_TS, NS, RELEVEL_AFTER

Tick = tuple[int, int, int, int]
"""ts (UTC ns), price (ticks), size (lots), side (+1 buyer, -1 seller, 0 unknown)."""


class Dropped(NamedTuple):
    """A bad tick as it came, with the first reason that holds."""

    ts: int
    reason: str
    price: int
    size: int
    side: int


def bar_span(ts: int, rules: BarRules, day: TradingDay) -> tuple[int, int]:
    """[start, end) of the bar that begins with a trade at `ts`.

    A time bar is aligned to the epoch and cut off by the trading day; the others end with the
    trade that fills them, at the latest with the day.
    """
    if rules.kind != "time":
        return ts, day.end
    length = rules.seconds * NS
    start = ts // length * length
    return max(start, day.start), min(start + length, day.end)


class Filling:
    """What a bar holds so far, for the kinds of bar that a trade fills."""

    def __init__(self, rules: BarRules) -> None:
        self.kind, self.size = rules.kind, rules.size
        self.empty()

    def empty(self) -> None:
        self.trades = self.volume = self.delta = 0
        self.low, self.high = 1 << 62, 0

    def fills(self, tick: Tick) -> bool:
        """Add a trade; whether the bar is full with it (and the next one empty)."""
        _, price, size, side = tick
        self.trades += 1
        self.volume += size
        self.delta += size * side
        self.low, self.high = min(self.low, price), max(self.high, price)
        held = {
            "tick": self.trades,
            "volume": self.volume,
            "range": self.high - self.low,
            "delta": abs(self.delta),
        }
        full = held[self.kind] >= self.size
        if full:
            self.empty()
        return full


def is_jump(price: int, level: int) -> bool:
    """More than one part in MAX_JUMP away from the level."""
    return abs(price - level) * MAX_JUMP > level


def good_ticks(
    ticks: Iterable[Tick], schedule: Schedule, rules: BarRules, dropped: list[Dropped]
) -> Iterator[Tick]:
    """Yield the good ticks with clamped times; append the others to `dropped`.

    The kind of bars matters because a tick that makes its bar too wide is bad.
    """
    filling = None if rules.kind == "time" else Filling(rules)
    reached = day_end = bar_end = -(1 << 62)
    level = low = high = 0
    jumps: list[int] = []  # prices of the jumps since the last good tick that agree
    for tick in ticks:
        raw, price, size, side = tick
        ts = raw
        if ts < reached:
            ts = reached
        if price <= 0:
            reason = "price"
        elif size <= 0:
            reason = "size"
        elif side not in (-1, 0, 1):
            reason = "side"
        elif not 0 <= raw <= MAX_TS:
            reason = "time"
        elif raw < ts - MAX_LATE_NS:
            reason = "late"
        elif ts < day_end and is_jump(price, level) and not relevels(jumps, price):
            reason = "jump"
        elif ts < bar_end and max(high, price) - min(low, price) >= MAX_LADDER:
            reason = "range"
        else:
            if ts >= bar_end:
                if ts >= day_end:
                    day = schedule.at(ts)
                    day_end = day.end
                _, bar_end = bar_span(ts, rules, day)
                low = high = price
                if filling is not None:
                    filling.empty()
            elif price > high:
                high = price
            elif price < low:
                low = price
            reached, level = ts, price
            if jumps:
                jumps.clear()
            if ts != raw:
                tick = (ts, price, size, side)
            if filling is not None and filling.fills(tick):
                bar_end = ts
            yield tick
            continue
        dropped.append(Dropped(raw, reason, price, size, side))


def relevels(jumps: list[int], price: int) -> bool:
    """Note a jump; true when it is the last of RELEVEL_AFTER that agree, and so is good.

    Jumps agree when each is no jump from the one before it.
    """
    if jumps and is_jump(price, jumps[-1]):
        jumps.clear()
    jumps.append(price)
    return len(jumps) >= RELEVEL_AFTER
