"""A process that records until it is killed: `python -m tests.marketdata.store.recording ROOT N`.

Tells on standard output after each append how many bytes of the journal are safe from its death.
"""

import sys
from pathlib import Path

import numpy as np

from marketdata.store import TickStore
from tests.marketdata.store.days import info, ticks

TICKS = 400_000


def main(root: str, seed: str) -> None:
    day, random = ticks(TICKS), np.random.default_rng(int(seed))
    with TickStore(Path(root)).appender(info()) as appender:
        at = appender.count
        while at < TICKS:
            more = int(random.integers(1, 40))
            appender.append(day.part(slice(at, at + more)))
            at = min(at + more, TICKS)
            sys.stdout.write(f"{appender.written}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
