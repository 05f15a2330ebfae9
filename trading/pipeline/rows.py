"""One row for each thing that the engine says. Nothing here touches the database."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from engine import events as said
from engine.instruments import Instrument, instrument
from engine.money import to_decimal
from engine.names import LevelKind, Pattern, Regime
from engine.risk import MONEY_TERMS
from engine.text import average_price, units_text
from marketdata.models import Bar, moment
from trading.models import Fill, Order, Session, Signal, Trade
from trading.wire import plain

ORDER_TYPES = {"stop": "stop", "target": "limit"}


def carry_json(carry: said.Carry) -> dict[str, Any]:
    """Money stays in the engine's whole units."""
    return {name: plain(value) for name, value in asdict(carry).items()}


def terms_json(terms: Mapping[str, Any]) -> dict[str, Any]:
    """A decision's terms; amounts as text, so that whoever reads the row can."""
    return {
        name: units_text(value) if name in MONEY_TERMS else plain(value)
        for name, value in terms.items()
    }


def carried_levels(stored: dict[str, Any]) -> tuple[said.Level, ...]:
    """The levels of a carry as `carry_json` wrote it; none if it is of a time before they were."""
    return tuple(
        said.Level(**level | {"kind": LevelKind(level["kind"])})
        for level in stored.get("levels", ())
    )


def bar_row(bar: said.Bar, spec: Instrument, session: Session) -> Bar:
    reading = bar.reading
    return Bar(
        instrument_id=spec.symbol,
        source=session.source,
        timeframe=session.timeframe,
        start_ns=bar.start,
        end_ns=bar.end,
        start=moment(bar.start),
        day=session.day,
        index=bar.index,
        open=spec.price(bar.open),
        high=spec.price(bar.high),
        low=spec.price(bar.low),
        close=spec.price(bar.close),
        volume=int(bar.volume),
        buy_volume=int(bar.buy_volume),
        sell_volume=int(bar.sell_volume),
        delta=int(bar.delta),
        min_delta=int(bar.min_delta),
        max_delta=int(bar.max_delta),
        cum_delta=int(bar.cum_delta),
        trades=int(bar.trades),
        poc=spec.price(bar.poc),
        vah=spec.price(bar.vah),
        val=spec.price(bar.val),
        vwap=average_price(bar.notional, bar.volume, spec),
        session_vwap=average_price(bar.session_notional, bar.session_volume or 1, spec),
        notional=int(bar.notional),
        session_notional=int(bar.session_notional),
        session_volume=int(bar.session_volume),
        session_deviation=plain(bar.session_deviation),
        levels=bar.levels.tolist(),
        buy_imbalances=[int(price) for price in bar.buy_imbalances],
        sell_imbalances=[int(price) for price in bar.sell_imbalances],
        regime=reading.regime.name if reading else "",
        confidence=float(reading.confidence) if reading else None,
        scores=plain(reading.scores) if reading else None,
        inputs=plain(reading.inputs) if reading else None,
        regime_reason=reading.reason[:200] if reading else "",
        warm_up=bar.warm_up,
    )


def signal_id(key: str, session: Session) -> str:
    """The engine's own id says the bar and a number; rows of all accounts share one table."""
    return f"{session.account.name}-{session.timeframe}-{key}"


def signal_row(signal: said.Signal, spec: Instrument, session: Session) -> Signal:
    return Signal(
        id=signal_id(signal.id, session),
        key=signal.id,
        session=session,
        ts_ns=signal.ts,
        ts=moment(signal.ts),
        bar_start_ns=signal.bar_start,
        pattern=Pattern(signal.pattern).name,
        direction=int(signal.direction),
        price=spec.price(signal.price),
        strength=float(signal.strength),
        details=plain(signal.details),
        regime=Regime(signal.regime).name,
        confidence=float(signal.confidence),
        approved=bool(signal.approved),
        reason=signal.reason[:300],
    )


def trade_row(
    name: str, ts: int, direction: int, size: int, symbol: str, session: Session
) -> Trade:
    """A trade whose entry was just ordered."""
    return Trade(
        id=name,
        account=session.account,
        session=session,
        instrument_id=symbol,
        day=session.day,
        status=Trade.Status.WAITING,
        direction=int(direction),
        size=int(size),
        ordered_ns=ts,
    )


