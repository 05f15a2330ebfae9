"""All figures of an outcome. What each means is in `definitions`; this file computes them.

Money is exact: int units here, decimal strings in JSON (means are rounded half to even, to 1e-8).
What is not defined is None, in JSON null.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any, Final, Self, cast

import numpy as np

from backtests.metrics import ratios
from backtests.metrics.chance import interval_of_mean, student_p, t_statistic
from backtests.metrics.columns import Columns, Floats, Ints, columns
from backtests.metrics.definitions import (
    DEFINITIONS,
    FEWEST_TRADED_DAYS,
    FEWEST_TRADES,
    Unit,
)
from backtests.metrics.drawdowns import Fall, daily_falls, largest_fall, open_fall
from backtests.metrics.limits import days_halted, days_in_tiers
from backtests.metrics.words import Value, count_of, money_text
from backtests.outcome import Outcome
from engine.money import to_units
from engine.text import units_text
from engine.ticks import NS
from marketdata.calendars import Session, schedule

SEED: Final = 1
"""Of the bootstrap, so that the same outcome has the same figures."""

_NORMAL_95: Final = 1.959963984540054
_FLAT: Final = 0.01


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Every figure of `DEFINITIONS`, by its name there."""

    opening: int = 0
    closing: int = 0
    net: int = 0
    gross: int = 0
    total_return: float | None = None
    cagr: float | None = None

    trades: int = 0
    wins: int = 0
    losses: int = 0
    scratches: int = 0
    win_rate: float | None = None
    average_win: int | None = None
    average_loss: int | None = None
    payoff: float | None = None
    profit_factor: float | None = None
    expectancy: int | None = None
    expectancy_r: float | None = None
    best_trade: int | None = None
    worst_trade: int | None = None
    winning_streak: int = 0
    losing_streak: int = 0
    trades_a_day: float | None = None
    contracts: int = 0

    days: int = 0
    days_missing: int = 0
    days_traded: int = 0
    positive_days: float | None = None
    average_day: int | None = None
    best_day: int | None = None
    best_day_on: date | None = None
    worst_day: int | None = None
    worst_day_on: date | None = None
    winning_days: int = 0
    losing_days: int = 0
    volatility: float | None = None
    sharpe: float | None = None
    sharpe_low: float | None = None
    sharpe_high: float | None = None
    sortino: float | None = None
    calmar: float | None = None
    skew: float | None = None
    kurtosis: float | None = None

    max_drawdown: int = 0
    max_drawdown_part: float | None = None
    open_drawdown: int = 0
    daily_drawdown: int = 0
    daily_drawdown_part: float | None = None
    drawdown_days: int = 0
    longest_drawdown_days: int = 0
    time_under_water: float | None = None
    recovery: float | None = None
    ulcer: float | None = None

    mean_low: int | None = None
    mean_high: int | None = None
    t_statistic: float | None = None
    p_value: float | None = None
    trades_needed: int | None = None
    verdict: str = ""

    fees: int = 0
    slippage: int = 0
    cost_share: float | None = None
    average_mae: int | None = None
    average_mfe: int | None = None
    average_mae_ticks: float | None = None
    average_mfe_ticks: float | None = None
    edge_ratio: float | None = None

    exposure: float | None = None
    average_holding: float | None = None
    median_holding: float | None = None
    longest_holding: float | None = None

    tiers: Mapping[str, int] | None = None
    tier_changes: int = 0
    halts: Mapping[str, int] | None = None
    loss_limit_days: float | None = None

    def __getitem__(self, name: str) -> Value:
        """A figure by its name in `DEFINITIONS`; KeyError if it has none."""
        if name not in DEFINITIONS:
            raise KeyError(name)
        return cast(Value, getattr(self, name))

    def as_json(self) -> dict[str, Any]:
        """By name, in the order of `DEFINITIONS`: what a row keeps."""
        return {name: _plain(self[name], of.unit) for name, of in DEFINITIONS.items()}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The figures that `as_json` gave this for. What an older version did not have stays
        undefined, what it had besides is left out."""
        return cls(
            **{
                field.name: _read(content[field.name], DEFINITIONS[field.name].unit)
                for field in fields(cls)
                if field.name in content
            }
        )


def figures(outcome: Outcome, *, seed: int = SEED) -> Figures:
    """All of them. `seed` is the bootstrap's."""
    found = columns(outcome)
    return Figures(
        **_result(outcome, found),
        **_trades(found),
        **_days(outcome, found),
        **_returns(found),
        **_drawdowns(found),
        **_chance(found, seed),
        **_execution(found),
        **_time(outcome, found),
        **_account(outcome),
    )


