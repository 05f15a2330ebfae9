"""Timing that a shared machine cannot fool much: turns, medians, ratios round by round.

Works that take turns are timed by the CPU time of this process, all its threads: what the core did
for others in between would otherwise count, and count more for the longer of two works. Nothing
that is timed so waits for anything else. Latencies, and what other processes do, are wall time.

Python's cyclic garbage collector is off while anything is timed, as in the standard `timeit`.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median

import numpy as np

Work = Callable[[], object]


@contextmanager
def no_collector() -> Iterator[None]:
    """Collect once, then keep the cyclic garbage collector off."""
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def cpu_seconds(work: Work) -> float:
    """CPU time of one call."""
    start = time.process_time()
    work()
    return time.process_time() - start


def in_turns(works: Sequence[Work], rounds: int) -> list[list[float]]:
    """CPU seconds of each work in each round, taking turns; one round before is not counted."""
    times: list[list[float]] = [[] for _ in works]
    with no_collector():
        for work in works:
            work()
        for _ in range(rounds):
            for kept, work in zip(times, works, strict=True):
                kept.append(cpu_seconds(work))
    return times


def ratios(numerator: Sequence[float], denominator: Sequence[float]) -> list[float]:
    """The ratio of each round."""
    return [a / b for a, b in zip(numerator, denominator, strict=True)]


def quartiles(values: Sequence[float]) -> tuple[float, float]:
    """Between them lies the middle half."""
    low, high = np.percentile(np.array(values), [25, 75])
    return float(low), float(high)


def million_a_second(count: int, times: Sequence[float]) -> float:
    """Median rate, in millions."""
    return count / median(times) / 1e6


def percentiles(nanoseconds: Sequence[int]) -> tuple[float, float, float]:
    """p50, p99 and p99.9 in microseconds."""
    p50, p99, p999 = np.percentile(np.array(nanoseconds), [50, 99, 99.9]) / 1000
    return float(p50), float(p99), float(p999)


def timer_overhead(times: int = 100_000) -> float:
    """Microseconds that reading the clock twice adds to a latency, median."""
    clock = time.perf_counter_ns
    spent = []
    for _ in range(times):
        start = clock()
        spent.append(clock() - start)
    return percentiles(spent)[0]
