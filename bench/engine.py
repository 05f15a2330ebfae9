"""The engine over ticks in memory, against what the machine can do with the same columns at most.

The engine is quiet, as it runs years: it decides and trades, and says what became of the account
only. With all events is measured next to it.
"""

from typing import Any

import numpy as np

from bench.goals import GOALS
from bench.setup import Setup
from bench.table import Row, compared
from bench.timing import in_turns
from engine.compiled import njit
from engine.ticks import joined


@njit
def read_all(ts: Any, price: Any, size: Any, side: Any) -> int:
    """Reads every column once and does next to nothing: the sum of everything."""
    total = 0
    for k in range(len(ts)):
        total += ts[k]
    for k in range(len(price)):
        total += price[k]
    for k in range(len(size)):
        total += size[k]
    for k in range(len(side)):
        total += side[k]
    return total


def rows(setup: Setup) -> list[Row]:
    """Limits first, then the engine."""
    market, ticks = setup.market, setup.market.ticks
    count = len(ticks.ts)
    spare = joined([ticks])

    def copy() -> None:
        for name in ticks._fields:
            getattr(spare, name)[:] = getattr(ticks, name)

    market.require("all events built", market.run([ticks], quiet=False))
    scan, memcpy, numpy_sum, engine, all_events = in_turns(
        [
            lambda: read_all(*ticks),
            copy,
            lambda: [np.sum(column) for column in ticks],
            lambda: market.run([ticks]),
            lambda: market.run([ticks], quiet=False),
        ],
        setup.rounds,
    )
    goal = GOALS["engine / memcpy"]
    return [
        compared("read-only scan / memcpy", scan, memcpy, ticks=count),
        compared("memcpy of the columns", memcpy, memcpy, ticks=count),
        compared("numpy sum / memcpy", numpy_sum, memcpy, ticks=count),
        compared("engine, quiet / memcpy", engine, memcpy, ticks=count, goal=goal),
        compared("engine, all events / memcpy", all_events, memcpy, ticks=count),
    ]
