"""A story as JSON types; `docs/explain.md` is the contract. Terminal and page draw nothing else.

Times are UTC ns, prices and amounts text, sizes lots. What is not known is null.
"""

from dataclasses import fields
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, Protocol

from engine.brackets import SUFFIX
from engine.completing import Completion, Print
from engine.config import EngineConfig
from engine.events import (
    Bar,
    Event,
    Filled,
    Halted,
    OrderIntent,
    RegimeReading,
    Signal,
    TierChanged,
    Trade,
    TradeClosed,
)
from engine.instruments import Instrument, instrument
from engine.money import to_decimal
from engine.names import Direction, Regime
from engine.patterns import DETAILS
from engine.risk import MONEY_TERMS
from engine.story import Excursion, Path, Routing, Story, arrival, routing, slippage, verdict
from engine.text import average_text, number_text, price_text, units_text
from trading.replay import bar_figures
from trading.wire import plain

Json = dict[str, Any]


class Market(Protocol):
    """Where the ticks came from: a session's row, or a feed's own words."""

    @property
    def source(self) -> str: ...
    @property
    def synthetic(self) -> bool: ...


FORMAT: Final = 1
SIDES: Final = {1: "buy", -1: "sell", 0: "none"}
SCORED: Final = tuple(regime.name for regime in Regime if regime is not Regime.NO_TRADE)
PRICES: Final = ("price", "stop", "target", "market")
ROLES: Final = {suffix: role for role, suffix in SUFFIX.items()}
LEFT_OUT: Final = ("entry_notional", "signal_id", "pattern", "trade_id")
"""Of the events: what the rest of the document says."""


def document(
    story: Story, spec: Instrument, *, told_from: str, market: Market, note: str = ""
) -> Json:
    """The whole story. `spec` is the feed's instrument; `told_from` is "replay" or "rows", `note`
    what whoever reads it has to know about that."""
    config = story.config
    return {
        "format": FORMAT,
        "trade": story.trade_id,
        "day": story.day.isoformat(),
        "symbol": spec.symbol,
        "told_from": told_from,
        "note": note,
        "source": market.source,
        "synthetic": market.synthetic,
        "signal": _signal(story.signal, spec),
        "completion": _completion(story.completion, story.signal, spec),
        "bar": _bar(story.bar, spec),
        "regime": _regime(story.bar.reading, config),
        "router": None if config is None else _router(routing(story.signal, config), story.signal),
        "choices": [
            _signal(choice.signal, spec) | {"chosen": choice.chosen, "why": choice.why}
            for choice in story.choices
        ],
        "rejected": [_signal(signal, spec) for signal in story.rejected],
        "decision": _decision(story),
        "assumptions": None if config is None else plain(config.as_dict()["fills"]),
        "entry": _entry(story, spec),
        "events": [_event(event, spec) for event in story.happened],
        "path": None if story.path is None else _path(story.path, spec),
        "exit": None if story.trade is None else _exit(story.trade),
        "caused": [_caused(event) for event in story.caused],
    }


def _signal(signal: Signal, spec: Instrument) -> Json:
    return {
        "id": signal.id,
        "pattern": signal.pattern.name,
        "direction": Direction(signal.direction).name,
        "price": price_text(signal.price, spec),
        "strength": signal.strength,
        "details": _details(signal, signal.details, spec),
        "approved": signal.approved,
        "reason": signal.reason,
    }


def _details(signal: Signal, details: Any, spec: Instrument) -> Json:
    kinds = dict(DETAILS[signal.pattern])
    return {
        name: price_text(value, spec) if kinds.get(name) == "price" else value
        for name, value in plain(details).items()
    }


def _completion(done: Completion | None, signal: Signal, spec: Instrument) -> Json | None:
    if done is None:
        return None
    return {
        "number": done.number,
        "trades": done.trades,
        "at_the_close": done.at_the_close,
        "ts": done.prints[-1].ts,
        "strength": done.strength,
        "details": _details(signal, done.details, spec),
        "low": price_text(done.low, spec),
        "high": price_text(done.high, spec),
        "prints": [_print(one, spec) for one in done.prints],
    }


def _print(one: Print, spec: Instrument) -> Json:
    return {
        "number": one.number,
        "ts": one.ts,
        "price": price_text(one.price, spec),
        "size": one.size,
        "side": SIDES[one.side],
        "row": price_text(one.row, spec),
        "before": one.before,
        "after": one.after,
        "delta": one.delta,
        "completing": one.completing,
    }


def _bar(bar: Bar, spec: Instrument) -> Json:
    return {
        "index": bar.index,
        **bar_figures(bar, spec),
        "buy_imbalances": [price_text(price, spec) for price in bar.buy_imbalances],
        "sell_imbalances": [price_text(price, spec) for price in bar.sell_imbalances],
    }


def _regime(reading: RegimeReading | None, config: EngineConfig | None) -> Json | None:
    if reading is None:
        return None
    return {
        "regime": reading.regime.name,
        "confidence": reading.confidence,
        "scores": dict(zip(SCORED, reading.scores, strict=True)),
        "how": None if config is None else verdict(reading, config).why,
        "inputs": plain(reading.inputs),
        "reason": reading.reason,
    }


