"""A made-up day of minute bars, as the API would write them."""

from datetime import date, time
from typing import Any

import numpy as np

from marketdata.calendars import new_york

DAY = date(2024, 11, 13)


def bars_of(
    day: date, first: time = time(8), last: time = time(17), level: int = 59_800
) -> list[dict[str, Any]]:
    """Minute bars of [first, last), prices in dollars as decimal texts, a pure function of its
    arguments."""
    random = np.random.Generator(np.random.PCG64(day.toordinal()))
    start, end = (new_york(day, at) // 10**6 for at in (first, last))
    bars = []
    price = level
    for ms in range(start, end, 60_000):
        path = price + np.cumsum(random.integers(-4, 5, 12))
        sizes = random.integers(1, 4_000, 12)
        price = int(path[-1])
        worth = int((path * sizes).sum())
        bars.append(
            {
                "v": int(sizes.sum()),
                "vw": f"{worth * 100 // int(sizes.sum()) / 10_000:.4f}",
                "o": f"{path[0] / 100:.2f}",
                "c": f"{price / 100:.2f}",
                "h": f"{path.max() / 100:.2f}",
                "l": f"{path.min() / 100:.2f}",
                "t": ms,
                "n": int(random.integers(20, 400)),
            }
        )
    return bars
