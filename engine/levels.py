"""Levels that later bars may come back to, and their life: made, touched, gone.

Zones of stacked imbalances, unfinished levels and naked POCs, as `docs/orderflow.md` defines them.
`Levels` sees each closed bar with its signals, and the session's close; it changes no decision.
Which unfinished levels are remembered is the analysis's business: here they have their names.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from engine.analysis import Analysis
from engine.config import EngineConfig
from engine.events import Bar, Event, Level, LevelGone, LevelMade, LevelTouched, Signal
from engine.names import LevelEnd, LevelKind, Pattern
from engine.profile import DayVolume, Profile
from engine.schedule import TradingDay

STACKS: Final = (Pattern.STACKED_BUY_IMBALANCE, Pattern.STACKED_SELL_IMBALANCE)
UNFINISHED: Final = (Pattern.UNFINISHED_HIGH, Pattern.UNFINISHED_LOW)


class Levels:
    """The levels that live, and the volume of the day's bars. `carried` are an earlier day's."""

    def __init__(
        self, config: EngineConfig, analysis: Analysis, carried: Sequence[Level] = ()
    ) -> None:
        self._analysis = analysis
        self._memory = config.tape.zone_memory
        self._row_ticks = config.bars.row_ticks
        self._alive = {level.id: level for level in carried}  # as they were made
        self._volume = DayVolume()
        self._open = self._close = 0

    @property
    def alive(self) -> tuple[Level, ...]:
        """In the order in which they were made."""
        return tuple(self._alive.values())

    def start_day(self, day: TradingDay) -> None:
        """Levels stay, the day's volume begins anew."""
        self._volume = DayVolume()
        self._open, self._close = day.open, day.close

    def profile(self, since: int) -> Profile:
        """Volume of the day's closed bars that ended after `since`."""
        return self._volume.profile(since)

    def close_bar(self, bar: Bar, signals: Sequence[Signal], events: list[Event]) -> None:
        """A bar closed with these signals."""
        self._volume.add(bar.end, bar.levels)
        gone, touched = self._met(bar)
        made = []
        for signal in signals:
            if signal.pattern in STACKS or signal.pattern in UNFINISHED:
                made.append(self._level(signal))
            elif signal.pattern is Pattern.UNFINISHED_REVISITED:
                gone |= self._revisited(signal)
        if made:
            gone |= self._displaced(made, gone)
        self._say(bar.end, gone, touched, made, events)

    def close_session(self, events: list[Event]) -> None:
        """The session closes: its volume leaves a naked POC."""
        ts = self._close
        session = self._volume.profile(self._open, ts)
        if not session.volumes.size:
            return
        poc, _, _ = session.summary()
        made = Level(
            id=f"{ts}-poc", kind=LevelKind.NAKED_POC, direction=0, low=poc, high=poc, made=ts
        )
        self._say(ts, self._displaced([made], {}), [], [made], events)

    def roll(self, ts: int, events: list[Event]) -> None:
        """All levels are of a contract that is not traded any more."""
        self._say(ts, dict.fromkeys(self._alive, LevelEnd.ROLLED), [], [], events)

    def _met(self, bar: Bar) -> tuple[dict[str, LevelEnd], list[Level]]:
        """What the bar ends and touches, of zones and naked POCs."""
        gone: dict[str, LevelEnd] = {}
        touched = []
        for level in self._alive.values():
            if level.kind is LevelKind.UNFINISHED:
                continue
            if level.kind is LevelKind.NAKED_POC:
                if _traded(bar, level):
                    gone[level.id] = LevelEnd.TRADED
            elif bar.low < level.low if level.direction > 0 else bar.high > level.high:
                gone[level.id] = LevelEnd.TRADED_THROUGH
            elif level.touched is None and _traded(bar, level):
                touched.append(level)
        return gone, touched

    def _level(self, signal: Signal) -> Level:
        low = high = signal.price
        kind = LevelKind.UNFINISHED
        if signal.pattern in STACKS:
            kind = LevelKind.ZONE
            low = int(signal.details["low"])  # type: ignore[arg-type]
            high = int(signal.details["high"]) + self._row_ticks - 1  # type: ignore[arg-type]
        return Level(
            id=signal.id, kind=kind, direction=signal.direction, low=low, high=high,
            made=signal.ts, signal_id=signal.id,
        )  # fmt: skip

    def _revisited(self, signal: Signal) -> dict[str, LevelEnd]:
        """The unfinished level that a signal reports; none if it was carried without its name."""
        return {
            level.id: LevelEnd.REVISITED
            for level in self._alive.values()
            if level.kind is LevelKind.UNFINISHED
            and (level.low, level.direction) == (signal.price, signal.direction)
        }

    def _displaced(self, made: list[Level], gone: dict[str, LevelEnd]) -> dict[str, LevelEnd]:
        """What there is no room for beside `made`, of which it takes out what has none itself."""
        left = [level for level in self._alive.values() if level.id not in gone]
        out = []
        for kind in {level.kind for level in made}:
            held = [level for level in (*left, *made) if level.kind is kind]
            if kind is LevelKind.UNFINISHED:
                remembered = set(self._analysis.remembered)
                out += [one for one in held if (one.low, one.direction) not in remembered]
            else:
                out += held[: -self._memory]
        made[:] = [level for level in made if level not in out]
        return {level.id: LevelEnd.DISPLACED for level in out if level.id in self._alive}

    def _say(
        self,
        ts: int,
        gone: dict[str, LevelEnd],
        touched: list[Level],
        made: list[Level],
        events: list[Event],
    ) -> None:
        if gone:
            for name in [name for name in self._alive if name in gone]:
                events.append(LevelGone(ts=ts, level_id=name, reason=gone[name]))
                del self._alive[name]
        for level in touched:
            if level.id not in gone:
                events.append(LevelTouched(ts=ts, level_id=level.id))
                self._alive[level.id] = replace(level, touched=ts)
        for level in made:
            events.append(LevelMade(ts=ts, level=level))
            self._alive[level.id] = level


def _traded(bar: Bar, level: Level) -> bool:
    """Whether the bar has a trade within the level."""
    if level.high < bar.low or level.low > bar.high:
        return False
    prices = bar.levels[:, 0]
    return bool(prices[prices.searchsorted(level.low)] <= level.high)
