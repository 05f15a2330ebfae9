"""Outcomes as rows, and back: what is loaded is what was stored, to the last unit.

`create` a row, `store_day` each day when it is done (again and again does no harm), and `finish` or
`fail` it.
"""

from collections.abc import Sequence
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from backtests.metrics import figures
from backtests.models import Backtest, BacktestDay, BacktestTrade
from backtests.outcome import DayDone, Outcome, TradeDone
from backtests.plan import Plan
from backtests.versions import analysis_digest
from engine.events import Trade
from engine.instruments import instrument
from engine.money import to_decimal, to_units
from engine.names import ExitReason, Pattern, Regime
from engine.text import average_price
from marketdata.models import moment

AT_ONCE: Final = 500
"""Rows in one statement."""


def create(
    plan: Plan,
    *,
    asked_from: str,
    asked_by: User | None = None,
    note: str = "",
    workers: int = 1,
) -> Backtest:
    """The row of a backtest that waits to be run."""
    return Backtest.objects.create(
        asked_from=asked_from,
        asked_by=asked_by,
        note=note,
        symbol=plan.symbol,
        first=plan.days[0],
        last=plan.days[-1],
        plan=plan.as_json(),
        config_name=plan.config_name,
        config_digest=plan.config.digest,
        analysis_digest=analysis_digest(plan.config),
        fill_profile=plan.config.fills.profile,
        workers=workers,
        days_asked=len(plan.days),
        opening=plan.config.account.balance,
    )


def begin(row: Backtest) -> None:
    """The run begins."""
    row.status, row.started_at = Backtest.Status.RUNNING, timezone.now()
    row.save(update_fields=["status", "started_at"])


def store_day(row: Backtest, day: DayDone) -> None:
    """A day with its trades; what was stored of it before is replaced."""
    store_days(row, [day])


def store_days(row: Backtest, days: Sequence[DayDone]) -> None:
    """Several at once: all or none."""
    dates = [day.day for day in days]
    with transaction.atomic():
        BacktestTrade.objects.filter(backtest=row, day__in=dates).delete()
        BacktestDay.objects.filter(backtest=row, day__in=dates).delete()
        BacktestDay.objects.bulk_create([_day_row(row, day) for day in days], AT_ONCE)
        trades = [_trade_row(row, done) for day in days for done in day.trades]
        BacktestTrade.objects.bulk_create(trades, AT_ONCE)


def finish(row: Backtest, outcome: Outcome) -> None:
    """The run is over: days that are not stored yet, totals and figures. One that somebody stopped
    is marked so."""
    with transaction.atomic():
        held = set(row.days.values_list("day", flat=True))
        store_days(row, [day for day in outcome.days if day.day not in held])
        status = Backtest.Status
        row.status = status.STOPPED if outcome.stopped else status.DONE
        row.finished_at = timezone.now()
        row.started_at = row.started_at or row.finished_at
        row.data_digest, row.code = outcome.data_digest, outcome.code
        row.synthetic = any(day.synthetic for day in outcome.days)
        row.inferred = any(day.inferred for day in outcome.days)
        row.days_done = row.days_analysed = len(outcome.days)
        row.ticks = outcome.ticks
        row.trades_closed = len(outcome.trades)
        row.opening = to_decimal(outcome.opening) if outcome.days else row.opening
        row.closing = to_decimal(outcome.closing) if outcome.days else row.opening
        row.net = row.closing - row.opening
        row.figures = figures(outcome).as_json()
        row.error = ""
        row.save()


def fail(row: Backtest, error: BaseException | str) -> None:
    """The run ended with an error; its finished days are kept."""
    row.status = Backtest.Status.FAILED
    row.error = " ".join(str(error).split()) or type(error).__name__
    row.finished_at = timezone.now()
    row.save(update_fields=["status", "error", "finished_at"])


def load(row: Backtest) -> Outcome:
    """The outcome that `finish` was given; of a run that is not over, the days so far."""
    trades: dict[Any, list[TradeDone]] = {}
    for trade in BacktestTrade.objects.filter(backtest=row).order_by("day", "id"):
        trades.setdefault(trade.day, []).append(_trade(trade))
    days = tuple(
        _day(day, tuple(trades.get(day.day, ())))
        for day in BacktestDay.objects.filter(backtest=row).order_by("day")
    )
    return Outcome(
        plan=Plan.from_json(row.plan),
        days=days,
        data_digest=row.data_digest,
        code=row.code,
        stopped=row.status != Backtest.Status.DONE,
    )


