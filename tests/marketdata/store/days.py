"""Small stored days for these tests."""

from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.ticks import NS
from marketdata.calendars import new_york
from marketdata.feeds import StoredTicks
from marketdata.store import DayInfo

DAY = date(2025, 11, 20)
OPEN = new_york(date(2025, 11, 19), time(18))


def info(symbol: str = "MES", day: date = DAY, **changes: object) -> DayInfo:
    facts: dict[str, object] = {
        "symbol": symbol, "day": day, "contract": "MESZ5", "tick": Decimal("0.25"),
        "lot": Decimal(1), "source": "test", "side": "aggressor", "synthetic": False,
    }  # fmt: skip
    return DayInfo(**{**facts, **changes})  # type: ignore[arg-type]


def ticks(count: int, *, start: int = OPEN, first: int = 1, seed: int = 1) -> StoredTicks:
    """Some that are plausible: times in order, every fifth shares its sequence with the next."""
    random = np.random.default_rng(seed)
    ts = start + np.cumsum(random.integers(0, NS // 50, count))
    sequence = first + np.arange(count) - (np.arange(count) % 5 == 1)
    return StoredTicks(
        ts_event=ts.astype(np.int64),
        ts_recv=(ts + random.integers(0, 90_000, count)).astype(np.int64),
        price=(26_000 + np.cumsum(random.integers(-1, 2, count))).astype(np.int32),
        size=random.integers(1, 9, count).astype(np.int32),
        side=random.integers(-1, 2, count).astype(np.int8),
        sequence=sequence.astype(np.int64),
    )


def joined(blocks: Iterable[StoredTicks]) -> StoredTicks:
    return StoredTicks(*(np.concatenate(columns) for columns in zip(*blocks, strict=True)))


def same(one: StoredTicks, other: StoredTicks) -> bool:
    pairs: Iterable[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = zip(one, other, strict=True)
    return all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in pairs)
