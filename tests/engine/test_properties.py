"""What always holds, whatever the market and however its ticks come in."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.config import (
    BarRules,
    EngineConfig,
    PatternRules,
    RegimeRules,
    RouterRules,
    engine_config,
    fill_profile,
)
from engine.engine import Engine
from engine.events import (
    Event,
    TickDropped,
)
from engine.names import Pattern, Regime
from engine.ticks import NS, TickArray, columns
from tests.engine.markets import HOUR, START, random_market
from tests.oracle.days import ALL_DAY, Days

OPEN_LATE = Days(22 * HOUR, 2 * HOUR, 3 * HOUR, 20 * HOUR, 21 * HOUR, 22 * HOUR)
DAYS = {"all": ALL_DAY, "session": OPEN_LATE}
EVERY = dict.fromkeys(
    Pattern, (Regime.TRENDING_UP, Regime.TRENDING_DOWN, Regime.RANGING, Regime.VOLATILE)
)


def busy(
    symbol: str = "ES", profile: str = "honest", seconds: int = 120, **risk: Any
) -> EngineConfig:
    """Trades often: small thresholds, every pattern in every regime, near stops and targets."""
    config = engine_config(
        symbol,
        bars=BarRules(seconds),
        patterns=PatternRules(min_volume=3, min_absorption=10, unfinished_memory=4),
        regime=RegimeRules(min_bars=3, after_open_s=300),
        router=RouterRules(matrix=EVERY, min_confidence=0.5),
        fills=fill_profile(profile),
    )
    usual = {
        "stop_ticks": 4, "target_ticks": 5, "cooldown_bars": 1, "max_drawdown": Decimal(1500),
        "profit_target": Decimal(700),
    }  # fmt: skip
    return replace(config, risk=replace(config.risk, **{**usual, **risk}))


configs = st.builds(
    busy,
    symbol=st.sampled_from(["ES", "MES", "BTCUSDT"]),
    profile=st.sampled_from(["honest", "ideal"]),
    seconds=st.sampled_from([60, 300]),
    cooldown_bars=st.integers(0, 2),
    stale_s=st.sampled_from([30, 3600]),
)
schedules = st.sampled_from(list(DAYS)).map(DAYS.__getitem__)


@st.composite
def markets(draw: st.DrawFn, ticks: int = 1500) -> TickArray:
    """Two days of a random market, sometimes with bad and late ticks in it."""
    seed = draw(st.integers(0, 10_000))
    made = random_market(seed, ticks=ticks, hours=draw(st.sampled_from([3, 30])), start=START)
    made["price"] += draw(st.sampled_from([0, 600_000]))
    if draw(st.booleans()):
        spoil(made, seed)
    return made


def spoil(ticks: TickArray, seed: int) -> None:
    """Bad values, late times, equal times."""
    rng = np.random.default_rng(seed)
    n = len(ticks) // 50

    def some() -> Any:
        return rng.choice(len(ticks), n, replace=False)

    ticks["price"][some()] = rng.choice([0, -5, 2_000_000_000, 1], n)
    ticks["size"][some()] = rng.choice([0, -1], n)
    ticks["side"][some()] = rng.choice([2, -128], n)
    ticks["ts"][some()] -= rng.integers(0, 2_000_000_000, n)


def one_push(config: EngineConfig, days: Days, ticks: TickArray, **options: Any) -> list[Event]:
    return list(Engine(config, days, **options).push(ticks))


# Splits and beats


@given(configs, schedules, markets(), st.data())
def test_any_split_gives_the_same_events(
    config: EngineConfig, days: Days, ticks: TickArray, data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(ticks)), max_size=20).map(sorted))
    whole, split = Engine(config, days), Engine(config, days)
    expected = list(whole.push(ticks))
    got: list[Event] = []
    for i, (start, end) in enumerate(pairwise([0, *cuts, len(ticks)])):
        part = ticks[start:end]
        got += split.push_columns(columns(part)) if i % 2 else split.push(part)
    assert got == expected
    assert split.status() == whole.status()
    assert split.finish() == whole.finish()


@given(configs, schedules, markets(400))
def test_one_by_one_gives_the_same_events(
    config: EngineConfig, days: Days, ticks: TickArray
) -> None:
    engine = Engine(config, days)
    got = [event for i in range(len(ticks)) for event in engine.push(ticks[i : i + 1])]
    assert got == one_push(config, days, ticks)


@given(configs, schedules, markets(), st.data())
def test_beats_between_the_ticks_change_nothing(
    config: EngineConfig, days: Days, ticks: TickArray, data: st.DataObject
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    cuts = np.flatnonzero(rng.random(len(ticks)) < 0.1).tolist()
    expected = one_push(config, days, ticks)
    engine = Engine(config, days)
    got: list[Event] = []
    for start, end in pairwise([0, *cuts, len(ticks)]):
        got += engine.push(ticks[start:end])
        if end < len(ticks):
            upcoming = int(ticks["ts"][end:].min())  # late ticks are still to come
            for back in sorted(rng.choice([0, 1, NS, 40 * NS, HOUR], 3), reverse=True):
                got += engine.beat(upcoming - int(back))
    # A dropped tick moves nothing, not even time: what is due may be said before or after it.
    for dropped in (True, False):
        assert [e for e in got if isinstance(e, TickDropped) == dropped] == [
            e for e in expected if isinstance(e, TickDropped) == dropped
        ]
