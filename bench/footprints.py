"""Footprints alone: bid, ask and unknown volume of every price of every bar, by four libraries.

Each starts from the same columns and ends in what it would go on with; the results are brought to
one form, untimed, and must be equal. Ours also checks every tick.
"""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.market import Unequal
from bench.setup import Setup
from bench.table import Row, compared
from bench.timing import in_turns
from engine.compiled import njit
from engine.footprint import (
    FAR,
    ScanState,
    clear_levels,
    fields,
    new_ladder,
    open_bar,
    read_levels,
    scan,
)
from engine.ticks import NS, TickColumns

SECONDS: Final = 300
LENGTH: Final = SECONDS * NS
FIRST_ROWS: Final = 1 << 12
PRICES: Final = 1 << 24

Footprints = npt.NDArray[np.int64]
"""[n, 5]: bar start (UTC ns), price (ticks), bid, unknown and ask volume; sorted."""


class Library(NamedTuple):
    """`make` is what is timed; `canonical` brings what it made to the common form."""

    name: str
    make: Callable[[TickColumns], Any]
    canonical: Callable[[Any], Footprints]


def rows(setup: Setup) -> list[Row]:
    """The same five-minute bars by each library that is installed."""
    ticks = setup.market.ticks
    expected = ours(ticks)
    others = [library for library in OTHERS if find_spec(library.name.split()[0])]
    for library in others:
        if not np.array_equal(library.canonical(library.make(ticks)), expected):
            raise Unequal(f"footprints by {library.name} differ from ours")
    works = [ours, *(library.make for library in others)]
    own, *times = in_turns([partial(work, ticks) for work in works], setup.few(7))
    spent = dict(zip(others, times, strict=True))
    made = [compared("ours", own, own, ticks=len(ticks.ts))]
    for library in OTHERS:
        what = f"{library.name} / ours"
        if library in spent:
            made.append(compared(what, spent[library], own, ticks=len(ticks.ts)))
        else:
            made.append(Row(what=what, missing="not installed"))
    return made


@njit
def _ours(ts: Any, price: Any, size: Any, side: Any, state: Any, ladder: Any) -> Any:
    """The engine's own scan, from bar to bar."""
    s = fields(state)
    found = np.empty((FIRST_ROWS, 5), np.int64)
    levels = np.empty((ladder.shape[1], 3), np.int64)
    n = i = 0
    while i < len(ts):
        open_bar(ts[i], price[i], size[i], side[i], state, ladder)
        i = scan(ts, price, size, side, i + 1, state, ladder)
        if i < len(ts) and ts[i] < s.bar_end:
            raise ValueError("a tick that is not plainly good")
        count = read_levels(state, ladder, levels)
        clear_levels(state, ladder)
        if n + count > len(found):
            wider = np.empty((2 * (n + count), 5), np.int64)
            wider[:n] = found[:n]
            found = wider
        for k in range(count):
            if levels[k, 0] + levels[k, 1] + levels[k, 2] > 0:
                found[n, 0], found[n, 1] = s.bar_start, s.low + k
                found[n, 2], found[n, 3], found[n, 4] = levels[k, 0], levels[k, 1], levels[k, 2]
                n += 1
    return found[:n]


def ours(ticks: TickColumns) -> Footprints:
    """By the compiled engine."""
    low, high = int(ticks.price.min()), int(ticks.price.max())
    state, ladder = ScanState(), new_ladder(high - low + 1)
    state.base, state.size = low, ladder.shape[1]
    state.length, state.day_end = LENGTH, FAR
    found: Footprints = _ours(*ticks, state.array, ladder)
    return found


def by_bincount(ticks: TickColumns) -> list[tuple[int, int, npt.NDArray[Any]]]:
    """numpy, a bar at a time: start, lowest price, volumes by price and side. Of the ways tried the
    fastest; one count over all bars takes twice as long."""
    bounds = np.arange(ticks.ts[0] // LENGTH, ticks.ts[-1] // LENGTH + 2) * LENGTH
    cuts = np.searchsorted(ticks.ts, bounds).tolist()
    found = []
    for start, first, last in zip(bounds.tolist(), cuts, cuts[1:], strict=False):
        if first < last:
            price = ticks.price[first:last]
            low = price.min()
            cell = (price - low) * 3 + (ticks.side[first:last] + 1)
            found.append((start, int(low), np.bincount(cell, weights=ticks.size[first:last])))
    return found


def from_bincount(found: list[tuple[int, int, npt.NDArray[Any]]]) -> Footprints:
    """Only prices that traded."""
    parts = []
    for start, low, volumes in found:
        cells = np.zeros(-(-len(volumes) // 3) * 3, np.int64)
        cells[: len(volumes)] = volumes
        levels = cells.reshape(-1, 3)
        part = np.empty((len(levels), 5), np.int64)
        part[:, 0], part[:, 1] = start, low + np.arange(len(levels))
        part[:, 2:] = levels
        parts.append(part[levels.any(axis=1)])
    return np.concatenate(parts)


def by_polars(ticks: TickColumns) -> Any:
    """Grouped by one number made of bar, price and side, which is faster than by three columns."""
    import polars as pl

    ts, price, side = pl.col("ts"), pl.col("price").cast(pl.Int64), pl.col("side")
    cell = ((ts // LENGTH) * PRICES + price) * 4 + side + 1
    frame = pl.LazyFrame(ticks._asdict())
    return frame.group_by(cell.alias("cell")).agg(pl.col("size").sum()).collect()


def from_polars(frame: Any) -> Footprints:
    """A row for each cell."""
    return from_cells(frame["cell"].to_numpy(), frame["size"].to_numpy())


def by_pandas(ticks: TickColumns) -> Any:
    """The same with pandas."""
    import pandas as pd

    cell = ((ticks.ts // LENGTH) * PRICES + ticks.price) * 4 + ticks.side + 1
    return pd.Series(ticks.size).groupby(cell, sort=False).sum()


def from_pandas(series: Any) -> Footprints:
    """A row for each cell."""
    return from_cells(series.index.to_numpy(), series.to_numpy())


def from_cells(cells: npt.NDArray[np.int64], volumes: npt.NDArray[np.int64]) -> Footprints:
    """Cells of one side each to rows of a price each."""
    levels, where = np.unique(cells // 4, return_inverse=True)
    found = np.zeros((len(levels), 5), np.int64)
    found[:, 0], found[:, 1] = levels // PRICES * LENGTH, levels % PRICES
    found[where, 2 + cells % 4] = volumes
    return found


OTHERS: Final = (
    Library("numpy bincount", by_bincount, from_bincount),
    Library("polars", by_polars, from_polars),
    Library("pandas", by_pandas, from_pandas),
)
