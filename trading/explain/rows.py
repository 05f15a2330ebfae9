"""The story as far as the stored rows tell it: no ticks, so no completing trade and no path.

Rows become the events that they were made of; of an order only its last state is stored.
"""

from decimal import Decimal
from typing import Any, Final, cast

import numpy as np

from engine import events as said
from engine.config import EngineConfig
from engine.instruments import Instrument
from engine.money import to_units
from engine.names import ExitReason, Halt, Pattern, Regime
from engine.risk import MONEY_TERMS
from engine.story import P_AND_L, Story
from marketdata.models import Bar
from trading.errors import ExplainError
from trading.models import AuditEvent, Fill, Order, Session, Signal, Trade

ENDED_BY: Final = (Order.Status.CANCELLED, Order.Status.REJECTED, Order.Status.LOST)
"""What an order's reason is about, if not about why it was sent."""


def story_of(row: Trade, session: Session, config: EngineConfig | None) -> Story:
    """What is stored about a trade; ExplainError when not even that says why it was made."""
    spec = session.instrument.spec
    if row.signal is None:
        raise ExplainError(
            f"trade {row.pk}: its signal is not stored, so nothing tells its reasons"
        )
    bar = Bar.objects.filter(
        instrument_id=session.instrument_id,
        source=session.source,
        timeframe=session.timeframe,
        start_ns=row.signal.bar_start_ns,
    ).first()
    if bar is None:
        raise ExplainError(f"trade {row.pk}: its bar is not stored, so nothing tells its reasons")
    signals = [signal_of(one, spec) for one in _signals(row.signal)]
    signal = next(one for one in signals if one.id == row.signal.key)
    approved = tuple(one.id for one in signals if one.approved)
    return Story(
        trade_id=row.pk,
        day=session.day,
        config=config,
        bar=bar_of(bar, spec),
        signals=tuple(signals),
        signal=signal,
        decision=_decision(row, row.signal, approved),
        completion=None,
        happened=_happened(row, spec),
        caused=_caused(row),
        path=None,
        trade=_trade(row, spec) if row.status == Trade.Status.CLOSED else None,
    )


def _signals(chosen: Signal) -> list[Signal]:
    """All of the bar, in the order in which they were found."""
    rows = Signal.objects.filter(
        session=chosen.session, bar_start_ns=chosen.bar_start_ns, ts_ns=chosen.ts_ns
    )
    return sorted(rows, key=lambda row: int(row.key.rpartition("-")[2]))


def signal_of(row: Signal, spec: Instrument) -> said.Signal:
    return said.Signal(
        id=row.key,
        ts=row.ts_ns,
        bar_start=row.bar_start_ns,
        pattern=Pattern[row.pattern],
        direction=row.direction,
        price=spec.ticks(row.price),
        strength=row.strength,
        details=row.details,
        regime=Regime[row.regime],
        confidence=row.confidence,
        approved=row.approved,
        reason=row.reason,
    )


def bar_of(row: Bar, spec: Instrument) -> said.Bar:
    prices = ("open", "high", "low", "close", "poc", "vah", "val")
    figures = (
        "index", "volume", "buy_volume", "sell_volume", "delta", "min_delta", "max_delta",
        "cum_delta", "trades", "notional", "session_notional", "session_volume",
        "session_deviation",
    )  # fmt: skip
    reading = None
    if row.regime and row.scores:
        up, down, ranging, volatile = row.scores
        reading = said.RegimeReading(
            regime=Regime[row.regime],
            confidence=row.confidence or 0.0,
            scores=(up, down, ranging, volatile),
            inputs=row.inputs or {},
            reason=row.regime_reason,
        )
    return said.Bar(
        start=row.start_ns,
        end=row.end_ns,
        levels=np.array(row.levels, np.int64).reshape(-1, 4),
        buy_imbalances=tuple(row.buy_imbalances),
        sell_imbalances=tuple(row.sell_imbalances),
        reading=reading,
        warm_up=row.warm_up,
        **{name: spec.ticks(getattr(row, name)) for name in prices},
        **{name: getattr(row, name) for name in figures},
    )


