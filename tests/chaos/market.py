"""A trading day's trades, as the feed and the exchange have them."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from engine.ticks import NS, TickColumns
from marketdata.feeds.simulator import Simulator
from tests.servers.databento_gateway import Listed, Records, trades

DAY: Final = date(2025, 11, 19)
SYMBOL: Final = "MES"
TICK: Final = 250_000_000
CONTRACT: Final = Listed(11, "MESZ5", 1_766_154_600 * NS)
OTHERS: Final = (Listed(12, "MESH6", 1_774_013_400 * NS),)
BEFORE_OPEN_NS: Final = 3600 * NS
SIDES: Final = {1: ord("B"), -1: ord("A"), 0: ord("N")}


@dataclass(frozen=True)
class Day:
    """The trades from an hour before the session to its end."""

    ticks: TickColumns
    open: int
    close: int

    def __len__(self) -> int:
        return len(self.ticks.ts)

    def write(self, path: Path) -> None:
        """The trades as a CSV file, exactly."""
        letters = {1: "B", -1: "A", 0: "N"}
        rows = zip(*(column.tolist() for column in self.ticks), strict=True)
        lines = [
            f"{ts},{price // 4}.{price % 4 * 25:02d},{size},{letters[side]}"
            for ts, price, size, side in rows
        ]
        path.write_text("\n".join(["ts,price,size,side", *lines]) + "\n")

    def records(self, start: int, stop: int) -> Records:
        """The feed's records of the trades [start, stop)."""
        ticks = self.ticks
        side = np.array([SIDES[int(side)] for side in ticks.side[start:stop]], np.uint8)
        return trades(
            CONTRACT.number,
            ticks.ts[start:stop],
            ticks.price[start:stop].astype(np.int64) * TICK,
            ticks.size[start:stop],
            side.tobytes(),
            range(1000 + start, 1000 + stop),
        )


def market_day(seed: int, ticks_per_day: int, hours: float = 0) -> Day:
    """The day of a seed: regular hours, or so many of them, with the hour before."""
    simulator = Simulator(SYMBOL, seed=seed, ticks_per_day=ticks_per_day)
    from marketdata.calendars import schedule

    day = schedule(simulator.instrument, "rth").day(DAY)
    assert day is not None
    ticks = simulator.day(DAY)
    close = day.open + int(hours * 3600 * NS) if hours else day.close
    inside = slice(*np.searchsorted(ticks.ts, [day.open - BEFORE_OPEN_NS, close]).tolist())
    return Day(TickColumns(*(column[inside] for column in ticks)), day.open, close)
