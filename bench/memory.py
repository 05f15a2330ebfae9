"""Memory: what a process uses at most while it streams 5 days and 40 days from Parquet to trades.

Each figure is of a fresh process, everything included that it imports; files are read block by
block. Growth is that of the peak.
"""

from statistics import median

from bench.fresh import Fresh
from bench.goals import GOALS
from bench.setup import Setup
from bench.table import Row
from bench.timing import quartiles

FEW, MANY = 5, 40


def rows(setup: Setup) -> list[Row]:
    """The two peaks in turns, and how much the second is above the first."""
    files = [str(setup.market.stretched(days)) for days in (FEW, MANY)]
    few, many = [], []
    for _ in range(setup.few(3)):
        few.append(_peak(files[0]))
        many.append(_peak(files[1]))
    growths = [(b / a - 1) * 100 for a, b in zip(few, many, strict=True)]
    return [
        Row(what=f"peak over {FEW} days", value=median(few) / 1e6, unit=" MB"),
        Row(
            what=f"peak over {MANY} days, growth",
            value=median(growths),
            unit=" %",
            spread=quartiles(growths),
            goal=GOALS["memory growth, %"],
        ),
    ]


def _peak(file: str) -> float:
    with Fresh("bench.worker") as worker:
        worker.ask([file])
        peak: float = worker.answer()["peak"]
        return peak
