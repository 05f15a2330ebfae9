"""Rows as the recap's document has them: prices and amounts as decimal texts, sizes in lots, times
as ISO 8601 in UTC. A field that is not known yet is null.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from engine.instruments import Instrument, instrument
from engine.money import to_decimal
from engine.text import decimals, number_text
from engine.ticks import NS
from marketdata.models import Bar, moment
from trading.models import Command, Fill, Order, Signal, Trade
from trading.recap.day import fate
from trading.recap.figures import Figures
from trading.wire import Json, plain, row_money, row_price

FOUR: Final = Decimal("0.0001")


def iso(at: datetime | None) -> str | None:
    """`2024-06-12T13:30:00.000000Z`"""
    if at is None:
        return None
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def iso_ns(ns: int | None) -> str | None:
    return None if ns is None else iso(moment(ns))


def ratio_text(value: Decimal | None) -> str | None:
    """To four places."""
    return None if value is None else f"{value.quantize(FOUR, ROUND_HALF_EVEN):f}"


def direction(value: int) -> str:
    return "long" if value > 0 else "short"


def side(value: int) -> str:
    return "buy" if value > 0 else "sell"


def bar_json(row: Bar, spec: Instrument) -> Json:
    prices = ("open", "high", "low", "close", "poc", "vah", "val", "vwap")
    counts = ("volume", "buy_volume", "sell_volume", "delta", "cum_delta", "trades")
    return {
        "start": iso_ns(row.start_ns),
        "end": iso_ns(row.end_ns),
        **{name: row_price(getattr(row, name), spec) for name in prices},
        **{name: int(getattr(row, name)) for name in counts},
        "regime": row.regime,
        "confidence": _four(row.confidence),
        "warm_up": row.warm_up,
    }


def signal_json(row: Signal, spec: Instrument) -> Json:
    return {
        "id": row.pk,
        "at": iso_ns(row.ts_ns),
        "bar": iso_ns(row.bar_start_ns),
        "pattern": row.pattern,
        "direction": direction(row.direction),
        "price": row_price(row.price, spec),
        "strength": _four(row.strength),
        "details": plain(row.details),
        "regime": row.regime,
        "confidence": _four(row.confidence),
        "approved": row.approved,
        "fate": signal_fate(row),
        "reason": row.reason,
        "decision": row.decision,
        "decision_rule": row.decision_rule,
        "decision_reason": row.decision_reason,
        "decision_terms": plain(row.decision_terms),
    }


def signal_fate(row: Signal) -> str:
    """What became of it, in words."""
    if row.approved and row.decision == "enter":
        return "traded"
    return fate(row.approved, row.pattern, row.reason, row.decision_rule)


def trade_json(row: Trade) -> Json:
    spec = instrument(row.instrument_id)
    risk = risked(row)
    prices = ("entry_price", "stop", "target", "last_stop", "exit_price")
    amounts = ("gross", "fees", "net", "balance")
    return {
        "id": row.pk,
        "status": row.status,
        "symbol": row.instrument_id,
        "direction": direction(row.direction),
        "size": row.size,
        "pattern": row.pattern,
        "regime": row.regime,
        "signal": row.signal_id,
        "ordered_at": iso_ns(row.ordered_ns),
        "entry_at": iso_ns(row.entry_ns),
        "exit_at": iso_ns(row.exit_ns),
        "held_s": _seconds(row.entry_ns, row.exit_ns),
        **{name: row_price(getattr(row, name), spec) for name in prices},
        "exit_reason": row.exit_reason,
        "mae_ticks": row.mae,
        "mfe_ticks": row.mfe,
        **{name: row_money(getattr(row, name)) for name in amounts},
        "risk": row_money(risk),
        "r": ratio_text(row.net / risk) if risk and row.net is not None else None,
    }


def risked(row: Trade) -> Decimal | None:
    """Money between the average entry and the stop as first set; None where it was no risk."""
    if row.stop is None or row.entry_notional is None:
        return None
    spec = instrument(row.instrument_id)
    away = row.direction * (row.entry_notional - int(spec.ticks(row.stop)) * row.size)
    return to_decimal(spec.tick_units) * away if away > 0 else None


def order_json(row: Order) -> Json:
    spec = instrument(row.instrument_id)
    return {
        "id": row.pk,
        "trade": row.trade_id,
        "at": iso_ns(row.ts_ns),
        "role": row.role,
        "type": row.type,
        "side": side(row.side),
        "size": row.size,
        "price": row_price(row.price, spec),
        "status": row.status,
        "filled": row.filled,
        "reason": row.reason,
        "updated_at": iso_ns(row.updated_ns),
    }


def fill_json(row: Fill) -> Json:
    """Of a row with its trade."""
    return {
        "id": row.pk,
        "order": row.order_id,
        "trade": row.trade_id,
        "at": iso_ns(row.ts_ns),
        "role": row.role,
        "side": side(row.side),
        "size": row.size,
        "price": row_price(row.price, instrument(row.trade.instrument_id)),
        "fee": row_money(row.fee),
    }


def command_json(row: Command) -> Json:
    """Of a row with who asked."""
    return {
        "id": row.pk,
        "kind": row.kind,
        "reason": row.reason,
        "status": row.status,
        "result": row.result,
        "requested_by": row.requested_by.get_username() if row.requested_by else "",
        "created_at": iso(row.created_at),
        "executed_at": iso(row.executed_at),
    }


def figures_json(found: Figures) -> Json:
    """Sums over closed trades; ratios are null where nothing is to be said."""
    return {
        "trades": found.count,
        "wins": found.wins,
        "losses": found.losses,
        "gross": number_text(found.gross, 2),
        "fees": number_text(found.fees, 2),
        "net": number_text(found.net, 2),
        "win_rate": ratio_text(found.win_rate),
        "profit_factor": ratio_text(found.profit_factor),
        "expectancy": row_money(found.expectancy),
        "average_win": row_money(found.average_win),
        "average_loss": row_money(found.average_loss),
        "drawdown": number_text(found.drawdown, 2),
    }


def group_json(named: Mapping[str, Figures]) -> list[Json]:
    return [{"name": name} | figures_json(found) for name, found in named.items()]


def price_places(spec: Instrument) -> int:
    return decimals(spec.tick)


def _four(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


def _seconds(start: int | None, end: int | None) -> int | None:
    return None if start is None or end is None else (end - start) // NS


def carried_money(carry: Mapping[str, Any], name: str) -> str | None:
    """An amount of a carry, which has it in the engine's units."""
    value = carry.get(name)
    return None if value is None else number_text(to_decimal(int(value)), 2)
