"""What a run's figures come from, over time: curves, drawdowns, windows, months, scatters.

>>> of = Series(outcome)
>>> of.by_day.balance, of.by_day.drawdown, of.underwater, of.months

Money is int64 units, times UTC ns; fractions are floats, nan where they are not defined.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from backtests.metrics import drawdowns
from backtests.metrics.columns import Columns, Floats, Ints, columns
from backtests.metrics.ratios import YEAR
from backtests.outcome import DayDone, Outcome

WINDOW_DAYS: Final = 60
WINDOW_TRADES: Final = 50
R_WIDTH: Final = 0.25

At = TypeVar("At", int, date)


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve(Generic[At]):
    """The account after each trade (`at`: its exit, UTC ns) or day (`at`: the day). `drawdown` is
    how far below the highest balance so far, the opening one included."""

    opening: int
    at: Sequence[At]
    balance: Ints
    net: Ints
    drawdown: Ints
    drawdown_part: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Underwater:
    """Days in a row that closed below a high. `high_on` is None when that is the opening balance,
    `back_on` when it was not regained."""

    high_on: date | None
    first: date
    deepest_on: date
    back_on: date | None
    days: int
    money: int
    part: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A month, or with `month` 0 a year. `part`: net by the balance that it began with."""

    year: int
    month: int
    days: int
    trades: int
    opening: int
    net: int
    part: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursions:
    """Of each trade: the worst (`mae`) and best (`mfe`) it was, in ticks, money and R, and what it
    ended with. R is nan where it has none."""

    mae: Ints
    mfe: Ints
    mae_money: Ints
    mfe_money: Ints
    net: Ints
    mae_r: Floats
    mfe_r: Floats
    net_r: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class TierStep:
    """From `ts` (None: the run's beginning) the account was in this tier, with this balance."""

    ts: int | None
    day: date
    tier: str
    balance: int


class Series:
    """Everything over time, of one outcome; each is computed when first asked for."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.columns: Columns = columns(outcome)

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The days that were run."""
        return tuple(day.day for day in self.outcome.days)

    @cached_property
    def by_trade(self) -> Curve[int]:
        of = self.columns
        return _curve(of.exit.tolist(), of.balance, of.net)

    @cached_property
    def by_day(self) -> Curve[date]:
        return _curve(self.days, self._balances, self.columns.day_net)

    @cached_property
    def _balances(self) -> Ints:
        found: Ints = np.concatenate(([self.outcome.opening], self.columns.closing))
        return found

    @cached_property
    def underwater(self) -> tuple[Underwater, ...]:
        """All drawdowns by day, in order of time."""
        return tuple(
            Underwater(
                high_on=self.days[period.high - 1] if period.high else None,
                first=self.days[period.high],
                deepest_on=self.days[period.low - 1],
                back_on=None if period.back is None else self.days[period.back - 1],
                days=period.days,
                money=period.money,
                part=period.part,
            )
            for period in drawdowns.daily_falls(self._balances)
        )

    def rolling_sharpe(self, window: int = WINDOW_DAYS) -> Floats:
        """Of each `window` days, one value a day from the `window`th on; nan where all returned the
        same. Empty when there are fewer days, or no returns."""
        returns = self.columns.returns
        if returns is None or len(returns) < max(window, 2):
            return np.empty(0)
        windows = sliding_window_view(returns, window)
        deviation = np.where(np.ptp(windows, axis=1) > 0, windows.std(axis=1, ddof=1), np.nan)
        found: Floats = windows.mean(axis=1) / deviation * np.sqrt(YEAR)
        return found

    def rolling_expectancy(self, window: int = WINDOW_TRADES) -> Ints:
        """Mean net of each `window` trades, to whole units, one value a trade from the `window`th
        on."""
        summed = np.concatenate(([0], np.cumsum(self.columns.net)))
        found: Ints = np.rint((summed[window:] - summed[:-window]) / window).astype(np.int64)
        return found

    @cached_property
    def months(self) -> tuple[Span, ...]:
        """Those with a day that was run."""
        groups = groupby(self.outcome.days, key=lambda day: (day.day.year, day.day.month))
        return tuple(_span(year, month, list(days)) for (year, month), days in groups)

    @cached_property
    def years(self) -> tuple[Span, ...]:
        """Those with a day that was run."""
        groups = groupby(self.outcome.days, key=lambda day: day.day.year)
        return tuple(_span(year, 0, list(days)) for year, days in groups)

    @cached_property
    def excursions(self) -> Excursions:
        of = self.columns
        risk = np.where(of.risk > 0, of.risk, np.nan)
        return Excursions(
            mae=of.mae,
            mfe=of.mfe,
            mae_money=of.mae_money,
            mfe_money=of.mfe_money,
            net=of.net,
            mae_r=of.mae_money / risk,
            mfe_r=of.mfe_money / risk,
            net_r=of.net / risk,
        )

    def r_distribution(self, width: float = R_WIDTH) -> list[tuple[float, int]]:
        """(lower end, trades) of each step of `width` R from the worst to the best trade; an end
        belongs to the step above it."""
        found = self.excursions.net_r
        steps = np.floor(found[~np.isnan(found)] / width).astype(np.int64)
        if not len(steps):
            return []
        lowest = int(steps.min())
        counts = np.bincount(steps - lowest).tolist()
        return [((lowest + place) * width, count) for place, count in enumerate(counts)]

    @cached_property
    def tiers(self) -> tuple[TierStep, ...]:
        """The tier at the beginning and each that followed."""
        if not self.outcome.days:
            return ()
        moves = [(day.day, *change) for day in self.outcome.days for change in day.tiers]
        first = self.outcome.days[0]
        begun = moves[0][2] if moves else first.tier
        at = np.searchsorted(self.columns.exit, [ts for _, ts, _, _ in moves], side="right")
        balances = self.columns.balance[at].tolist()
        return (
            TierStep(ts=None, day=first.day, tier=begun, balance=self.outcome.opening),
            *(
                TierStep(ts=ts, day=day, tier=after, balance=balance)
                for (day, ts, _, after), balance in zip(moves, balances, strict=True)
            ),
        )


def _curve(at: Sequence[At], balances: Ints, net: Ints) -> Curve[At]:
    return Curve(
        opening=int(balances[0]),
        at=at,
        balance=balances[1:],
        net=net,
        drawdown=drawdowns.falls(balances)[1:],
        drawdown_part=drawdowns.falls_part(balances)[1:],
    )


def _span(year: int, month: int, days: Sequence[DayDone]) -> Span:
    opening = days[0].opening
    net = days[-1].closing - opening
    return Span(
        year=year,
        month=month,
        days=len(days),
        trades=sum(len(day.trades) for day in days),
        opening=opening,
        net=net,
        part=net / opening if opening > 0 else None,
    )
