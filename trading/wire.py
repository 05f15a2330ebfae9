"""What the live page is told, as JSON types. `docs/live-socket.md` is the contract.

Every thing has one shape, whether it comes from the engine (`bar_to_wire`) or from the database
(`bar_row_to_wire`). Prices that the page computes with are whole ticks, prices and money that it
shows are strings: no price or amount becomes a float. Times are milliseconds UTC.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from engine import events
from engine.instruments import Instrument, instrument
from engine.names import Pattern, Regime
from engine.text import average_text, decimals, number_text, units_text
from marketdata.models import Bar
from trading.models import Session, Signal, Trade
from trading.real_money import accounts

if TYPE_CHECKING:
    from engine.schedule import TradingDay
    from engine.status import Position, Status

Json = dict[str, Any]

MS: Final = 1_000_000


def millis(ns: int | None) -> int | None:
    """Milliseconds of a time in ns; None stays None."""
    return None if ns is None else int(ns) // MS


def row_money(value: Decimal | None) -> str | None:
    """A row's amount as text."""
    return None if value is None else number_text(value, 2)


def row_price(value: Decimal | None, spec: Instrument) -> str | None:
    """A row's price as text."""
    return None if value is None else number_text(value, decimals(spec.tick))


def plain(value: Any) -> Any:
    """JSON types of whatever the engine put into details and terms; not-a-number becomes None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


# Bars


def averages(inputs: Mapping[str, Any] | None) -> list[float] | None:
    """The fast and the slow EMA of a reading's inputs, in ticks; None until both are there."""
    found = [(inputs or {}).get(name) for name in ("ema_fast", "ema_slow")]
    known = [round(float(value), 4) for value in found if value is not None]
    return known if len(known) == 2 and all(map(math.isfinite, known)) else None


def deviation(ticks: float | None) -> float | None:
    return None if ticks is None or not math.isfinite(ticks) else round(float(ticks), 4)


def bar_to_wire(bar: events.Bar, spec: Instrument) -> Json:
    reading = bar.reading
    return {
        "i": int(bar.index),
        "t": millis(bar.start),
        "e": millis(bar.end),
        "o": int(bar.open),
        "h": int(bar.high),
        "l": int(bar.low),
        "c": int(bar.close),
        "v": int(bar.volume),
        "bv": int(bar.buy_volume),
        "sv": int(bar.sell_volume),
        "d": int(bar.delta),
        "dmin": int(bar.min_delta),
        "dmax": int(bar.max_delta),
        "cd": int(bar.cum_delta),
        "n": int(bar.trades),
        "poc": int(bar.poc),
        "vah": int(bar.vah),
        "val": int(bar.val),
        "vwap": average_text(bar.notional, bar.volume, spec),
        "svwap": average_text(bar.session_notional, bar.session_volume, spec)
        if bar.session_volume
        else None,
        "sdev": deviation(bar.session_deviation),
        "ema": averages(reading.inputs if reading else None),
        "lv": bar.levels.tolist(),
        "bi": [int(price) for price in bar.buy_imbalances],
        "si": [int(price) for price in bar.sell_imbalances],
        "regime": reading.regime.name if reading else "",
        "conf": round(reading.confidence, 4) if reading else None,
        "scores": list(reading.scores) if reading else None,
        "said": reading.reason[:200] if reading else "",
        "warm": bar.warm_up,
    }


def bar_row_to_wire(row: Bar, spec: Instrument) -> Json:
    return {
        "i": row.index,
        "t": millis(row.start_ns),
        "e": millis(row.end_ns),
        "o": spec.ticks(row.open),
        "h": spec.ticks(row.high),
        "l": spec.ticks(row.low),
        "c": spec.ticks(row.close),
        "v": row.volume,
        "bv": row.buy_volume,
        "sv": row.sell_volume,
        "d": row.delta,
        "dmin": row.min_delta,
        "dmax": row.max_delta,
        "cd": row.cum_delta,
        "n": row.trades,
        "poc": spec.ticks(row.poc),
        "vah": spec.ticks(row.vah),
        "val": spec.ticks(row.val),
        "vwap": row_price(row.vwap, spec),
        "svwap": row_price(row.session_vwap, spec) if row.session_volume else None,
        "sdev": deviation(row.session_deviation),
        "ema": averages(row.inputs),
        "lv": row.levels,
        "bi": row.buy_imbalances,
        "si": row.sell_imbalances,
        "regime": row.regime,
        "conf": None if row.confidence is None else round(row.confidence, 4),
        "scores": row.scores,
        "said": row.regime_reason,
        "warm": row.warm_up,
    }


# Signals


def signal_to_wire(signal: events.Signal) -> Json:
    return {
        "id": signal.id,
        "t": millis(signal.ts),
        "bar": millis(signal.bar_start),
        "pattern": Pattern(signal.pattern).name,
        "dir": int(signal.direction),
        "price": int(signal.price),
        "strength": round(float(signal.strength), 4),
        "details": plain(signal.details),
        "regime": Regime(signal.regime).name,
        "conf": round(float(signal.confidence), 4),
        "ok": signal.approved,
        "why": signal.reason,
    }


