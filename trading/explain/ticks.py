"""Where a session's ticks come from again: what `Session.feed` says of them.

    {"kind": "file", "path": ..., "contract": ..., "side": ..., "timezone": ...}
    {"kind": "simulator", "seed": 1, "ticks_per_day": 200000}
    {"kind": "store"}
    {"kind": "polygon", "seed": 1, "method": 1}

and in each `symbol`, `session` (rth or all) and `warm_until`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engine.schedule import TradingDay
from engine.ticks import TickColumns, part
from marketdata.errors import MarketDataError
from marketdata.feeds.files import open_file
from marketdata.feeds.simulator import Simulator
from marketdata.store import the_store
from trading.errors import ExplainError
from trading.pipeline import polygon


def blocks_of(feed: Mapping[str, Any], day: TradingDay) -> Iterator[TickColumns]:
    """The ticks of one trading day; ExplainError when they cannot be had."""
    kind = feed.get("kind")
    try:
        if kind == "file":
            yield from _of_day(_file_blocks(feed), day)
        elif kind == "simulator":
            simulator = Simulator(feed["symbol"], feed["seed"], feed["ticks_per_day"])
            yield simulator.day(day.day)
        elif kind == "store":
            yield from the_store().read(feed["symbol"], day.day).columns()
        elif kind == polygon.KIND:
            yield from polygon.blocks_again(feed, day.day)
        else:
            raise ExplainError("the session does not say where its ticks came from")
    except MarketDataError as error:
        raise ExplainError(f"its ticks cannot be read again: {error}") from error


def _file_blocks(feed: Mapping[str, Any]) -> Iterator[TickColumns]:
    opened = open_file(
        Path(feed["path"]),
        feed["symbol"],
        feed.get("contract"),
        feed.get("side"),
        feed.get("timezone") or "UTC",
    )
    yield from opened.blocks()


def _of_day(blocks: Iterator[TickColumns], day: TradingDay) -> Iterator[TickColumns]:
    reached = 0
    for block in blocks:
        times = np.maximum.accumulate(np.maximum(block.ts, reached))
        reached = int(times[-1])
        first, end = np.searchsorted(times, (day.start, day.end)).tolist()
        if end > first:
            yield part(block, slice(first, end))
        if end < len(times):
            return
