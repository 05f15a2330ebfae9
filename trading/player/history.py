"""What a page that joins is told of the day so far."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from engine import events as said
from engine.instruments import Instrument
from trading import wire
from trading.pipeline.frames import notice_of
from trading.selectors import SNAPSHOT_BARS, SNAPSHOT_NOTICES, SNAPSHOT_SIGNALS

if TYPE_CHECKING:
    from engine.events import Event


class History:
    """Bars, signals, trades and notices in the order in which they came."""

    def __init__(self, before: "History | None" = None) -> None:
        """`before` is what an earlier engine left: its trades, its signals, its notices. Its bars
        come again, as the warm-up of the next."""
        self.bars: list[said.Bar] = []
        self.signals: dict[str, said.Signal] = dict(before.signals) if before else {}
        self.trades: dict[str, said.Trade] = dict(before.trades) if before else {}
        self.events: list[Event] = list(before.events) if before else []

    def take(self, events: "Sequence[Event]") -> None:
        for event in events:
            match event:
                case said.BarClosed(bar=bar):
                    self.bars.append(bar)
                case said.SignalDetected(signal=signal):
                    self.signals.setdefault(signal.id, signal)
                case said.TradeClosed(trade=trade):
                    self.trades[trade.id] = trade
                case said.LargeTrade() | said.Sweep():
                    pass
                case said.LevelMade() | said.LevelTouched() | said.LevelGone():
                    pass
                case _:
                    self.events.append(event)

    def to_wire(self, spec: Instrument) -> wire.Json:
        """The parts of a snapshot, the newest of each."""
        notices = [notice for event in self.events if (notice := notice_of(event, spec))]
        return {
            "bars": [wire.bar_to_wire(bar, spec) for bar in self.bars[-SNAPSHOT_BARS:]],
            "signals": [
                wire.signal_to_wire(signal)
                for signal in list(self.signals.values())[-SNAPSHOT_SIGNALS:]
            ],
            "trades": [wire.trade_to_wire(trade) for trade in self.trades.values()],
            "notices": notices[-SNAPSHOT_NOTICES:],
        }
