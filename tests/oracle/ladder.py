"""Footprint bars as small pictures: what a test shows is what it tests.

    4803 |   0 x 30
    4802 |  12 x  8   close
    4801 |   5 x 40 + 3
    4800 |  25 x  0   open

A line is a price in ticks, the volume of sell aggressors (at the bid), of buy aggressors (at the
ask) and, after a plus, of unknown ones. Highest price first; prices left out did not trade. The
words say where the bar opens and closes; else it opens at the lowest price and closes at the
highest. (Two neighbouring trades must not be more than 5 % apart, so draw at prices above 1000.)
"""

import re
from itertools import pairwise

import numpy as np

from engine.ticks import BUY, NONE, NS, SELL, TICK, TickArray

Tick = tuple[int, int, int, int]

LINE = re.compile(
    r"(?P<price>\d+) *\| *(?P<bid>\d+) *x *(?P<ask>\d+)(?: *\+ *(?P<unknown>\d+))?"
    r"(?P<words>(?: +(?:open|close))*)"
)


def ladder(picture: str, start: int = 0, seconds: int = 300) -> list[Tick]:
    """The picture's trades as (ts, price, size, side), evenly over [start, start + seconds).

    One trade for each volume, from the lowest price up, sellers before buyers before unknown;
    a bar that opens or closes elsewhere begins or ends with one lot of the marked price.
    """
    rows: list[list[int]] = []  # price, size, side
    marks: dict[str, int] = {}
    prices: list[int] = []
    for line in filter(None, (line.strip() for line in picture.splitlines())):
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError(f'{line!r} is not "price | bid x ask", "+ unknown", "open", "close"')
        price = int(match["price"])
        prices.append(price)
        for word in match["words"].split():
            if marks.setdefault(word, price) != price:
                raise ValueError(f"two prices are marked {word!r}")
        volumes = ((match["unknown"], NONE), (match["ask"], BUY), (match["bid"], SELL))
        rows += [[price, int(size), side] for size, side in volumes if int(size or 0)]
    if any(above <= below for above, below in pairwise(prices)):
        raise ValueError(f"prices {prices} do not fall from line to line")
    rows.reverse()
    first = _one_lot(rows, marks["open"]) if "open" in marks else []
    last = _one_lot(rows[::-1], marks["close"]) if "close" in marks else []
    trades = [*first, *(row for row in rows if row[1]), *last]
    step = seconds * NS // max(len(trades), 1)
    return [(start + i * step, *trade) for i, trade in enumerate(trades)]


def _one_lot(rows: list[list[int]], price: int) -> list[list[int]]:
    """Take one lot from the first of the rows at a price that has any left."""
    for row in rows:
        if row[0] == price and row[1]:
            row[1] -= 1
            return [[price, 1, row[2]]]
    raise ValueError(f"{price} has too little volume to open or close the bar there")


def ladders(*pictures: str, start: int = 0, seconds: int = 300) -> list[Tick]:
    """The trades of several bars, one after the other; an empty picture is a bar without trades."""
    ticks: list[Tick] = []
    for i, picture in enumerate(pictures):
        ticks += ladder(picture, start + i * seconds * NS, seconds)
    return ticks


def tick_array(ticks: list[Tick]) -> TickArray:
    """The same trades for the engine."""
    return np.array(ticks, TICK)
