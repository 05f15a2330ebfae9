"""Which ticks are let into the engine: the rules that `engine.ticks` lists, in their order."""

from collections import Counter

from engine.events import TickDropped
from engine.footprint import ScanState
from engine.schedule import TradingDay
from engine.ticks import MAX_JUMP, MAX_LADDER, MAX_LATE_NS, MAX_TS, RELEVEL_AFTER


class Gate:
    """Looks at one tick at a time and counts what it drops. `state` is the scan's."""

    def __init__(self, state: ScanState) -> None:
        self.dropped: Counter[str] = Counter()
        self._state = state
        self._jump: tuple[int, int, int] = (0, 0, -1)  # price, jumps in a row, ticks taken then

    def fault(self, ts: int, price: int, size: int, side: int, day: TradingDay | None) -> str:
        """Why a tick is bad; "" for a good one. `day` is the trading day that has begun."""
        if price <= 0:
            return "price"
        if size <= 0:
            return "size"
        if side not in (-1, 0, 1):
            return "side"
        if not 0 <= ts < MAX_TS:
            return "time"
        state = self._state
        if ts < state.clock - MAX_LATE_NS:
            return "late"
        last = state.last_price
        if last and day is not None and ts < day.end and _far(price, last):
            reason = self._jumped(price)
            if reason:
                return reason
        if state.trades and ts < state.bar_end and not self._fits(price):
            return "range"
        return ""

    def drop(self, reason: str, ts: int, price: int, size: int, side: int) -> TickDropped:
        """Count a bad tick, and say so."""
        position = self._state.ticks + self.dropped.total()
        self.dropped[reason] += 1
        return TickDropped(
            ts=ts, reason=reason, price=price, size=size, side=side, position=position
        )

    def _jumped(self, price: int) -> str:
        """A jump is a bad tick, until enough of them in a row agree on a new level."""
        before, count, ticks = self._jump
        taken = self._state.ticks
        agrees = ticks == taken and not _far(price, before)
        self._jump = price, count + 1 if agrees else 1, taken
        return "" if self._jump[1] >= RELEVEL_AFTER else "jump"

    def _fits(self, price: int) -> bool:
        """Whether the open bar stays narrow enough with a price."""
        width: int = max(self._state.high, price) - min(self._state.low, price)
        return width < MAX_LADDER


def _far(price: int, last: int) -> bool:
    return abs(price - last) > last // MAX_JUMP
