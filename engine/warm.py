"""Compiles the engine, or loads what was compiled before, so that the first real tick need not.

Where nothing is kept yet this takes a quarter of a minute; otherwise a fraction of a second. What
only quiet engines use, which run years and not a market, is left to the first of them.
"""

from datetime import date
from typing import Final

import numpy as np

from engine.config import EngineConfig
from engine.engine import Engine
from engine.schedule import TradingDay
from engine.ticks import NS, TICK, columns

DAY_NS: Final = 86_400 * NS


class _OneDay:
    def at(self, ts: int) -> TradingDay:
        return TradingDay(date(1970, 1, 1), 0, 0, 0, DAY_NS, DAY_NS, DAY_NS, DAY_NS)


def compile_engine(config: EngineConfig) -> None:
    """Run a few made-up trades through an engine that says everything, by every way in."""
    length = config.bars.seconds * NS
    ticks = np.zeros(6, TICK)
    ticks["ts"] = np.minimum(np.arange(6) * length // 2, DAY_NS - 1)
    ticks["price"], ticks["size"], ticks["side"] = 10_000, 1, 1
    engine = Engine(config, _OneDay())
    engine.push_columns(columns(ticks[:3]))
    engine.push(ticks[3:])
    engine.profile().summary()
    engine.finish()
