"""Start: how long until the first tick is through, with compiled code kept and with none.

Measured from the start of a fresh process, Python and every import included, from its first call,
everything imported, and in CPU time from the start, which a busy machine hardly stretches. Through
means that all ways into the engine are compiled: no later bar has to wait. With nothing kept the
trading calendar is computed too, otherwise it is read from its file.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from numba import config

from bench.fresh import Fresh
from bench.goals import GOALS, Goal
from bench.market import SYMBOL
from bench.setup import Setup
from bench.table import Row
from bench.timing import quartiles

FROM_START: Final = "to first tick"
FIGURES: Final = (FROM_START, "from first call", "CPU time")


class Start(NamedTuple):
    """Seconds to the first tick: from the process's start, from its first call, CPU time."""

    process: float
    call: float
    cpu: float


def rows(setup: Setup) -> list[Row]:
    """Starts with code kept, by this very bench, and, unless it is a quick one, with none."""
    folder, ts = setup.market.folder / "start", int(setup.market.ticks.ts[0])
    kept = Path(str(config.CACHE_DIR)).parent
    start(kept, folder / "calendar", ts)
    made = _rows(
        "code kept",
        [start(kept, folder / "calendar", ts) for _ in range(setup.few(7))],
        GOALS["first tick, kept, s"],
    )
    if setup.quick:
        return [*made, Row(what="nothing kept", missing="not in a quick run")]
    nothing = [start(folder / str(k), folder / str(k), ts) for k in range(2)]
    return made + _rows("nothing kept", nothing, GOALS["first tick, nothing kept, s"])


def start(code: Path, calendar: Path, ts: int) -> Start:
    """A process that keeps compiled code and calendar in these folders; a tick at `ts`."""
    code.mkdir(parents=True, exist_ok=True)
    began = time.monotonic_ns()
    with Fresh(
        "bench.first_tick", SYMBOL, str(ts), str(calendar), NUMBA_CACHE_DIR=str(code)
    ) as fresh:
        times = fresh.answer()
    through = times["through"]
    spent = through - began, through - times["imported"], times["cpu"]
    return Start(*(nanoseconds / 1e9 for nanoseconds in spent))


def _rows(what: str, starts: Sequence[Start], goal: Goal) -> list[Row]:
    return [
        Row(
            what=f"{what}, {name}",
            value=median(times),
            unit=" s",
            spread=quartiles(times),
            goal=goal if name == FROM_START else None,
        )
        for name, times in zip(FIGURES, zip(*starts, strict=True), strict=True)
    ]