class StoredSignal(NamedTuple):
    """What a page is told of a signal's row. A thousand are read at once, and fields that
    nobody asks for cost twice as much as these."""

    key: str
    ts_ns: int
    bar_start_ns: int
    pattern: str
    direction: int
    price: Decimal
    strength: float
    details: Json
    regime: str
    confidence: float
    approved: bool
    reason: str


def signal_row_to_wire(row: Signal | StoredSignal, spec: Instrument) -> Json:
    return {
        "id": row.key,
        "t": millis(row.ts_ns),
        "bar": millis(row.bar_start_ns),
        "pattern": row.pattern,
        "dir": row.direction,
        "price": spec.ticks(row.price),
        "strength": round(row.strength, 4),
        "details": row.details,
        "regime": row.regime,
        "conf": round(row.confidence, 4),
        "ok": row.approved,
        "why": row.reason,
    }


# Levels and the tape


def level_to_wire(level: events.Level) -> Json:
    return {
        "id": level.id,
        "kind": str(level.kind),
        "dir": int(level.direction),
        "low": int(level.low),
        "high": int(level.high),
        "t": millis(level.made),
        "touched": millis(level.touched),
    }


def gone_to_wire(level: events.Level, gone: events.LevelGone) -> Json:
    """A level that ended, with when and by what."""
    return level_to_wire(level) | {"e": millis(gone.ts), "why": str(gone.reason)}


def large_trade_to_wire(large: events.LargeTrade) -> Json:
    return {
        "t": millis(large.ts),
        "price": int(large.price),
        "size": int(large.size),
        "side": int(large.side),
        "threshold": int(large.threshold),
    }


def sweep_to_wire(sweep: events.Sweep) -> Json:
    return {
        "t": millis(sweep.start),
        "e": millis(sweep.end),
        "side": int(sweep.side),
        "first": int(sweep.first),
        "last": int(sweep.last),
        "prices": int(sweep.prices),
        "v": int(sweep.volume),
        "n": int(sweep.trades),
    }


# Trades and the position


def trade_to_wire(trade: events.Trade) -> Json:
    spec = instrument(trade.symbol)
    return {
        "id": trade.id,
        "symbol": trade.symbol,
        "dir": int(trade.direction),
        "size": int(trade.size),
        "et": millis(trade.entry_ts),
        "ep": average_text(trade.entry_notional, trade.size, spec),
        "xt": millis(trade.exit_ts),
        "xp": average_text(trade.exit_notional, trade.size, spec),
        "why": str(trade.exit_reason),
        "stop": int(trade.stop),
        "target": int(trade.target),
        "last_stop": int(trade.last_stop),
        "gross": units_text(trade.pnl_gross),
        "fees": units_text(trade.fees),
        "net": units_text(trade.pnl_net),
        "pattern": Pattern(trade.pattern).name,
        "mae": int(trade.mae),
        "mfe": int(trade.mfe),
    }


def trade_row_to_wire(row: Trade) -> Json:
    """A trade that was entered (open, closed or abandoned; what has not happened yet is None)."""
    spec = instrument(row.instrument_id)
    return {
        "id": row.id,
        "symbol": row.instrument_id,
        "dir": row.direction,
        "size": row.size,
        "et": millis(row.entry_ns),
        "ep": row_price(row.entry_price, spec),
        "xt": millis(row.exit_ns),
        "xp": row_price(row.exit_price, spec),
        "why": row.exit_reason,
        "stop": None if row.stop is None else spec.ticks(row.stop),
        "target": None if row.target is None else spec.ticks(row.target),
        "last_stop": None if row.last_stop is None else spec.ticks(row.last_stop),
        "gross": row_money(row.gross),
        "fees": row_money(row.fees),
        "net": row_money(row.net),
        "pattern": row.pattern,
        "mae": row.mae,
        "mfe": row.mfe,
    }


def position_to_wire(
    position: "Position",
    open_pnl: int,
    excursion: tuple[int, int] | None = None,
    moves: Sequence[Sequence[int]] = (),
) -> Json:
    """`excursion`: ticks against it and in its favour so far. `moves`: where its stop was asked to
    be since when, as (ms, ticks)."""
    spec = instrument(position.symbol)
    return {
        "id": position.trade_id,
        "symbol": position.symbol,
        "dir": int(position.direction),
        "size": int(position.size),
        "ep": average_text(position.entry_notional, position.size, spec),
        "et": millis(position.entry_ts),
        "stop": int(position.stop),
        "target": int(position.target),
        "mae": None if excursion is None else excursion[0],
        "mfe": None if excursion is None else excursion[1],
        "moves": [list(move) for move in moves],
        "open_pnl": units_text(open_pnl),
    }


