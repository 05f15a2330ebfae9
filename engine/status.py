"""A snapshot of the engine for whoever watches. Reading it changes nothing."""

from dataclasses import dataclass

from engine.brackets import Bracket
from engine.events import OrderIntent, RegimeReading
from engine.names import Halt, Pattern
from engine.schedule import TradingDay


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """What is held now; `stop` (as last asked for) and `target` are prices in ticks."""

    trade_id: str
    symbol: str
    direction: int
    size: int
    entry_ts: int
    entry_notional: int
    stop: int
    target: int
    pattern: Pattern
    signal_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Times UTC ns (None before the first), prices ticks, amounts money units (1e-8)."""

    ts: int | None
    last_tick_ts: int | None
    last_price: int | None
    day: TradingDay | None
    phase: str
    reading: RegimeReading | None
    balance: int
    peak: int
    streak: int
    day_pnl: int
    open_pnl: int
    position: Position | None
    waiting: OrderIntent | None
    tier: str
    tier_symbol: str
    loss_limit: int
    profit_target: int
    halts: tuple[Halt, ...]
    ticks: int
    bars: int
    dropped: dict[str, int]


def position_of(bracket: Bracket) -> Position:
    """What an open bracket holds."""
    return Position(
        trade_id=bracket.id,
        symbol=bracket.traded.symbol,
        direction=bracket.direction,
        size=abs(bracket.position),
        entry_ts=bracket.entry_ts,
        entry_notional=bracket.entry_notional,
        stop=bracket.asked,
        target=bracket.target,
        pattern=bracket.signal.pattern,
        signal_id=bracket.signal.id,
    )
