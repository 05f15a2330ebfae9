"""A run as plain arrays: one row a trade, in the order in which they closed, cut into days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from backtests.outcome import DayDone, Outcome, TradeDone
from backtests.stress.errors import StressError
from engine.config import EngineConfig
from engine.money import to_units
from engine.names import ExitReason
from engine.risk import OPERATOR_LIFTS
from engine.ticks import NS
from engine.times import NEW_YORK

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
MOST_UNITS: Final = 2**62
"""What trades may add up to, in units (46 billion)."""


@dataclass(frozen=True, eq=False)
class Ledger:
    """Amounts in units. `starts` has where each day's trades begin, and the end of the last's.

    `hour` is New York's at the entry, `weekday` the trading day's (Monday is 0). `sides` counts the
    contracts bought and sold, `tick` is what one more tick of slippage costs: entries are market
    orders, every exit but a target's too.

    Where the run stood halted to its end, waiting for the operator, the days after are left out:
    they have no trades for a reason that resampling would not know. `halted` says since when.
    """

    config: EngineConfig
    days: tuple[date, ...]
    trades: tuple[TradeDone, ...]
    opening: int
    peak: int
    starts: Ints
    net: Ints
    gross: Ints
    fees: Ints
    slippage: Ints
    sides: Ints
    tick: Ints
    hour: Ints
    weekday: Ints
    halted: tuple[date, str] | None = None

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """The run's ledger; StressError if there is no day, or amounts do not add up."""
        if not outcome.days:
            raise StressError("the run has no finished day; run it to an end first")
        halted = _halted(outcome.days)
        days = [day for day in outcome.days if halted is None or day.day <= halted[0]]
        trades = tuple(done for day in days for done in day.trades)
        turned = sum(abs(done.trade.pnl_gross) + done.trade.fees for done in trades)
        if turned + abs(outcome.opening) > MOST_UNITS:
            raise StressError("the run's amounts are too large to be added up")
        account, peak = outcome.plan.config.account, outcome.opening
        if account.peak is not None:
            peak = max(peak, to_units(account.peak))
        return cls(
            config=outcome.plan.config,
            days=tuple(day.day for day in days),
            trades=trades,
            opening=outcome.opening,
            peak=peak,
            starts=np.cumsum([0, *(len(day.trades) for day in days)], dtype=np.int64),
            net=_ints([done.net for done in trades]),
            gross=_ints([done.trade.pnl_gross for done in trades]),
            fees=_ints([done.trade.fees for done in trades]),
            slippage=_ints([done.slippage for done in trades]),
            sides=_ints([2 * done.trade.size for done in trades]),
            tick=_ints([_per_tick(done, exact=outcome.plan.config.fills.exact) for done in trades]),
            hour=_ints([_hour(done.trade.entry_ts) for done in trades]),
            weekday=_ints([done.day.weekday() for done in trades]),
            halted=halted,
        )

    @property
    def day_net(self) -> Ints:
        """Net P&L of each day."""
        sums = np.concatenate([[0], np.cumsum(self.net)])
        made: Ints = sums[self.starts[1:]] - sums[self.starts[:-1]]
        return made

    @property
    def total(self) -> int:
        """Net P&L of all trades."""
        return int(self.net.sum())


def _halted(days: Sequence[DayDone]) -> tuple[date, str] | None:
    """The day since which a halt stands that only the operator lifts, and the halt."""
    standing: dict[str, date] = {}
    for day in days:
        told = [(ts, True, halt) for ts, halt, _ in day.halts]
        told += [(ts, False, halt) for ts, halt, _ in day.lifted]
        for _, halts, halt in sorted(told, key=lambda item: item[0]):
            if not halts:
                standing.pop(halt, None)
            elif halt in OPERATOR_LIFTS:
                standing.setdefault(halt, day.day)
    since = min(standing.items(), key=lambda item: item[1], default=None)
    return (since[1], since[0]) if since else None


def _ints(values: list[int]) -> Ints:
    return np.array(values, np.int64)


def _hour(ts: int) -> int:
    return datetime.fromtimestamp(ts // NS, UTC).astimezone(NEW_YORK).hour


def _per_tick(done: TradeDone, *, exact: bool) -> int:
    """Units that one more tick of slippage costs; with `exact`, stops fill at their own price."""
    reason = done.trade.exit_reason
    at_stop = reason in (ExitReason.STOP, ExitReason.BREAK_EVEN, ExitReason.TRAILING_STOP)
    fills = 1 if reason is ExitReason.TARGET or (exact and at_stop) else 2
    return done.instrument.pnl(fills, done.trade.size)
