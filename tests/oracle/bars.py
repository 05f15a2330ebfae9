"""Footprint bars of one trading day, computed when their ticks are complete."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.config import BarRules
from engine.schedule import Schedule, TradingDay
from tests.oracle.ticks import Filling, Tick, bar_span


@dataclass(slots=True, kw_only=True)
class Bar:
    """The fields of `engine.events.Bar`; `levels` is a list of [price, bid, ask, unknown]."""

    index: int
    start: int
    end: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    buy_volume: int
    sell_volume: int
    delta: int
    min_delta: int
    max_delta: int
    cum_delta: int
    trades: int
    poc: int
    vah: int
    val: int
    notional: int
    session_notional: int
    session_volume: int
    levels: list[list[int]]
    buy_imbalances: tuple[int, ...] = ()
    sell_imbalances: tuple[int, ...] = ()


class BarTicks(NamedTuple):
    """The good ticks of one bar, at least one. `full`: the last of them filled it."""

    day: TradingDay
    start: int
    end: int
    ticks: list[Tick]
    full: bool = False


def by_bar(ticks: Iterable[Tick], schedule: Schedule, rules: BarRules) -> Iterator[BarTicks]:
    """Cut good ticks into bars. What is left at the end is a bar as well: a time bar is closed at
    its end, another at its last trade."""
    day: TradingDay | None = None
    filling = None if rules.kind == "time" else Filling(rules)
    start = end = 0
    group: list[Tick] = []
    for tick in ticks:
        ts = tick[0]
        if ts >= end or not group:
            if day is not None and group:
                yield BarTicks(day, start, end, group)
            if day is None or ts >= day.end:
                day = schedule.at(ts)
            start, end = bar_span(ts, rules, day)
            group = []
            if filling is not None:
                filling.empty()
        group.append(tick)
        if filling is not None and filling.fills(tick):
            yield BarTicks(day, start, ts, group, full=True)
            group = []
    if day is not None and group:
        yield BarTicks(day, start, end if filling is None else group[-1][0], group)


@dataclass(slots=True)
class DayBars:
    """Makes the bars of one trading day; holds what runs on from bar to bar."""

    day: TradingDay
    count: int = 0
    cum_delta: int = 0
    opened: bool = False
    session_notional: int = 0
    session_volume: int = 0
    bars: list[Bar] = field(default_factory=list)

    def close(self, group: BarTicks) -> Bar:
        """The bar of these ticks, which must follow the day's earlier ones."""
        ladder: dict[int, list[int]] = {}
        running = least = most = 0
        for _, price, size, side in group.ticks:
            level = ladder.get(price)
            if level is None:
                level = ladder[price] = [price, 0, 0, 0]
            if side > 0:
                level[2] += size
                running += size
                if running > most:
                    most = running
            elif side < 0:
                level[1] += size
                running -= size
                if running < least:
                    least = running
            else:
                level[3] += size
        levels = [ladder[price] for price in sorted(ladder)]
        volumes = {price: bid + ask + unknown for price, bid, ask, unknown in levels}
        volume = sum(volumes.values())
        notional = sum(price * traded for price, traded in volumes.items())
        self._run_session(group, notional, volume)
        self.cum_delta += running
        poc = point_of_control(volumes)
        val, vah = value_area(volumes, poc)
        bar = Bar(
            index=self.count,
            start=group.start,
            end=group.end,
            open=group.ticks[0][1],
            high=levels[-1][0],
            low=levels[0][0],
            close=group.ticks[-1][1],
            volume=volume,
            buy_volume=sum(ask for _, _, ask, _ in levels),
            sell_volume=sum(bid for _, bid, _, _ in levels),
            delta=running,
            min_delta=least,
            max_delta=most,
            cum_delta=self.cum_delta,
            trades=len(group.ticks),
            poc=poc,
            vah=vah,
            val=val,
            notional=notional,
            session_notional=self.session_notional,
            session_volume=self.session_volume,
            levels=levels,
        )
        self.count += 1
        self.bars.append(bar)
        return bar

    def _run_session(self, group: BarTicks, notional: int, volume: int) -> None:
        """Session sums restart at the open. A bar that ends at the open is still before it, unless
        a trade then filled it."""
        before = group.end <= self.day.open and group.ticks[-1][0] < self.day.open
        if self.opened or before:
            self.session_notional += notional
            self.session_volume += volume
            return
        self.opened = True
        since = [tick for tick in group.ticks if tick[0] >= self.day.open]
        self.session_notional = sum(price * size for _, price, size, _ in since)
        self.session_volume = sum(size for _, _, size, _ in since)


def point_of_control(volumes: dict[int, int]) -> int:
    """The price with most volume; of equals the nearest to the middle, then the lower."""
    middle_twice = max(volumes) + min(volumes)
    return min(volumes, key=lambda price: (-volumes[price], abs(2 * price - middle_twice), price))


def value_area(volumes: dict[int, int], poc: int) -> tuple[int, int]:
    """(lowest, highest) price of the 70 % around the POC, grown by pairs of prices."""
    low, high = min(volumes), max(volumes)
    val = vah = poc
    inside, total = volumes[poc], sum(volumes.values())
    while inside * 10 < total * 7:
        above = volumes.get(vah + 1, 0) + volumes.get(vah + 2, 0)
        below = volumes.get(val - 1, 0) + volumes.get(val - 2, 0)
        if val <= low or (vah < high and above >= below):
            vah += 2
            inside += above
        else:
            val -= 2
            inside += below
    return max(val, low), min(vah, high)
