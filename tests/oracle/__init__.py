"""The definitions once more, in plain Python: what the engine is compared with.

Written from `docs/orderflow.md` and from nothing of the engine but its records and settings, for
reading rather than for speed; yet a fair loop, since it is also what "fast" is measured against.

    result = run(engine_config("ES"), schedule, ticks.tolist())  # of a TICK array
    result.bars, result.signals, result.trades, result.dropped
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.config import EngineConfig
from engine.schedule import Schedule
from tests.oracle.bars import Bar, DayBars, by_bar
from tests.oracle.levels import LevelEvent, Levels
from tests.oracle.patterns import Unfinished, find_patterns
from tests.oracle.regime import DayRegime, Reading
from tests.oracle.router import Signal, route
from tests.oracle.ticks import Dropped, Tick, good_ticks
from tests.oracle.trading import Decision, Move, Trade, Trader


@dataclass
class Result:
    """`readings` has one for each bar; `balance` is the account's at the end, in money units."""

    bars: list[Bar] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    signals: list[Signal] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    moves: list[Move] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    levels: list[LevelEvent] = field(default_factory=list)
    unfinished: list[Unfinished] = field(default_factory=list)
    balance: int = 0


def run(
    config: EngineConfig, schedule: Schedule, ticks: Iterable[Tick], with_levels: bool = False
) -> Result:
    """The whole chain over ticks in order of arrival. Then the data ends: what is open is closed,
    then the unfinished bar, if there is one. Levels decide nothing and are followed if asked."""
    result = Result()
    trader = Trader(config)
    levels = Levels(config, result.levels) if with_levels else None
    result.trades, result.moves, result.decisions = trader.trades, trader.moves, trader.decisions
    row_ticks = config.bars.row_ticks
    good = good_ticks(ticks, schedule, config.bars, result.dropped)
    groups = by_bar(good, schedule, config.bars)
    day, group = None, next(groups, None)
    while group is not None:
        following = next(groups, None)
        if day is None or group.day.start != day.start:
            if levels is not None:
                levels.start_day(group.day)
            day = group.day
            maker, regime = DayBars(day), DayRegime(day, config.regime)
            trader.start_day(day)
        trader.take(group.ticks)
        last = group.ticks[-1][0]
        bar = maker.close(group)
        found = find_patterns(bar, maker.bars[:-1], result.unfinished, config.patterns, row_ticks)
        reading = regime.read(bar)
        signals = route(bar, found, reading, config.router)
        if levels is not None:
            levels.close_bar(bar, signals, last)
        if following is None and not group.full:
            trader.finish(last, bar.close)
        trader.decide(bar, signals, last)
        if following is None and group.full:
            trader.finish(last, bar.close)
        result.bars.append(bar)
        result.readings.append(reading)
        result.signals += signals
        group = following
    if levels is not None and result.bars:
        levels.finish(result.bars[-1].end)
    result.balance = trader.balance
    return result
