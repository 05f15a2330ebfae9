"""Which ticks are good: the rules of `engine.ticks`, one by one, in their order.

Time is what good ticks have reached: a dropped tick moves nothing, neither time, nor the level
that jumps are measured from, nor the day.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

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


def bar_span(ts: int, seconds: int, day: TradingDay) -> tuple[int, int]:
    """[start, end) of the bar around `ts`: aligned to the epoch, cut off by the trading day."""
    length = seconds * NS
    start = ts // length * length
    return max(start, day.start), min(start + length, day.end)


def is_jump(price: int, level: int) -> bool:
    """More than one part in MAX_JUMP away from the level."""
    return abs(price - level) * MAX_JUMP > level


def good_ticks(
    ticks: Iterable[Tick], schedule: Schedule, seconds: int, dropped: list[Dropped]
) -> Iterator[Tick]:
    """Yield the good ticks with clamped times; append the others to `dropped`.

    `seconds` is the bars' length: a tick that makes its bar too wide is bad.
    """
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
                _, bar_end = bar_span(ts, seconds, day)
                low = high = price
            elif price > high:
                high = price
            elif price < low:
                low = price
            reached, level = ts, price
            if jumps:
                jumps.clear()
            yield tick if ts == raw else (ts, price, size, side)
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
