"""Two processes over the days, each on a core of its own, against one: Parquet files to trades.

One process takes every day twice, or two take every day once each, in turns: the same work. They
were started and had compiled code loaded before. By wall time, for which both cores must be free;
and by CPU time, which shows what sharing memory and caches costs, on a busy machine too.
"""

import time
from collections.abc import Sequence
from statistics import median
from typing import Final, NamedTuple

from bench.fresh import Fresh
from bench.goals import GOALS
from bench.market import Unequal
from bench.setup import Setup
from bench.table import Row
from bench.timing import quartiles, ratios

WHAT: Final = "two against one"
PASSES: Final = 4


class Spent(NamedTuple):
    """Seconds until every worker was done, and of CPU time of the one that took most."""

    wall: float
    cpu: float


def rows(setup: Setup) -> list[Row]:
    """By wall and by CPU time; without a second core it says so."""
    if len(setup.cores) < 2:
        return [Row(what=WHAT, missing="needs two cores")]
    days = [str(path) for path in setup.market.day_files]
    files = days * PASSES
    alone, together = [], []
    with (
        Fresh("bench.worker", str(setup.cores[-1])) as first,
        Fresh("bench.worker", str(setup.cores[-2])) as second,
    ):
        for _ in range(1 + setup.few(9)):
            alone.append(_spent([first], files + files, len(days)))
            together.append(_spent([first, second], files, len(days)))
    (alone_wall, alone_cpu), (both_wall, both_cpu) = (
        zip(*spent[1:], strict=True) for spent in (alone, together)
    )
    wall, cpu = ratios(alone_wall, both_wall), ratios(alone_cpu, both_cpu)
    return [
        Row(
            what=WHAT,
            value=median(wall),
            unit="x",
            spread=quartiles(wall),
            goal=GOALS["two workers"],
        ),
        Row(what=f"{WHAT}, CPU time", value=median(cpu), unit="x", spread=quartiles(cpu)),
    ]


def _spent(workers: Sequence[Fresh], files: list[str], days: int) -> Spent:
    """Each of the workers does all of the files."""
    start = time.perf_counter()
    for worker in workers:
        worker.ask(files)
    answers = [worker.answer() for worker in workers]
    wall = time.perf_counter() - start
    require_same([answer["digests"] for answer in answers], days)
    return Spent(wall, max(answer["cpu"] for answer in answers))


def require_same(answers: list[list[str]], days: int) -> None:
    """Unequal, unless each repetition of so many days has the same digests in every answer."""
    parts = [answer[k : k + days] for answer in answers for k in range(0, len(answer), days)]
    if any(part != parts[0] for part in parts):
        raise Unequal("workers: the same days gave different trades")