def _day_row(row: Backtest, day: DayDone) -> BacktestDay:
    return BacktestDay(
        backtest=row,
        day=day.day,
        contract=day.contract,
        ticks=day.ticks,
        dropped=day.dropped,
        bars=day.bars,
        signals=day.signals,
        approved=day.approved,
        opening=to_decimal(day.opening),
        closing=to_decimal(day.closing),
        peak=to_decimal(day.peak),
        net=to_decimal(day.net),
        trades_closed=len(day.trades),
        tier=day.tier,
        synthetic=day.synthetic,
        inferred=day.inferred,
        halts=[list(each) for each in day.halts],
        lifted=[list(each) for each in day.lifted],
        tiers=[list(each) for each in day.tiers],
    )


def _day(row: BacktestDay, trades: tuple[TradeDone, ...]) -> DayDone:
    return DayDone(
        day=row.day,
        contract=row.contract,
        ticks=row.ticks,
        dropped=row.dropped,
        bars=row.bars,
        signals=row.signals,
        approved=row.approved,
        opening=to_units(row.opening),
        closing=to_units(row.closing),
        peak=to_units(row.peak),
        tier=row.tier,
        synthetic=row.synthetic,
        inferred=row.inferred,
        trades=trades,
        halts=_said(row.halts),
        lifted=_said(row.lifted),
        tiers=_said(row.tiers),
    )


def _said(rows: Sequence[Sequence[Any]]) -> tuple[tuple[int, str, str], ...]:
    return tuple((int(ts), str(one), str(other)) for ts, one, other in rows)


def _trade_row(row: Backtest, done: TradeDone) -> BacktestTrade:
    trade, spec = done.trade, done.instrument
    return BacktestTrade(
        backtest=row,
        name=trade.id,
        day=done.day,
        symbol=trade.symbol,
        direction=trade.direction,
        size=trade.size,
        pattern=trade.pattern.name,
        regime=trade.regime.name,
        tier=done.tier,
        signal=trade.signal_id,
        entry_ns=trade.entry_ts,
        entry_ts=moment(trade.entry_ts),
        entry_notional=trade.entry_notional,
        entry_price=average_price(trade.entry_notional, trade.size, spec),
        stop=spec.price(trade.stop),
        target=spec.price(trade.target),
        last_stop=spec.price(trade.last_stop),
        exit_ns=trade.exit_ts,
        exit_ts=moment(trade.exit_ts),
        exit_notional=trade.exit_notional,
        exit_price=average_price(trade.exit_notional, trade.size, spec),
        exit_reason=trade.exit_reason.value,
        mae=trade.mae,
        mfe=trade.mfe,
        gross=to_decimal(trade.pnl_gross),
        fees=to_decimal(trade.fees),
        slippage=to_decimal(done.slippage),
        net=to_decimal(done.net),
        balance_before=to_decimal(done.balance_before),
        balance=to_decimal(trade.balance),
    )


def _trade(row: BacktestTrade) -> TradeDone:
    spec = instrument(row.symbol)
    trade = Trade(
        id=row.name,
        symbol=row.symbol,
        direction=row.direction,
        size=row.size,
        entry_ts=row.entry_ns,
        entry_notional=row.entry_notional,
        exit_ts=row.exit_ns,
        exit_notional=row.exit_notional,
        exit_reason=ExitReason(row.exit_reason),
        stop=spec.ticks(row.stop),
        target=spec.ticks(row.target),
        last_stop=spec.ticks(row.last_stop),
        pnl_gross=to_units(row.gross),
        fees=to_units(row.fees),
        pattern=Pattern[row.pattern],
        signal_id=row.signal,
        regime=Regime[row.regime],
        mae=row.mae,
        mfe=row.mfe,
        balance=to_units(row.balance),
    )
    return TradeDone(
        day=row.day,
        trade=trade,
        tier=row.tier,
        balance_before=to_units(row.balance_before),
        slippage=to_units(row.slippage),
    )
