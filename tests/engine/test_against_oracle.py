"""The engine against the plain-Python oracle: everything that both of them say must agree.

The oracle was written from the definitions alone. Figures computed in integers must be equal,
indicators and strengths equal to rounding.
"""

from dataclasses import replace
from math import isclose
from typing import Any

import numpy as np
import pytest

from engine.config import (
    BarRules,
    EngineConfig,
    PatternRules,
    RegimeRules,
    engine_config,
    fill_profile,
)
from engine.engine import Engine
from engine.events import (
    Bar,
    BarClosed,
    Decision,
    Event,
    OrderAmend,
    SignalDetected,
    TickDropped,
    TradeClosed,
)
from engine.names import Pattern
from engine.ticks import TickArray
from tests.engine.markets import HOUR, START, random_market
from tests.engine.strategies import OPEN_LATE, busy
from tests.engine.test_bar_kinds import KINDS
from tests.oracle import Result, run
from tests.oracle.days import ALL_DAY, Days

WIDE_OPEN = Days(0, 0, 0, 23 * HOUR, 23 * HOUR + HOUR // 2, 24 * HOUR)
INTEGERS = [
    name
    for name in Bar.__slots__
    if name
    not in (
        "session_deviation",
        "levels",
        "reading",
        "warm_up",
        "buy_imbalances",
        "sell_imbalances",
    )
]


def run_both(config: EngineConfig, days: Days, ticks: TickArray) -> tuple[list[Event], Result]:
    engine = Engine(config, days)
    events = [*engine.push(ticks), *engine.finish()]
    return events, run(config, days, ticks.tolist())


def of(kind: type, events: list[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def near(one: Any, other: Any) -> bool:
    """Equal, or numbers that are equal to rounding (pytest.approx takes far longer to say so)."""
    if one is None or other is None or isinstance(one, str):
        return bool(one == other)
    return isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def assert_same_bars(events: list[Event], oracle: Result) -> None:
    bars = [event.bar for event in of(BarClosed, events)]
    assert len(bars) == len(oracle.bars) > 0
    for ours, theirs in zip(bars, oracle.bars, strict=True):
        for name in INTEGERS:
            assert getattr(ours, name) == getattr(theirs, name), (name, ours.index)
        assert ours.levels.tolist() == theirs.levels
        assert ours.buy_imbalances == tuple(theirs.buy_imbalances)
        assert ours.sell_imbalances == tuple(theirs.sell_imbalances)


def assert_same_readings(events: list[Event], oracle: Result) -> None:
    for event, theirs in zip(of(BarClosed, events), oracle.readings, strict=True):
        ours = event.bar.reading
        assert ours.regime == theirs.regime, event.bar.index
        assert near(ours.confidence, theirs.confidence)
        assert all(map(near, ours.scores, theirs.scores))
        for name, value in ours.inputs.items():
            assert near(value, theirs.inputs[name]), name


def assert_same_signals(events: list[Event], oracle: Result) -> None:
    ours = [event.signal for event in of(SignalDetected, events)]
    assert len(ours) == len(oracle.signals) > 0
    for one, other in zip(ours, oracle.signals, strict=True):
        assert (one.ts, one.bar_start, one.pattern, one.direction, one.price, one.approved) == (
            other.ts, other.bar_start, other.pattern, other.direction, other.price, other.approved,
        )  # fmt: skip
        assert near(one.strength, other.strength)
        assert one.details.keys() == other.details.keys()
        assert all(near(value, other.details[name]) for name, value in one.details.items())
        assert bool(one.reason) == bool(other.reason)


def assert_same_trades(events: list[Event], oracle: Result) -> None:
    ours = [event.trade for event in of(TradeClosed, events)]
    assert [
        (
            t.symbol, t.direction, t.size, t.entry_ts, t.entry_notional // t.size,
            t.exit_ts, t.exit_notional // t.size, t.exit_reason, t.stop, t.target,
            t.last_stop,
            t.pnl_gross, t.fees, t.pattern, t.regime, t.balance,
        )
        for t in ours
    ] == [tuple(t) for t in oracle.trades]  # fmt: skip
    moves = [(move.ts, move.price, move.reason) for move in of(OrderAmend, events)]
    assert moves == [tuple(move) for move in oracle.moves]


def assert_same(config: EngineConfig, days: Days, ticks: TickArray) -> list[Event]:
    events, oracle = run_both(config, days, ticks)
    drops = [(d.ts, d.reason, d.price, d.size, d.side) for d in of(TickDropped, events)]
    assert drops == [tuple(drop) for drop in oracle.dropped]
    assert_same_bars(events, oracle)
    assert_same_readings(events, oracle)
    assert_same_signals(events, oracle)
    assert [(d.ts, d.action, d.direction, d.size) for d in of(Decision, events)] == [
        (d.ts, d.action, d.direction, d.size) for d in oracle.decisions
    ]
    assert_same_trades(events, oracle)
    return events


@pytest.mark.parametrize("seed", range(6))
def test_same_on_a_day_around_the_clock(seed: int) -> None:
    assert_same(engine_config("ES"), ALL_DAY, random_market(seed))


@pytest.mark.parametrize("profile", ["honest", "ideal"])
@pytest.mark.parametrize("symbol", ["ES", "MES", "GC", "BTCUSDT"])
def test_same_trades_over_five_days_of_each_kind_of_fee(symbol: str, profile: str) -> None:
    config = engine_config(symbol, bars=BarRules(seconds=60), fills=fill_profile(profile))
    config = config.override({"risk.stop_ticks": "6", "risk.target_ticks": "9"})
    ticks = random_market(11, ticks=60_000, hours=5 * 24)
    events = assert_same(config, WIDE_OPEN, ticks)
    assert len(of(TradeClosed, events)) > 5


def test_same_with_rows_of_several_ticks_and_small_thresholds() -> None:
    config = replace(
        engine_config("ES", bars=BarRules(seconds=120, row_ticks=3)),
        patterns=PatternRules(min_volume=3, min_absorption=10, unfinished_memory=4),
    )
    events = assert_same(config, WIDE_OPEN, random_market(5))
    found = {event.signal.pattern for event in of(SignalDetected, events)}
    assert found == set(Pattern)


def test_same_in_regular_hours_with_overnight_ticks() -> None:
    ticks = random_market(8, ticks=80_000, hours=46)
    assert_same(engine_config("MES"), Days(), ticks)


def test_same_with_bad_late_and_jumping_ticks() -> None:
    ticks = random_market(3, ticks=5_000)
    rng = np.random.default_rng(3)
    for name, values in (
        ("price", [0, -5, 21_500, 5, 2_000_000]),
        ("size", [0, -1, 2**31 - 1]),
        ("side", [2, -128, 127]),
    ):
        where = rng.choice(len(ticks), 60, replace=False)
        ticks[name][where] = rng.choice(values, 60)
    late = rng.choice(len(ticks), 100, replace=False)
    ticks["ts"][late] -= rng.integers(0, 3_000_000_000, 100)
    assert_same(engine_config("ES"), ALL_DAY, ticks)


def test_a_market_that_moves_to_a_new_level_is_followed_after_five_jumps() -> None:
    ticks = random_market(4, ticks=3_000)
    ticks["price"][1_500:] += 3_000
    events = assert_same(engine_config("ES"), ALL_DAY, ticks)
    assert [drop.reason for drop in of(TickDropped, events)] == ["jump"] * 4


def test_starts_in_the_middle_of_a_day() -> None:
    assert_same(engine_config("ES"), Days(), random_market(9, hours=4, start=START + 15 * HOUR))


@pytest.mark.parametrize(("kind", "size"), [*KINDS, ("volume", 1), ("delta", 1)])
@pytest.mark.parametrize("profile", ["honest", "ideal"])
def test_same_with_every_kind_of_bar(kind: str, size: int, profile: str) -> None:
    config = busy(profile=profile, bars=BarRules(kind=kind, size=size))
    assert_same(config, OPEN_LATE, random_market(21, ticks=6_000, hours=40))


def test_same_around_news() -> None:
    minute = HOUR // 60
    windows = tuple((START + k * HOUR, START + k * HOUR + k * minute) for k in range(1, 20))
    config = engine_config("ES", regime=RegimeRules(news=windows))
    events = assert_same(config, ALL_DAY, random_market(2))
    reasons = {event.bar.reading.reason for event in of(BarClosed, events)}
    assert "news window" in reasons