def _result(outcome: Outcome, of: Columns) -> dict[str, Any]:
    net = outcome.closing - outcome.opening
    return {
        "opening": outcome.opening,
        "closing": outcome.closing,
        "net": net,
        "gross": _sum(of.gross),
        "total_return": net / outcome.opening if outcome.opening > 0 else None,
    }


def _trades(of: Columns) -> dict[str, Any]:
    count = len(of.net)
    won, lost = of.net[of.net > 0], of.net[of.net < 0]
    with_risk = of.risk > 0
    return {
        "trades": count,
        "wins": len(won),
        "losses": len(lost),
        "scratches": count - len(won) - len(lost),
        "win_rate": len(won) / count if count else None,
        "average_win": _mean(won),
        "average_loss": _mean(lost),
        "payoff": float(won.mean() / -lost.mean()) if len(won) and len(lost) else None,
        "profit_factor": _sum(won) / -_sum(lost) if len(lost) else None,
        "expectancy": _mean(of.net),
        "expectancy_r": (
            float((of.net[with_risk] / of.risk[with_risk]).mean()) if with_risk.any() else None
        ),
        "best_trade": int(of.net.max()) if count else None,
        "worst_trade": int(of.net.min()) if count else None,
        "winning_streak": longest_run(of.net > 0),
        "losing_streak": longest_run(of.net < 0),
        "trades_a_day": count / len(of.day_net) if len(of.day_net) else None,
        "contracts": _sum(of.size),
    }


def _days(outcome: Outcome, of: Columns) -> dict[str, Any]:
    days, traded = len(of.day_net), of.day_net[of.day_trades > 0]
    best = int(of.day_net.argmax()) if days else None
    worst = int(of.day_net.argmin()) if days else None
    return {
        "days": days,
        "days_missing": len(outcome.plan.missing),
        "days_traded": len(traded),
        "positive_days": float((traded > 0).mean()) if len(traded) else None,
        "average_day": _mean(of.day_net),
        "best_day": None if best is None else int(of.day_net[best]),
        "best_day_on": None if best is None else outcome.days[best].day,
        "worst_day": None if worst is None else int(of.day_net[worst]),
        "worst_day_on": None if worst is None else outcome.days[worst].day,
        "winning_days": longest_run(traded > 0),
        "losing_days": longest_run(traded < 0),
    }


def _returns(of: Columns) -> dict[str, Any]:
    returns = of.returns
    if returns is None:
        return {}
    sharpe, error = ratios.sharpe(returns), ratios.sharpe_error(returns)
    known = sharpe is not None and error is not None
    enough = len(returns) >= ratios.FEWEST_DAYS
    return {
        "cagr": ratios.growth(returns) if enough else None,
        "volatility": ratios.volatility(returns),
        "sharpe": sharpe,
        "sharpe_low": sharpe - _NORMAL_95 * error if known else None,  # type: ignore[operator]
        "sharpe_high": sharpe + _NORMAL_95 * error if known else None,  # type: ignore[operator]
        "sortino": ratios.sortino(returns),
        "calmar": ratios.calmar(returns) if enough else None,
        "skew": ratios.skew(returns),
        "kurtosis": ratios.kurtosis(returns),
        "ulcer": ratios.ulcer(returns),
    }


def _drawdowns(of: Columns) -> dict[str, Any]:
    by_trade, by_day = largest_fall(of.balance), Fall()
    days = len(of.day_net)
    under = 0
    longest = deepest = 0
    if days:
        closings = np.concatenate((of.opening[:1], of.closing))
        by_day = largest_fall(closings)
        periods = daily_falls(closings)
        under = sum(period.days for period in periods)
        longest = max((period.days for period in periods), default=0)
        deepest = max(periods, key=lambda period: period.money).days if periods else 0
    return {
        "max_drawdown": by_trade.money,
        "max_drawdown_part": by_trade.part,
        "open_drawdown": open_fall(of),
        "daily_drawdown": by_day.money,
        "daily_drawdown_part": by_day.part,
        "drawdown_days": deepest,
        "longest_drawdown_days": longest,
        "time_under_water": under / days if days else None,
        "recovery": _sum(of.net) / by_trade.money if by_trade.money else None,
    }


