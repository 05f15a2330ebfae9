"""A day's bars as the minutes of its session, in whole ticks and lots, with what that changed."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.instruments import NANO, Instrument
from engine.schedule import TradingDay
from marketdata.feeds.polygon.minutes import Ints, Minutes
from marketdata.feeds.polygon.ticks import MINUTE_NS, Minute

PRICES: Final = ("open", "high", "low", "close")


@dataclass(frozen=True, kw_only=True)
class SessionBars:
    """The minutes that ticks can be made of, and how many others there were."""

    minutes: tuple[Minute, ...]
    expected: int
    """Minutes of the session."""
    absent: int
    """Without a bar."""
    impossible: int
    """Left out: no trades can have made them."""
    rounded: int
    """With a price between the ticks."""
    cut: int
    """With a fraction of a share in their volume."""


def session_bars(spec: Instrument, day: TradingDay, minutes: Minutes) -> SessionBars:
    """The bars from the day's open to its close."""
    inside = minutes.part((minutes.ts >= day.open) & (minutes.ts < day.close))
    step, share = int(spec.tick * NANO), int(spec.lot * NANO)
    opened, high, low, closed = (nearest(getattr(inside, name), step) for name in PRICES)
    volume = inside.volume // share
    rows = zip(
        *(column.tolist() for column in (inside.ts, opened, high, low, closed, volume)),
        inside.transactions.tolist(),
        (
            _notional(*pair, step)
            for pair in zip(inside.vwap.tolist(), volume.tolist(), strict=True)
        ),
        strict=True,
    )
    made = tuple(map(Minute._make, rows))
    off = sum((getattr(inside, name) % step != 0) for name in PRICES)
    expected = (day.close - day.open) // MINUTE_NS
    possible = tuple(minute for minute in made if minute.possible)
    return SessionBars(
        minutes=possible,
        expected=expected,
        absent=expected - len(made),
        impossible=len(made) - len(possible),
        rounded=int((off > 0).sum()),
        cut=int((volume * share != inside.volume).sum()),
    )


def nearest(nano: Ints, step: int) -> Ints:
    """Whole steps, halves to even. Keeps the order: what was not above is not above after it."""
    whole, rest = nano // step, nano % step
    up = (2 * rest > step) | ((2 * rest == step) & (whole % 2 == 1))
    return np.asarray(whole + up, np.int64)


def _notional(vwap: int, volume: int, step: int) -> int | None:
    """VWAP times volume in ticks times lots; None where there is none."""
    return (2 * vwap * volume + step) // (2 * step) if vwap else None