def open_trade(row: Trade, event: said.PositionOpened) -> None:
    """The entry filled."""
    row.status = Trade.Status.OPEN
    row.pattern = Pattern(event.pattern).name
    _entered(row, event.symbol, event.ts, event.size, event.entry_notional)
    _protected(row, event.symbol, event.stop, event.target, event.stop)


def close_trade(row: Trade, trade: said.Trade, session: Session) -> None:
    """The trade is over. It counts to the session in which it ends."""
    spec = instrument(trade.symbol)
    row.session, row.day = session, session.day
    row.status = Trade.Status.CLOSED
    row.pattern, row.regime = Pattern(trade.pattern).name, Regime(trade.regime).name
    _entered(row, trade.symbol, trade.entry_ts, trade.size, trade.entry_notional)
    _protected(row, trade.symbol, trade.stop, trade.target, trade.last_stop)
    row.exit_ns, row.exit_ts = trade.exit_ts, moment(trade.exit_ts)
    row.exit_notional = int(trade.exit_notional)
    row.exit_price = average_price(trade.exit_notional, trade.size, spec)
    row.exit_reason = str(trade.exit_reason)
    row.mae, row.mfe = int(trade.mae), int(trade.mfe)
    row.gross, row.fees = to_decimal(trade.pnl_gross), to_decimal(trade.fees)
    row.net, row.balance = to_decimal(trade.pnl_net), to_decimal(trade.balance)


def _entered(row: Trade, symbol: str, ts: int, size: int, notional: int) -> None:
    row.instrument_id, row.size = symbol, int(size)
    row.entry_ns, row.entry_ts = ts, moment(ts)
    row.entry_notional = int(notional)
    row.entry_price = average_price(notional, size, instrument(symbol))


def _protected(row: Trade, symbol: str, stop: int, target: int, last_stop: int) -> None:
    spec = instrument(symbol)
    row.stop, row.target, row.last_stop = (
        spec.price(stop),
        spec.price(target),
        spec.price(last_stop),
    )


def amend_order(row: Order, trade: Trade | None, event: said.OrderAmend) -> None:
    """The order was asked to change, and with a stop where its trade's stop is."""
    row.price, row.size = instrument(row.instrument_id).price(event.price), int(event.size)
    row.updated_ns = event.ts
    if trade is not None and row.role == "stop":
        trade.last_stop = row.price


def keep_order(row: Order, trade: Trade | None, event: said.AmendRejected) -> None:
    """The order's change was refused: it works on where it was, and with a stop its trade's."""
    row.price, row.updated_ns = instrument(row.instrument_id).price(event.price), event.ts
    if trade is not None and row.role == "stop":
        trade.last_stop = row.price


def order_row(intent: said.OrderIntent, session: Session) -> Order:
    price = None if intent.price is None else instrument(intent.symbol).price(intent.price)
    return Order(
        id=intent.id,
        session=session,
        trade_id=intent.trade_id,
        instrument_id=intent.symbol,
        ts_ns=intent.ts,
        ts=moment(intent.ts),
        role=intent.role,
        type=intent.type,
        side=int(intent.side),
        size=int(intent.size),
        price=price,
        stop_ticks=intent.stop_ticks,
        target_ticks=intent.target_ticks,
        reason=intent.reason[:300],
        updated_ns=intent.ts,
    )


def filled_order_row(event: said.Filled, symbol: str, session: Session) -> Order:
    """An order that the engine first names when it fills: a stop or target, which worked at the
    broker since the entry."""
    return Order(
        id=event.fill.order_id,
        session=session,
        trade_id=event.trade_id,
        instrument_id=symbol,
        ts_ns=event.ts,
        ts=moment(event.ts),
        role=event.role,
        type=ORDER_TYPES.get(event.role, "market"),
        side=int(event.side),
        size=int(event.fill.size),
        updated_ns=event.ts,
    )


def fill_row(event: said.Filled, symbol: str, session: Session) -> Fill:
    fill = event.fill
    return Fill(
        id=fill.id,
        session=session,
        order_id=fill.order_id,
        trade_id=event.trade_id,
        ts_ns=fill.ts,
        ts=moment(fill.ts),
        role=event.role,
        side=int(event.side),
        size=int(fill.size),
        price=instrument(symbol).price(fill.price),
        fee=to_decimal(event.fee),
    )