def _chance(of: Columns, seed: int) -> dict[str, Any]:
    nets: Floats = of.net.astype(np.float64)
    t = t_statistic(nets)
    traded = of.day_trades > 0
    ends = interval_of_mean(of.day_net[traded], of.day_trades[traded], seed=seed)
    low, high = (round(ends[0]), round(ends[1])) if ends else (None, None)
    needed = math.ceil((_NORMAL_95 / t) ** 2 * len(nets)) if t and abs(t) > _FLAT else None
    return {
        "mean_low": low,
        "mean_high": high,
        "t_statistic": t,
        "p_value": None if t is None else student_p(t, len(nets) - 1),
        "trades_needed": needed,
        "verdict": verdict(len(nets), int(traded.sum()), _mean(of.net), low, high),
    }


def verdict(trades: int, days: int, mean: int | None, low: int | None, high: int | None) -> str:
    """What can be said of so many trades, in a sentence."""
    if mean is None:
        return "No trades: nothing to tell."
    so_many = f"{count_of(trades, 'trade')} on {count_of(days, 'day')}"
    if trades < FEWEST_TRADES or days < FEWEST_TRADED_DAYS or low is None or high is None:
        return (
            f"{so_many}: too few to tell (it takes {FEWEST_TRADES} trades on "
            f"{FEWEST_TRADED_DAYS} days)."
        )
    range_ = f"95 % interval {money_text(low)} to {money_text(high)}"
    if low > 0:
        return f"{so_many}: a trade made {money_text(mean)}, more than chance explains ({range_})."
    if high < 0:
        return f"{so_many}: a trade lost {money_text(-mean)}, more than chance explains ({range_})."
    return f"{so_many}: a mean trade of {money_text(mean)} may be chance ({range_})."


def _execution(of: Columns) -> dict[str, Any]:
    fees, slippage = _sum(of.fees), _sum(of.slippage)
    before = _sum(of.gross) + slippage
    against, favour = _sum(of.mae), _sum(of.mfe)
    count = len(of.net)
    return {
        "fees": fees,
        "slippage": slippage,
        "cost_share": (fees + slippage) / before if before > 0 else None,
        "average_mae": _mean(of.mae_money),
        "average_mfe": _mean(of.mfe_money),
        "average_mae_ticks": against / count if count else None,
        "average_mfe_ticks": favour / count if count else None,
        "edge_ratio": favour / against if against else None,
    }


def _time(outcome: Outcome, of: Columns) -> dict[str, Any]:
    held = of.exit - of.entry
    plan = outcome.plan
    calendar = schedule(plan.config.instrument, cast(Session, plan.session))
    sessions = (calendar.day(day.day) for day in outcome.days)
    open_for = sum(day.close - day.open for day in sessions if day is not None)
    return {
        "exposure": _sum(held) / open_for if open_for else None,
        "average_holding": float(held.mean()) / NS if len(held) else None,
        "median_holding": float(np.median(held)) / NS if len(held) else None,
        "longest_holding": float(held.max()) / NS if len(held) else None,
    }


def _account(outcome: Outcome) -> dict[str, Any]:
    halts = days_halted(outcome)
    days = len(outcome.days)
    return {
        "tiers": days_in_tiers(outcome),
        "tier_changes": sum(len(day.tiers) for day in outcome.days),
        "halts": halts,
        "loss_limit_days": halts.get("loss_limit", 0) / days if days else None,
    }


def longest_run(held: np.ndarray[Any, np.dtype[np.bool_]]) -> int:
    """The most True values one after another."""
    if not held.any():
        return 0
    ends = np.flatnonzero(~np.concatenate(([False], held, [False])))
    return int(np.diff(ends).max()) - 1


def _sum(values: Ints) -> int:
    return int(values.sum())


def _mean(values: Ints) -> int | None:
    """To whole units, half to even."""
    return round(Decimal(_sum(values)) / len(values)) if len(values) else None


def _plain(value: Value, unit: Unit) -> Any:
    if value is None:
        return None
    if unit is Unit.MONEY:
        return units_text(cast(int, value))
    if unit is Unit.DATE:
        return cast(date, value).isoformat()
    return dict(cast(Mapping[str, int], value)) if unit is Unit.TABLE else value


def _read(value: Any, unit: Unit) -> Any:
    if value is None:
        return None
    if unit is Unit.MONEY:
        return to_units(Decimal(value))
    return date.fromisoformat(value) if unit is Unit.DATE else value
