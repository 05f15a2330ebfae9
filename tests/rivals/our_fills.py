"""What our engine does on a random day: the brackets it sends, and every fill they get."""

from dataclasses import dataclass
from decimal import Decimal

from engine.engine import Engine
from engine.events import Decision, Filled, PositionOpened, TradeClosed
from engine.money import UNITS
from engine.names import ExitReason
from tests.rivals.random_days import RandomDay

Fill = tuple[int, str, int, int, int, str]
"""Which bracket, role, time (ns), price (ticks), size, commission: as `nautilus_fills` has them."""


@dataclass(frozen=True)
class OurDay:
    """`brackets`: time, direction, size, stop, target. `taken_back`: entries that never filled."""

    brackets: list[list[int]]
    fills: list[Fill]
    taken_back: int


def trade_day(day: RandomDay) -> OurDay:
    """Run the engine over a day. Positions that the data's end closed count as still open."""
    engine = Engine(day.config, day.days)
    events = [*engine.push_columns(day.ticks), *engine.finish()]
    unended = {
        event.trade.id
        for event in events
        if isinstance(event, TradeClosed) and event.trade.exit_reason is ExitReason.END_OF_DATA
    }
    decided = {e.trade_id: e for e in events if isinstance(e, Decision) and e.action == "enter"}
    opened = {e.trade_id: e for e in events if isinstance(e, PositionOpened)}
    number = {trade_id: k for k, trade_id in enumerate(opened)}
    brackets = [
        [decided[e.trade_id].ts, e.direction, e.size, e.stop, e.target] for e in opened.values()
    ]
    fills = [
        (number[e.trade_id], e.role, e.ts, e.fill.price, e.fill.size, money(e.fee))
        for e in events
        if isinstance(e, Filled) and not (e.role == "exit" and e.trade_id in unended)
    ]
    taken_back = len(decided) - len(opened)
    return OurDay(brackets, fills, taken_back)


def money(units: int) -> str:
    """Money units as a number without needless zeros."""
    return f"{(Decimal(units) / UNITS).normalize():f}"
