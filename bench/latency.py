"""Latency of one call, as a live feed makes it: one tick a `push`, all events built.

- The time is that of `push` alone, with the reading of the clock, whose own share is shown. The
  tick's array of one record exists before; taking it out of the day's is not counted.
- A bar's close is the push of the tick that ended it: bar with levels and profile, regime, signals,
  decision and what else that tick caused. Other pushes that said something are in neither figure.
- Wall time, in which other processes of a busy machine show; of a bar's close also CPU time.
- Python's garbage collector is off. Caches are warmer than between the ticks of a real market.
"""

import time
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from bench.goals import GOALS
from bench.setup import Setup
from bench.table import Row
from bench.timing import no_collector, percentiles, timer_overhead
from engine.engine import Engine
from engine.events import BarClosed
from engine.ticks import NS

QUICK_TICKS: Final = 400_000
PERCENTILES: Final = ("p50", "p99", "p99.9")


@dataclass(frozen=True, slots=True)
class Latencies:
    """Nanoseconds of pushes that said nothing, and of those that closed a bar."""

    pushes: list[int] = field(default_factory=list)
    closes: list[int] = field(default_factory=list)
    closes_cpu: list[int] = field(default_factory=list)


def rows(setup: Setup) -> list[Row]:
    """Every tick of every day once."""
    found = measure(setup)
    made = [Row(what="clock read twice", value=timer_overhead(), unit=" us")]
    for what, spent, goal in (
        ("push of one tick", found.pushes, GOALS["push, p99, us"]),
        (f"bar close ({len(found.closes):,})", found.closes, GOALS["bar close, p99, us"]),
    ):
        for name, value in zip(PERCENTILES, percentiles(spent), strict=True):
            made.append(
                Row(
                    what=f"{what}, {name}",
                    value=value,
                    unit=" us",
                    goal=goal if name == "p99" else None,
                )
            )
    cpu = percentiles(found.closes_cpu)[1]
    return [*made, Row(what="bar close, p99, CPU time", value=cpu, unit=" us")]


def measure(setup: Setup) -> Latencies:
    """One tick a push. Only where a bar is due to close is the CPU's clock read too: that takes
    longer than the other one."""
    market = setup.market
    records = market.ticks.records()[: QUICK_TICKS if setup.quick else None]
    bars = records["ts"] // (market.config.bars.seconds * NS)
    due = iter([*np.flatnonzero(np.diff(bars)).tolist(), len(records)])
    next_close = next(due) + 1
    engine = Engine(market.config, market.schedule)
    engine.push(records[:1])
    found = Latencies()
    clock, cpu_clock = time.perf_counter_ns, time.thread_time_ns
    with no_collector():
        for k in range(1, len(records)):
            tick = records[k : k + 1]
            if k != next_close:
                start = clock()
                events = engine.push(tick)
                spent = clock() - start
                if not events:
                    found.pushes.append(spent)
                continue
            next_close = next(due) + 1
            cpu_start = cpu_clock()
            start = clock()
            events = engine.push(tick)
            spent = clock() - start
            spent_cpu = cpu_clock() - cpu_start
            if any(type(event) is BarClosed for event in events):
                found.closes.append(spent)
                found.closes_cpu.append(spent_cpu)
    return found