def _decision(row: Trade, signal: Signal, approved: tuple[str, ...]) -> said.Decision:
    return said.Decision(
        ts=row.ordered_ns,
        bar_start=signal.bar_start_ns,
        action="enter",
        direction=row.direction,
        size=row.size,
        signal_id=signal.key,
        approved=approved,
        rule="",
        reason="",
        terms={name: _term(name, value) for name, value in signal.decision_terms.items()},
        trade_id=row.pk,
    )


def _term(name: str, value: Any) -> Any:
    """Amounts are stored as text; the oldest rows have them in whole units."""
    return to_units(Decimal(value)) if name in MONEY_TERMS and isinstance(value, str) else value


def _happened(row: Trade, spec: Instrument) -> tuple[said.Event, ...]:
    happened: list[said.Event] = []
    for order in row.orders.order_by("ts_ns", "pk"):
        happened.append(_intent(order, spec))
        if order.status not in Order.GOING_ON and order.status != Order.Status.ABANDONED:
            happened.append(
                said.OrderUpdate(
                    ts=order.updated_ns,
                    id=order.pk,
                    status=cast(Any, order.status),
                    filled=order.filled,
                    reason=order.reason if order.status in ENDED_BY else "",
                )
            )
    happened += [_filled(fill, spec) for fill in row.fills.order_by("ts_ns", "pk")]
    return tuple(sorted(happened, key=lambda event: event.ts))


def _intent(order: Order, spec: Instrument) -> said.OrderIntent:
    return said.OrderIntent(
        ts=order.ts_ns,
        id=order.pk,
        trade_id=order.trade_id,
        symbol=order.instrument_id,
        role=cast(Any, order.role),
        type=cast(Any, order.type),
        side=order.side,
        size=order.size,
        price=None if order.price is None else spec.ticks(order.price),
        stop_ticks=order.stop_ticks,
        target_ticks=order.target_ticks,
        reason="" if order.status in ENDED_BY else order.reason,
    )


def _filled(fill: Fill, spec: Instrument) -> said.Filled:
    return said.Filled(
        ts=fill.ts_ns,
        fill=said.Fill(
            id=fill.pk,
            order_id=fill.order_id,
            ts=fill.ts_ns,
            price=spec.ticks(fill.price),
            size=fill.size,
        ),
        trade_id=fill.trade_id,
        role=cast(Any, fill.role),
        side=fill.side,
        fee=to_units(fill.fee),
    )


def _caused(row: Trade) -> tuple[said.Halted | said.TierChanged, ...]:
    """Halts by P&L until the exit, and what changed at the exit itself."""
    if row.exit_ns is None:
        return ()
    caused: list[said.Halted | said.TierChanged] = []
    kinds = ("halted", "tier_changed")
    rows = AuditEvent.objects.filter(
        session=row.session, kind__in=kinds, ts_ns__gte=row.ordered_ns, ts_ns__lte=row.exit_ns
    )
    for event in rows.order_by("ts_ns", "recorded_at"):
        told = event.payload
        if event.kind == "halted" and told["halt"] in P_AND_L:
            caused.append(
                said.Halted(ts=event.ts_ns, halt=Halt(told["halt"]), reason=told["reason"])
            )
        elif event.kind == "tier_changed":
            caused.append(
                said.TierChanged(
                    ts=event.ts_ns,
                    before=told["before"],
                    after=told["after"],
                    balance=to_units(Decimal(told["balance"])),
                )
            )
    return tuple(caused)


def _trade(row: Trade, spec: Instrument) -> said.Trade:
    complete = cast(Any, row)  # the database requires it of a closed one
    return said.Trade(
        id=row.pk,
        symbol=row.instrument_id,
        direction=row.direction,
        size=row.size,
        entry_ts=complete.entry_ns,
        entry_notional=complete.entry_notional,
        exit_ts=complete.exit_ns,
        exit_notional=complete.exit_notional,
        exit_reason=ExitReason(row.exit_reason),
        stop=spec.ticks(complete.stop),
        target=spec.ticks(complete.target),
        last_stop=spec.ticks(complete.last_stop),
        pnl_gross=to_units(complete.gross),
        fees=to_units(complete.fees),
        pattern=Pattern[row.pattern],
        signal_id=row.signal.key if row.signal else "",
        regime=Regime[row.regime],
        mae=row.mae or 0,
        mfe=row.mfe or 0,
        balance=to_units(complete.balance),
    )
