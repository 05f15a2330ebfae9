"""The simulated exchange: what paper and backtest fill against, with its assumptions named.

- A market order arrives `latency_ms` after it was sent and fills at the first trade from then on,
  at that trade's price, `slippage_ticks` worse.
- Stop and target of a bracket work from the entry's fill on. A stop triggers when a trade touches
  it and fills at that trade's price (which is the stop or worse) less slippage; with `exact` fills
  at the stop itself.
- A target fills at its own price when a later trade goes through it (or touches it, by choice).
- An exit order replaces stop and target when it arrives.
- A change of the stop arrives `latency_ms` after it was sent: the first trade from then on meets
  the new stop, earlier ones the old. Several may be on their way.
- Everything fills whole: sizes here are small against the market's.

The exchange says which prices and times it waits for; the scan watches for them.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

from engine.config import FillRules
from engine.events import Fill
from engine.footprint import FAR, INF_PRICE
from engine.ticks import NS

MS: Final = NS // 1000
NEVER_LOW: Final = -1


@dataclass(frozen=True, slots=True)
class MarketOrder:
    id: str
    side: int
    size: int
    arrives: int


@dataclass(frozen=True, slots=True)
class Protection:
    """Stop (as first set) and target of `size` lots; `direction` is the position's."""

    stop_id: str
    target_id: str
    direction: int
    size: int
    stop: int
    target: int


class SimulatedExchange:
    """Holds at most one market order and one bracket's protection."""

    def __init__(self, rules: FillRules) -> None:
        self._rules = rules
        self._market: MarketOrder | None = None
        self._protection: Protection | None = None
        self._changes: deque[tuple[int, int]] = deque()  # when they arrive, the stop from then on
        self._stop = 0

    @property
    def order_at(self) -> int:
        """From when on the next trade fills the market order or meets another stop."""
        changed = self._changes[0][0] if self._changes else FAR
        return min(self._market.arrives, changed) if self._market else changed

    @property
    def stop(self) -> int:
        """Where the stop works, or worked last; 0 before the first."""
        return self._stop

    @property
    def watch(self) -> tuple[int, int]:
        """Prices (at or below, at or above) at which a trade fills stop or target."""
        if self._protection is None:
            return NEVER_LOW, INF_PRICE
        p = self._protection
        through = p.direction if self._rules.target == "through" else 0
        ends = sorted((self._stop, p.target + through))
        return ends[0], ends[1]

    def send(self, order_id: str, side: int, size: int, ts: int) -> None:
        """A market order decided at `ts`."""
        self._market = MarketOrder(order_id, side, size, self._arrival(ts))

    def recall(self) -> None:
        """Forget the market order; stop and target go on."""
        self._market = None

    def protect(self, protection: Protection) -> None:
        """Work a bracket's stop and target."""
        self._protection = protection
        self._stop = protection.stop

    def move_stop(self, stop: int, ts: int) -> None:
        """A change of the stop decided at `ts`."""
        self._changes.append((self._arrival(ts), stop))

    def cancel(self) -> None:
        """Forget everything that works or is on its way."""
        self._market = self._protection = None
        self._changes.clear()

    def trade(self, ts: int, price: int) -> Fill | None:
        """A trade happened: the fill it gives us, if any."""
        self._take_changes(ts)
        market, protection = self._market, self._protection
        if market is not None and ts >= market.arrives:
            self.cancel()
            slipped = price + market.side * self._rules.slippage_ticks
            return self._fill(market.id, ts, slipped, market.size)
        low, high = self.watch
        if protection is None or low < price < high:
            return None
        self.cancel()
        return self._fill_protection(protection, ts, price)

    def close_out(self, order_id: str, side: int, size: int, ts: int, price: int) -> Fill:
        """Fill at `price`, less slippage, without waiting: the data ended."""
        self.cancel()
        return self._fill(order_id, ts, price + side * self._rules.slippage_ticks, size)

    def _arrival(self, ts: int) -> int:
        return ts + self._rules.latency_ms * MS

    def _take_changes(self, ts: int) -> None:
        while self._changes and self._changes[0][0] <= ts:
            _, self._stop = self._changes.popleft()

    def _fill_protection(self, p: Protection, ts: int, price: int) -> Fill:
        if p.direction * (price - self._stop) > 0:
            return self._fill(p.target_id, ts, p.target, p.size)
        slipped = price - p.direction * self._rules.slippage_ticks
        return self._fill(p.stop_id, ts, self._stop if self._rules.exact else slipped, p.size)

    @staticmethod
    def _fill(order_id: str, ts: int, price: int, size: int) -> Fill:
        return Fill(id=f"{order_id}-1", order_id=order_id, ts=ts, price=price, size=size)
