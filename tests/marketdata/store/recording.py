"""A process that records until it is killed: `python -m tests.marketdata.store.recording ROOT N`.

Tells on standard output after each append how many bytes of the journal are safe from its death.
With a third word it compacts the day every now and then, and tells how many ticks that made.
"""

import sys
from pathlib import Path

import numpy as np
import structlog

from marketdata.store import TickStore
from tests.marketdata.store.days import DAY, info, ticks

TICKS = 400_000


def record(store: TickStore, seed: int) -> None:
    day, random = ticks(TICKS), np.random.default_rng(seed)
    with store.appender(info()) as appender:
        at = appender.count
        while at < TICKS:
            more = int(random.integers(1, 40))
            appender.append(day.part(slice(at, at + more)))
            at = min(at + more, TICKS)
            sys.stdout.write(f"{appender.written}\n")
            sys.stdout.flush()


def record_and_compact(store: TickStore) -> None:
    day = ticks(TICKS)
    at = store.read("MES", DAY).count if store.has("MES", DAY) else 0
    while at < TICKS:
        with store.appender(info()) as appender:
            for start in range(at, at + 4000, 500):
                appender.append(day.part(slice(start, start + 500)))
        at = store.compact("MES", DAY)
        sys.stdout.write(f"{at}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    where = TickStore(Path(sys.argv[1]))
    if len(sys.argv) > 3:
        record_and_compact(where)
    else:
        record(where, int(sys.argv[2]))
