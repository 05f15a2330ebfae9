"""Timing that a shared machine cannot fool much: turns, medians, ratios pair by pair."""

import time
from collections.abc import Callable, Sequence
from statistics import median

import numpy as np

Work = Callable[[], object]


def seconds(work: Work) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_turns(works: Sequence[Work], rounds: int) -> list[list[float]]:
    """Seconds of each work in each round, taking turns; one round before is not counted."""
    for work in works:
        work()
    times: list[list[float]] = [[] for _ in works]
    for _ in range(rounds):
        for kept, work in zip(times, works, strict=True):
            kept.append(seconds(work))
    return times


def ratio(numerator: Sequence[float], denominator: Sequence[float]) -> float:
    """Median of the ratios round by round."""
    return median(a / b for a, b in zip(numerator, denominator, strict=True))


def percentiles(nanoseconds: Sequence[int]) -> tuple[float, float, float]:
    """p50, p99 and p99.9 in microseconds."""
    p50, p99, p999 = np.percentile(np.array(nanoseconds), [50, 99, 99.9]) / 1000
    return float(p50), float(p99), float(p999)
