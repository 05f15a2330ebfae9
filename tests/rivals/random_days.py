"""Random trading days full of what fill rules disagree about.

Each is a few hundred trades: dense and sparse stretches, trades at the same nanosecond, long
silences, jumps that leap over stop and target, runs of equal prices. The engine trades them by its
own rules (single imbalances of short bars), each day with distances and a size of its own.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np

from engine.config import (
    BarRules,
    EngineConfig,
    FillRules,
    PatternRules,
    RiskRules,
    RouterRules,
    Tier,
)
from engine.names import Regime
from engine.ticks import NS, TickColumns
from tests.engine.drive import DAY_0, easy
from tests.oracle.days import DAY, Days

ENDLESS = Decimal(10**9)
LARGEST_ORDER = 3


@dataclass(frozen=True)
class RandomDay:
    """One day's trades, the configuration that trades them, and when it is flat (0: never)."""

    ticks: TickColumns
    config: EngineConfig
    days: Days
    flatten_at: int


def random_day(seed: int, fills: FillRules, smallest_trade: int = LARGEST_ORDER) -> RandomDay:
    """The day of a seed. No trade is smaller than `smallest_trade`."""
    rng = np.random.default_rng(seed)
    ticks = _ticks(rng, smallest_trade)
    last = int(ticks.ts[-1])
    flatten_at = int(rng.integers(DAY_0 + (last - DAY_0) // 2, last)) if rng.random() < 0.5 else 0
    flat = flatten_at - DAY_0 if flatten_at else DAY
    days = Days(0, 0, 0, flat, flat, DAY)
    return RandomDay(ticks, _config(rng, fills), days, flatten_at)


def _ticks(rng: np.random.Generator, smallest: int) -> TickColumns:
    n = int(rng.integers(200, 700))
    stretch = np.repeat(rng.choice([0.001, 0.02, 0.3, 3.0], n // 25 + 1), 25)[:n]
    gaps = rng.exponential(1.0, n) * stretch * (rng.random(n) > rng.choice([0.0, 0.3, 0.7]))
    gaps[rng.random(n) < 0.003] += 90  # nothing trades for a while
    ts = DAY_0 + np.cumsum(gaps * NS).astype(np.int64)
    step = rng.choice([-1, 0, 1], n) * (rng.random(n) < rng.choice([0.2, 0.6, 1.0]))
    drift = np.repeat(rng.choice([-1, 0, 0, 1], n // 25 + 1), 25)[:n] * (rng.random(n) < 0.2)
    jump = (rng.random(n) < rng.choice([0.0, 0.01, 0.04])) * rng.integers(-60, 61, n)
    size = smallest - 1 + np.ceil(rng.pareto(1.5, n) * 2 + 0.01)
    return TickColumns(
        ts,
        (20_000 + np.cumsum(step + drift + jump)).astype(np.int32),
        np.minimum(size, 500).astype(np.int32),
        rng.choice([-1, 1, 1, -1, -1, 1, 0], n).astype(np.int8),
    )


def _config(rng: np.random.Generator, fills: FillRules) -> EngineConfig:
    size = int(rng.integers(1, LARGEST_ORDER + 1))
    config = easy("ES")
    regimes = (
        Regime.TRENDING_UP, Regime.TRENDING_DOWN, Regime.RANGING, Regime.VOLATILE,
    )  # fmt: skip
    return replace(
        config,
        fills=fills,
        bars=BarRules(seconds=int(rng.choice([1, 5, 20]))),
        patterns=PatternRules(min_volume=5),
        router=RouterRules(
            matrix=config.router.matrix,
            bias=dict.fromkeys(regimes, 0),
            size_multiplier=dict.fromkeys(regimes, Decimal(1)),
            min_strength=0,
            min_confidence=0,
        ),
        risk=RiskRules(
            stop_ticks=int(rng.integers(2, 25)),
            target_ticks=int(rng.integers(1, 30)),
            profit_target=ENDLESS,
            loss_limit=ENDLESS,
            max_drawdown=ENDLESS,
            stale_s=DAY // NS,
            tiers=(Tier("any", Decimal(0), "", size, size, ENDLESS),),
        ),
        account=replace(config.account, balance=Decimal(10_000_000)),
    )
