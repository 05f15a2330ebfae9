"""What an engine said of one trading day, as far as parity compares it."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.events import (
    Decision,
    Event,
    Filled,
    Halted,
    OrderIntent,
    Resumed,
    Signal,
    SignalDetected,
    TickDropped,
    TierChanged,
    Trade,
    TradeClosed,
)
from engine.schedule import TradingDay


@dataclass
class Said:
    """Signals and trades by id, the rest in order; only what happened on `day`, but `dropped`: the
    positions of all ticks that were not used. `exits` are orders that closed a position early."""

    day: TradingDay
    signals: dict[str, Signal] = field(default_factory=dict)
    decisions: list[Decision] = field(default_factory=list)
    entries: dict[str, OrderIntent] = field(default_factory=dict)
    exits: dict[str, OrderIntent] = field(default_factory=dict)
    fills: list[Filled] = field(default_factory=list)
    trades: dict[str, Trade] = field(default_factory=dict)
    changes: list[Halted | Resumed | TierChanged] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)

    def take(self, events: Sequence[Event]) -> None:
        """Keep what is of the day."""
        for event in events:
            if isinstance(event, TickDropped):
                self.dropped.append(event.position)
            elif self.day.start < event.ts <= self.day.end:  # the last bar ends with it
                self._keep(event)

    def _keep(self, event: Event) -> None:
        match event:
            case SignalDetected(signal=signal):
                self.signals[signal.id] = signal
            case Decision():
                self.decisions.append(event)
            case OrderIntent(role="entry"):
                self.entries[event.trade_id] = event
            case OrderIntent(role="exit"):
                self.exits.setdefault(event.trade_id, event)
            case Filled():
                self.fills.append(event)
            case TradeClosed(trade=trade):
                self.trades[trade.id] = trade
            case Halted() | Resumed() | TierChanged():
                self.changes.append(event)