def _router(rule: Routing, signal: Signal) -> Json:
    return {
        "enabled_in": [regime.name for regime in rule.enabled_in],
        "regime": signal.regime.name,
        "bias": {1: "LONG", -1: "SHORT", 0: "both"}[rule.bias],
        "strength": signal.strength,
        "min_strength": rule.min_strength,
        "confidence": signal.confidence,
        "min_confidence": rule.min_confidence,
        "size_multiplier": None
        if rule.size_multiplier is None
        else number_text(rule.size_multiplier, 0),
    }


def _decision(story: Story) -> Json:
    decision = story.decision
    terms = {
        name: units_text(value) if name in MONEY_TERMS and isinstance(value, int) else value
        for name, value in decision.terms.items()
    }
    return {
        "ts": decision.ts,
        "action": decision.action,
        "direction": Direction(decision.direction).name,
        "size": decision.size,
        "terms": terms,
    }


def _entry(story: Story, spec: Instrument) -> Json | None:
    """The entry order's way: when it was sent, when it arrived, and what it met."""
    orders = (one for one in story.happened if isinstance(one, OrderIntent) and one.role == "entry")
    order = next(orders, None)
    if order is None:
        return None
    fills = (one for one in story.happened if isinstance(one, Filled) and one.role == "entry")
    fill = next(fills, None)
    return {
        "order": order.id,
        "symbol": order.symbol,
        "sent": order.ts,
        "arrives": None if story.config is None else arrival(order.ts, story.config),
        "filled": None if fill is None else fill.ts,
        "price": None if fill is None else price_text(fill.fill.price, spec),
    }


def _event(event: Event, spec: Instrument) -> Json:
    """Any event of the bracket, whatever its kind: its fields, brought to the edge by name."""
    name = type(event).__name__
    kind = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    said: Json = {"ts": event.ts, "kind": kind.removeprefix("_")}
    if isinstance(event, TradeClosed):
        return said | {"reason": event.trade.exit_reason.value}
    if isinstance(event, Filled):
        return said | _filled(event, spec)
    role = ROLES.get(str(getattr(event, "id", "")).rpartition("-")[2][:1])
    if role is not None and not hasattr(event, "role"):
        said["role"] = role
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in said or field.name in LEFT_OUT:
            continue
        if field.name in ("side", "direction"):
            value = SIDES[value]
        elif field.name in PRICES and value is not None:
            value = price_text(value, spec)
        said[field.name] = plain(value)
    return said


def _filled(event: Filled, spec: Instrument) -> Json:
    return {
        "id": event.fill.id,
        "order": event.fill.order_id,
        "role": event.role,
        "side": SIDES[event.side],
        "size": event.fill.size,
        "price": price_text(event.fill.price, spec),
        "market": None if event.market is None else price_text(event.market, spec),
        "slippage_ticks": slippage(event),
        "fee": units_text(event.fee),
    }


def _excursion(one: Excursion, spec: Instrument) -> Json:
    return {"price": price_text(one.price, spec), "ts": one.ts, "ticks": one.ticks}


def _path(path: Path, spec: Instrument) -> Json:
    return {
        "trades": path.trades,
        "worst": _excursion(path.worst, spec),
        "best": _excursion(path.best, spec),
    }


def _exit(trade: Trade) -> Json:
    spec = instrument(trade.symbol)
    moved = trade.direction * (trade.exit_notional - trade.entry_notional)
    ticks = Fraction(moved, trade.size)
    return {
        "reason": trade.exit_reason.value,
        "side": Direction(trade.direction).name,
        "symbol": trade.symbol,
        "size": trade.size,
        "entry_ts": trade.entry_ts,
        "entry_price": average_text(trade.entry_notional, trade.size, spec),
        "exit_ts": trade.exit_ts,
        "exit_price": average_text(trade.exit_notional, trade.size, spec),
        "stop": price_text(trade.stop, spec),
        "target": price_text(trade.target, spec),
        "last_stop": price_text(trade.last_stop, spec),
        "ticks": number_text(_exact(ticks), 0),
        "tick_value": number_text(to_decimal(spec.tick_units), 2),
        "gross": units_text(trade.pnl_gross),
        "fees": units_text(trade.fees),
        "net": units_text(trade.pnl_net),
        "balance": units_text(trade.balance),
        "mae_ticks": trade.mae,
        "mfe_ticks": trade.mfe,
    }


def _exact(value: Fraction) -> Decimal:
    """To eight places, where an average needs more."""
    return (Decimal(value.numerator) / value.denominator).quantize(Decimal(1).scaleb(-8))


def _caused(event: Halted | TierChanged) -> Json:
    if isinstance(event, Halted):
        return {"ts": event.ts, "kind": "halted", "halt": event.halt.value, "reason": event.reason}
    return {
        "ts": event.ts, "kind": "tier_changed", "before": event.before, "after": event.after,
        "balance": units_text(event.balance),
    }  # fmt: skip
