"""An outcome as arrays, once: what figures, breakdowns and series compute from.

Money stays int64 units, prices ticks, times UTC ns. `balance` has one entry more than there are
trades: the opening balance first. Excursions in money are exact: a trade keeps them in whole ticks
from its average entry, and what the average leaves over follows from its entry.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backtests.errors import BrokenOutcome
from backtests.outcome import Outcome, TradeDone
from engine.instruments import instrument
from engine.text import units_text

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Trades in the order in which they closed, then days. `risk` is the initial stop's distance
    from the average entry in money; 0 where the stop was not on the losing side."""

    day: Ints  # of each trade, as an index into the days
    direction: Ints
    size: Ints
    entry: Ints
    exit: Ints
    gross: Ints
    fees: Ints
    net: Ints
    slippage: Ints
    risk: Ints
    mae: Ints
    mfe: Ints
    mae_money: Ints
    mfe_money: Ints
    balance: Ints
    opening: Ints  # of each day
    closing: Ints
    day_net: Ints
    day_trades: Ints

    @property
    def returns(self) -> Floats | None:
        """Each day's change of balance by its opening balance; None once a balance is gone."""
        if not (self.opening > 0).all():
            return None
        found: Floats = self.day_net / self.opening
        return found


_PER_TRADE = 13


def columns(outcome: Outcome) -> Columns:
    """The arrays of an outcome. BrokenOutcome names the first day whose balances do not follow from
    the day before and its own trades."""
    lot: dict[str, int] = {}
    rows = [_row(index, done, lot) for index, day in enumerate(outcome.days) for done in day.trades]
    table = np.array(rows, dtype=np.int64).reshape(-1, _PER_TRADE).T
    index, direction, size, entry, exit_, gross, fees, slippage, stop, mae, mfe, left, unit = table
    net = gross - fees
    opening = np.array([day.opening for day in outcome.days], dtype=np.int64)
    closing = np.array([day.closing for day in outcome.days], dtype=np.int64)
    balance = np.concatenate(([outcome.opening], outcome.opening + np.cumsum(net)))
    counts = np.array([len(day.trades) for day in outcome.days], dtype=np.int64)
    _check(outcome, opening, closing, balance[np.cumsum(counts)])
    return Columns(
        day=index,
        direction=direction,
        size=size,
        entry=entry,
        exit=exit_,
        gross=gross,
        fees=fees,
        net=net,
        slippage=slippage,
        risk=np.maximum(stop, 0) * unit,
        mae=mae,
        mfe=mfe,
        mae_money=(mae * size + left) * unit,
        mfe_money=(mfe * size + (size - left) % np.maximum(size, 1)) * unit,
        balance=balance,
        opening=opening,
        closing=closing,
        day_net=closing - opening,
        day_trades=counts,
    )


def _check(outcome: Outcome, opening: Ints, closing: Ints, booked: Ints) -> None:
    """`booked` are the balances after each day's last trade."""
    followed = np.concatenate(([outcome.opening], booked[:-1]))[: len(booked)]
    wrong = np.flatnonzero((opening != followed) | (closing != booked))
    if len(wrong):
        day = outcome.days[wrong[0]]
        raise BrokenOutcome(
            f"{day.day}: the day goes from {units_text(day.opening)} to {units_text(day.closing)}, "
            f"its trades from {units_text(int(followed[wrong[0]]))} to "
            f"{units_text(int(booked[wrong[0]]))}; run it again"
        )


def _row(index: int, done: TradeDone, lot: dict[str, int]) -> tuple[int, ...]:
    trade = done.trade
    unit = lot.get(trade.symbol)
    if unit is None:
        unit = lot[trade.symbol] = instrument(trade.symbol).tick_units
    way, size, notional = trade.direction, trade.size, trade.entry_notional
    return (
        index, way, size, trade.entry_ts, trade.exit_ts, trade.pnl_gross, trade.fees,
        done.slippage, way * (notional - trade.stop * size), trade.mae, trade.mfe,
        way * notional % size, unit,
    )  # fmt: skip
