"""A backtest as JSON, everything exact: `docs/backtests.md` describes the format."""

from typing import Any, Final

from backtests.metrics import Figures
from backtests.outcome import DayDone, Outcome, TradeDone
from backtests.versions import analysis_digest
from engine.account_rules import FillRules
from engine.names import Direction
from engine.text import average_text, price_text, units_text

Json = dict[str, Any]
FORMAT: Final = 1


def document(outcome: Outcome, figures: Figures, *, number: int | None = None) -> Json:
    """The whole run. Prices and money are decimal strings, times UTC nanoseconds."""
    plan = outcome.plan
    return {
        "format": FORMAT,
        "number": number,
        "plan": plan.as_json(),
        "config_digest": plan.config.digest,
        "analysis_digest": analysis_digest(plan.config),
        "data_digest": outcome.data_digest,
        "code": outcome.code,
        "stopped": outcome.stopped,
        "synthetic": any(day.synthetic for day in outcome.days),
        "inferred": any(day.inferred for day in outcome.days),
        "assumptions": assumptions(plan.config.fills),
        "currency": plan.config.instrument.currency,
        "opening": units_text(outcome.opening),
        "closing": units_text(outcome.closing),
        "figures": figures.as_json(),
        "days": [_day(day) for day in outcome.days],
        "trades": [_trade(done) for done in outcome.trades],
    }


def assumptions(fills: FillRules) -> Json:
    """What the simulated exchange was told."""
    return {
        "profile": fills.profile,
        "latency_ms": fills.latency_ms,
        "slippage_ticks": fills.slippage_ticks,
        "target": fills.target,
        "fees": fills.fees,
        "exact": fills.exact,
    }


def _day(day: DayDone) -> Json:
    return {
        "day": day.day.isoformat(),
        "contract": day.contract,
        "ticks": day.ticks,
        "dropped": day.dropped,
        "bars": day.bars,
        "signals": day.signals,
        "approved": day.approved,
        "opening": units_text(day.opening),
        "closing": units_text(day.closing),
        "peak": units_text(day.peak),
        "net": units_text(day.net),
        "trades": len(day.trades),
        "tier": day.tier,
        "synthetic": day.synthetic,
        "inferred": day.inferred,
        "halts": [_said(*each) for each in day.halts],
        "lifted": [_said(*each) for each in day.lifted],
        "tiers": [{"ts": ts, "before": one, "after": other} for ts, one, other in day.tiers],
    }


def _said(ts: int, halt: str, reason: str) -> Json:
    return {"ts": ts, "halt": halt, "reason": reason}


def _trade(done: TradeDone) -> Json:
    trade, spec = done.trade, done.instrument
    return {
        "id": trade.id,
        "day": done.day.isoformat(),
        "symbol": trade.symbol,
        "side": Direction(trade.direction).name,
        "size": trade.size,
        "pattern": trade.pattern.name,
        "regime": trade.regime.name,
        "tier": done.tier,
        "signal": trade.signal_id,
        "entry_ts": trade.entry_ts,
        "entry_price": average_text(trade.entry_notional, trade.size, spec),
        "exit_ts": trade.exit_ts,
        "exit_price": average_text(trade.exit_notional, trade.size, spec),
        "exit_reason": trade.exit_reason.value,
        "stop": price_text(trade.stop, spec),
        "target": price_text(trade.target, spec),
        "last_stop": price_text(trade.last_stop, spec),
        "mae_ticks": trade.mae,
        "mfe_ticks": trade.mfe,
        "pnl_gross": units_text(trade.pnl_gross),
        "fees": units_text(trade.fees),
        "slippage": units_text(done.slippage),
        "pnl_net": units_text(done.net),
        "balance_before": units_text(done.balance_before),
        "balance": units_text(trade.balance),
    }
