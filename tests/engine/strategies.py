"""Random configurations and markets that trade often: what hypothesis draws from."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import strategies as st

from engine.config import (
    BarRules,
    EngineConfig,
    PatternRules,
    RegimeRules,
    RouterRules,
    TapeRules,
    engine_config,
    fill_profile,
)
from engine.names import Pattern, Regime
from engine.ticks import TickArray
from tests.engine.markets import HOUR, START, random_market
from tests.oracle.days import ALL_DAY, Days

OPEN_LATE = Days(22 * HOUR, 2 * HOUR, 3 * HOUR, 20 * HOUR, 21 * HOUR, 22 * HOUR)
DAYS = {"all": ALL_DAY, "session": OPEN_LATE}
EVERY = dict.fromkeys(
    Pattern, (Regime.TRENDING_UP, Regime.TRENDING_DOWN, Regime.RANGING, Regime.VOLATILE)
)


BUSY_TAPE = TapeRules(large_trade_share=0.9, large_trade_after=20, sweep_ms=20_000, zone_memory=3)


def busy(
    symbol: str = "ES",
    profile: str = "honest",
    bars: BarRules | None = None,
    tape: TapeRules = BUSY_TAPE,
    **risk: Any,
) -> EngineConfig:
    """Trades often: small thresholds, every pattern in every regime, near stops and targets."""
    config = engine_config(
        symbol,
        bars=bars or BarRules(120),
        patterns=PatternRules(min_volume=3, min_absorption=10, unfinished_memory=4),
        regime=RegimeRules(min_bars=3, after_open_s=300),
        router=RouterRules(matrix=EVERY, min_confidence=0.5),
        fills=fill_profile(profile),
        tape=tape,
    )
    usual = {
        "stop_ticks": 4, "target_ticks": 5, "cooldown_bars": 1, "max_drawdown": Decimal(1500),
        "profit_target": Decimal(700),
    }  # fmt: skip
    return replace(config, risk=replace(config.risk, **{**usual, **risk}))


options = {
    "break_even_after_ticks": st.sampled_from([0, 0, 2, 3]),
    "break_even_plus_ticks": st.sampled_from([0, 1]),
    "trail_ticks": st.sampled_from([0, 0, 1, 3, 4]),
    "trail_after_ticks": st.integers(0, 3),
    "trail_step_ticks": st.integers(1, 2),
    "time_stop_s": st.sampled_from([0, 0, 1, 120, 4000]),
}
configs = st.builds(
    busy,
    **options,
    target_ticks=st.sampled_from([5, 12]),
    lots_per_unit=st.sampled_from([1, 3]),
    symbol=st.sampled_from(["ES", "MES", "BTCUSDT"]),
    profile=st.sampled_from(["honest", "ideal"]),
    bars=st.sampled_from([
        BarRules(60), BarRules(300), BarRules(300, row_ticks=3), BarRules(kind="tick", size=9),
        BarRules(kind="volume", size=60), BarRules(kind="range", size=4),
        BarRules(kind="delta", size=20),
    ]),
    tape=st.sampled_from([
        BUSY_TAPE, TapeRules(large_trade_size=1, sweep_ms=60_000, sweep_prices=2, zone_memory=1),
    ]),
    cooldown_bars=st.integers(0, 2),
    stale_s=st.sampled_from([30, 3600]),
)  # fmt: skip
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
