"""Levels that outlive their bar: zones of stacks, unfinished levels, naked POCs.

`Levels` sees bars with their signals as they close, and sessions as they close, over all days.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from engine.config import EngineConfig
from engine.names import Pattern
from engine.schedule import TradingDay
from tests.oracle.bars import Bar, point_of_control
from tests.oracle.router import Signal

KINDS = {
    Pattern.STACKED_BUY_IMBALANCE: "zone",
    Pattern.STACKED_SELL_IMBALANCE: "zone",
    Pattern.UNFINISHED_HIGH: "unfinished",
    Pattern.UNFINISHED_LOW: "unfinished",
}


@dataclass(slots=True, eq=False)
class Level:
    """[low, high] in single ticks. `direction` is the signal's; a naked POC has none, 0."""

    kind: str
    made: int
    low: int
    high: int
    direction: int
    touched: bool = False


class LevelEvent(NamedTuple):
    """`what`: "made", "touched" or the reason why it is gone."""

    ts: int
    what: str
    kind: str
    made: int
    low: int
    high: int
    direction: int


@dataclass
class Levels:
    """`living` is in the order in which they were made; `events` says what befell them."""

    config: EngineConfig
    events: list[LevelEvent] = field(default_factory=list)
    living: list[Level] = field(default_factory=list)
    day: TradingDay | None = None
    session: dict[int, int] | None = None  # price: volume; None when it is over

    def start_day(self, day: TradingDay) -> None:
        """The day before ends (if there was one), this one starts."""
        self.close_session()
        self.day, self.session = day, {}

    def close_bar(self, bar: Bar, signals: list[Signal], last_tick: int) -> None:
        """A bar has closed, with these patterns. If it ends with the session, it comes first."""
        if max(bar.end - 1, last_tick) >= self.day.close:
            self.close_session()
        if self.session is not None and bar.end > self.day.open:
            for price, bid, ask, unknown in bar.levels:
                self.session[price] = self.session.get(price, 0) + bid + ask + unknown
        prices = [level[0] for level in bar.levels]
        traded = set(prices)
        gone = {
            level: reason for level in self.living if (reason := self.ended_by(level, bar, traded))
        }
        made = [self.level_of(signal, bar.end) for signal in signals if signal.pattern in KINDS]
        self.update(bar.end, gone, made, prices)

    def finish(self, ts: int) -> None:
        """The data ends, with a bar that closes at `ts`."""
        if ts >= self.day.close:
            self.close_session()

    def close_session(self) -> None:
        """The session is over if it was not yet: it leaves its POC, if it traded."""
        if self.session:
            poc, ts = point_of_control(near_busiest(self.session)), self.day.close
            self.update(ts, {}, [Level("poc", ts, poc, poc, 0)])
        self.session = None

    def update(
        self, ts: int, gone: dict[Level, str], made: list[Level], prices: Sequence[int] = ()
    ) -> None:
        """First gone, then touched, then made. What newer ones push out at once is not made."""
        stays = [level for level in [*self.living, *made] if level not in gone]
        for kind in {level.kind for level in made}:
            alike = [level for level in stays if level.kind == kind]
            for level in alike[: -self.memory(kind)]:
                gone[level] = "displaced"
        for level in self.living:
            if level in gone:
                self.say(ts, gone[level], level)
        self.living = [level for level in self.living if level not in gone]
        for level in self.living if prices else ():
            if level.touched or level.kind != "zone" or level.low > prices[-1]:
                continue
            if prices[bisect_left(prices, level.low)] <= level.high:
                level.touched = True
                self.say(ts, "touched", level)
        for level in made:
            if level not in gone:
                self.say(ts, "made", level)
                self.living.append(level)

    def say(self, ts: int, what: str, level: Level) -> None:
        event = LevelEvent(ts, what, level.kind, level.made, level.low, level.high, level.direction)
        self.events.append(event)

    def memory(self, kind: str) -> int:
        rules = self.config
        return rules.patterns.unfinished_memory if kind == "unfinished" else rules.tape.zone_memory

    def level_of(self, signal: Signal, ts: int) -> Level:
        """A stack reaches over whole rows, an unfinished level is the price of its row."""
        if signal.pattern in (Pattern.UNFINISHED_HIGH, Pattern.UNFINISHED_LOW):
            return Level("unfinished", ts, signal.price, signal.price, signal.direction)
        low, high = signal.details["low"], signal.details["high"]
        top = high + self.config.bars.row_ticks - 1
        return Level("zone", ts, low, top, signal.direction)

    def ended_by(self, level: Level, bar: Bar, prices: set[int]) -> str:
        """Why the bar ends a level, or ""."""
        if level.kind == "zone":
            through = bar.low < level.low if level.direction > 0 else bar.high > level.high
            return "traded_through" if through else ""
        if level.low > bar.high:
            return ""
        if level.kind == "poc":
            return "traded" if level.low in prices else ""
        top = level.low + self.config.bars.row_ticks
        if top <= bar.low or prices.isdisjoint(range(level.low, top)):
            return ""
        return "revisited"


def near_busiest(volumes: dict[int, int]) -> dict[int, int]:
    """What counts of a session whose prices lie too far apart."""
    if max(volumes) - min(volumes) < 1_048_576:
        return volumes
    busiest = max(volumes, key=lambda price: (volumes[price], -price))
    return {price: size for price, size in volumes.items() if abs(price - busiest) < 524_288}
