"""Falls of the account from its highest point before. Money is int units; falls are at least 0."""

from dataclasses import dataclass

import numpy as np

from backtests.metrics.columns import Columns, Floats, Ints


@dataclass(frozen=True, slots=True)
class Fall:
    """The largest in money and the largest in percent, which need not be the same one. `part` is
    None where no high was above 0."""

    money: int = 0
    part: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Closings in a row below the high before, as positions in the balances. `high` is the last
    one at the high, `low` the deepest, `back` the first at or above the high again, None if none
    is. `days` lie between."""

    high: int
    low: int
    back: int | None
    days: int
    money: int
    part: float | None


def falls(balances: Ints) -> Ints:
    """How far each balance is below the highest so far."""
    found: Ints = np.maximum.accumulate(balances) - balances
    return found


def falls_part(balances: Ints) -> Floats:
    """The same as a fraction of that high; nan where it is not above 0."""
    high = np.maximum.accumulate(balances)
    found: Floats = np.full(len(balances), np.nan)
    np.divide(high - balances, high, out=found, where=high > 0)
    return found


def largest_fall(balances: Ints) -> Fall:
    """Of all balances, the first of them the opening one."""
    parts = falls_part(balances)
    known = parts[~np.isnan(parts)]
    return Fall(int(falls(balances).max()), float(known.max()) if len(known) else None)


def daily_falls(balances: Ints) -> list[Period]:
    """All periods below a high, in order."""
    below = falls(balances)
    parts = falls_part(balances)
    edges = np.diff(np.concatenate(([0], (below > 0).astype(np.int8), [0])))
    found = []
    for first, last in zip(np.flatnonzero(edges == 1), np.flatnonzero(edges == -1), strict=True):
        low = int(first + below[first:last].argmax())
        found.append(
            Period(
                high=int(first) - 1,
                low=low,
                back=int(last) if last < len(balances) else None,
                days=int(last - first),
                money=int(below[low]),
                part=None if np.isnan(parts[low]) else float(parts[low]),
            )
        )
    return found


def open_fall(of: Columns) -> int:
    """The largest fall that can have been, with the worst moment of every open trade."""
    high = np.maximum.accumulate(of.balance)[:-1]
    worst = of.balance[:-1] - of.mae_money - of.fees
    return max(int((high - worst).max(initial=0)), int(falls(of.balance).max()))
