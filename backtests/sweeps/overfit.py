"""The probability of backtest overfitting (PBO), by combinatorially symmetric cross-validation.

D. H. Bailey, J. M. Borwein, M. Lopez de Prado, Q. J. Zhu: The Probability of Backtest Overfitting.
Journal of Computational Finance 20(4), 2017, section 2.

The days are cut into blocks; each half of the blocks is once what the best is chosen on, with the
other half to see what it does then. PBO is how often the chosen one is below the median there.
Every point ran through all days once: what it did in a block depends on its account before, of
which the first days of each block (`purge`) are left out.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Final

import numpy as np

from backtests.metrics.columns import Floats

BLOCKS: Final = 10
"""252 ways to halve them."""
LEAST_BLOCK: Final = 4
"""Days that a block must have after the purge."""


@dataclass(frozen=True, kw_only=True)
class Overfit:
    """`probability` is the PBO; `loses` how often the chosen point has a Sharpe ratio below 0 in
    the other half; `slope` that of the other half's Sharpe ratio over the chosen half's (below 0:
    the better it looks, the worse it does)."""

    blocks: int
    ways: int
    points: int
    purge: int
    probability: float
    loses: float
    slope: float | None


def overfit(series: Floats, *, blocks: int = BLOCKS, purge: int = 1) -> Overfit | str:
    """Of daily returns (days x points); a sentence when they are too few for it."""
    days, points = series.shape
    if points < 2:
        return "one point cannot be chosen among others"
    while blocks > 2 and days // blocks - purge < LEAST_BLOCK:
        blocks -= 2
    if blocks < 4:
        return (
            f"{days} days are too few: 4 blocks of {LEAST_BLOCK} days and {purge} purged need "
            f"{4 * (LEAST_BLOCK + purge)}"
        )
    parts = [part[purge:] for part in np.array_split(series, blocks)]
    count = np.array([len(part) for part in parts], np.float64)
    total = np.array([part.sum(axis=0) for part in parts])
    squares = np.array([(part**2).sum(axis=0) for part in parts])
    ways = comb(blocks, blocks // 2)
    chosen = np.zeros((ways, blocks))
    for row, half in enumerate(combinations(range(blocks), blocks // 2)):
        chosen[row, list(half)] = 1
    inside = _sharpes(chosen, count, total, squares)
    outside = _sharpes(1 - chosen, count, total, squares)
    best = inside.argmax(axis=1)
    rows = np.arange(ways)
    its = outside[rows, best]
    # The rank among all, ties in the middle, as a share of points + 1: above 0 and below 1.
    below = (outside < its[:, None]).sum(axis=1)
    ties = (outside == its[:, None]).sum(axis=1)
    rank = (below + (ties + 1) / 2) / (points + 1)
    shown = inside[rows, best]
    spread = float(np.var(shown))
    return Overfit(
        blocks=blocks,
        ways=ways,
        points=points,
        purge=purge,
        probability=float(np.mean(rank <= 0.5)),
        loses=float(np.mean(its < 0)),
        slope=float(np.mean((shown - shown.mean()) * (its - its.mean()))) / spread
        if spread > 0
        else None,
    )


def _sharpes(chosen: Floats, count: Floats, total: Floats, squares: Floats) -> Floats:
    """Sharpe ratios (ways x points) over the chosen blocks; 0 where nothing varies."""
    days = (chosen @ count)[:, None]
    mean = chosen @ total / days
    variance = np.maximum(chosen @ squares / days - mean**2, 0.0)
    floor = 1e-18 + 1e-12 * mean**2
    ratios: Floats = np.where(variance > floor, mean / np.sqrt(np.maximum(variance, floor)), 0.0)
    return ratios
