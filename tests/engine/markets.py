"""Made-up markets for tests: random, seeded, and full of what the patterns look for."""

import numpy as np

from engine.ticks import NS, TICK, TickArray

START = 1_719_871_200 * NS  # 2024-07-01 22:00 UTC, the start of a trading day
HOUR = 3600 * NS


def random_market(
    seed: int,
    ticks: int = 20_000,
    hours: float = 23.0,
    start: int = START,
    price: int = 20_000,
    unknown: float = 0.02,
) -> TickArray:
    """Ticks in bursts, with drifts that change, one-sided stretches and heavy-tailed sizes."""
    rng = np.random.default_rng(seed)
    out = np.zeros(ticks, TICK)
    gaps = rng.exponential(1.0, ticks) * rng.choice([0.1, 1.0, 4.0], ticks)
    out["ts"] = start + (np.cumsum(gaps) / gaps.sum() * hours * HOUR).astype(np.int64)
    stretch = np.repeat(rng.normal(0, 0.35, ticks // 200 + 1), 200)[:ticks]
    step = rng.choice([-1, 0, 1], ticks, p=[0.25, 0.5, 0.25])
    drift = (rng.random(ticks) < np.abs(stretch) * 0.15) * np.sign(stretch)
    out["price"] = np.maximum(price + np.cumsum(step + drift), 200)
    buyer = rng.random(ticks) < 0.5 + stretch * 0.6
    out["side"] = np.where(buyer, 1, -1)
    out["side"][rng.random(ticks) < unknown] = 0
    out["size"] = np.ceil(rng.pareto(1.5, ticks) * 3 + 0.5)
    return out