# The state of things


def account_to_wire(status: "Status") -> Json:
    return {
        "balance": units_text(status.balance),
        "peak": units_text(status.peak),
        "day_pnl": units_text(status.day_pnl),
        "open_pnl": units_text(status.open_pnl),
        "target": units_text(status.profit_target),
        "limit": units_text(status.loss_limit),
        "tier": status.tier,
        "symbol": status.tier_symbol,
        "halts": [str(halt) for halt in status.halts],
        "streak": status.streak,
    }


def times_to_wire(day: "TradingDay | None") -> Json | None:
    """When a trading day opens, takes entries from and to, flattens, closes and ends."""
    if day is None:
        return None
    return {
        "open": millis(day.open),
        "entries_from": millis(day.entries_from),
        "entries_to": millis(day.entries_to),
        "flatten": millis(day.flatten_at),
        "close": millis(day.close),
        "end": millis(day.end),
    }


def reading_to_wire(reading: events.RegimeReading | None) -> Json | None:
    if reading is None:
        return None
    return {
        "name": Regime(reading.regime).name,
        "conf": round(float(reading.confidence), 4),
        "scores": plain(reading.scores),
        "reason": reading.reason,
        "inputs": plain(reading.inputs),
    }


def waiting_to_wire(waiting: events.OrderIntent | None) -> Json | None:
    return None if waiting is None else {"dir": int(waiting.side), "size": int(waiting.size)}


COMMANDS: Final = {
    "HaltTrading": "Halt", "ResumeTrading": "Resume", "Flatten": "Flatten", "Kill": "Kill switch",
    "start": "Start", "stop": "Stop", "halt": "Halt", "resume": "Resume", "flatten": "Flatten",
    "kill": "Kill switch", "ReportLink": "Broker", "ReportDifference": "Broker",
}  # fmt: skip


def command_words(kind: str, result: str) -> str:
    """A command's result as a person reads it; `kind` is the engine's or the row's."""
    return f"{COMMANDS.get(kind, kind)}: {result}"


def notice(ts: int, kind: str, text: str, level: str = "info") -> Json:
    """A line for the page's notices. `level` is info, warning or error."""
    return {"t": millis(ts), "kind": kind, "text": text, "level": level}


def config_to_wire(session: Session) -> Json:
    """What the page must know to draw a session."""
    spec = instrument(session.instrument_id)
    bars, patterns = session.config.get("bars", {}), session.config.get("patterns", {})
    risk = session.config.get("risk", {})
    drawdown = risk.get("max_drawdown")
    return {
        "symbol": spec.symbol,
        "name": spec.name,
        "contract": session.contract,
        "tick": number_text(spec.tick, 0),
        "decimals": decimals(spec.tick),
        "tick_value": number_text(spec.tick_value, 2),
        "lot": number_text(spec.lot, 0),
        "currency": spec.currency,
        "timeframe": session.timeframe,
        "bars": traded_bars(session),
        "row_ticks": bars.get("row_ticks", 1),
        "ratio": patterns.get("ratio"),
        "min_volume": patterns.get("min_volume"),
        "session_date": session.day.isoformat(),
        "account": session.account.name,
        "mode": session.mode,
        "broker": accounts.to_wire(session.account),
        "fills": session.config.get("fills", {}),
        "tiers": [
            {
                "name": tier["name"],
                "min": number_text(Decimal(tier["min_balance"]), 2),
                "symbol": tier["symbol"],
                "sizes": [tier["min_size"], tier["max_size"]],
                "limit": number_text(Decimal(tier["loss_limit"]), 2),
            }
            for tier in risk.get("tiers", [])
        ],
        "max_drawdown": None if drawdown is None else number_text(Decimal(drawdown), 2),
        "source": session.source,
        "synthetic": session.synthetic,
        "inferred": session.inferred,
        "speed": session.speed,
    }


def traded_bars(session: Session) -> Json:
    """The bars that a session trades, as a page names any."""
    bars = session.config.get("bars", {})
    kind = bars.get("kind", "time")
    return {"kind": kind, "length": session.timeframe if kind == "time" else bars.get("size")}


def session_to_wire(session: Session, running: bool) -> Json:
    """A session as the page lists it."""
    return {
        "id": session.pk,
        "account": session.account.name,
        "symbol": session.instrument_id,
        "name": session.instrument.name,
        "contract": session.contract,
        "day": session.day.isoformat(),
        "mode": session.mode,
        "status": session.status,
        "running": running,
        "phase": session.phase,
        "updated": int(session.updated_at.timestamp() * 1000),
        "synthetic": session.synthetic,
        "bars": traded_bars(session),
        "trades": session.trades_closed,
        "net": row_money(session.net),
    }


def bars_to_wire(rows: Iterable[Bar], spec: Instrument) -> list[Json]:
    return [bar_row_to_wire(row, spec) for row in rows]
