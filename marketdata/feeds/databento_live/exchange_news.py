"""What the exchange says besides trades: sessions and halts, settlement, cleared volume."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final

from engine.instruments import NANO, Instrument
from engine.ticks import NS
from marketdata.calendars import calendar_date
from marketdata.feeds.live import Level, Notice

UNDEFINED_PRICE: Final = 2**63 - 1
UNDEFINED_QUANTITY: Final = 2**63 - 1
UNDEFINED_TIME: Final = 2**64 - 1
SETTLEMENT, CLEARED_VOLUME = 3, 6  # databento_dbn.StatType
FINAL: Final = 1  # the bit of stat_flags that says that a settlement price is final

STATES: Final[dict[str, tuple[str, Level]]] = {
    "PRE_OPEN": ("is about to open", "info"),
    "PRE_CROSS": ("is about to open", "info"),
    "TRADING": ("trades", "info"),
    "HALT": ("is halted", "warning"),
    "PAUSE": ("is paused", "warning"),
    "SUSPEND": ("is suspended", "warning"),
    "PRE_CLOSE": ("is about to close", "info"),
    "CLOSE": ("is closed", "info"),
    "POST_CLOSE": ("is closed", "info"),
    "NOT_AVAILABLE_FOR_TRADING": ("cannot be traded", "warning"),
}
"""What databento_dbn.StatusAction means for us; other actions change nothing."""


@dataclass(slots=True)
class News:
    """By contract, over all connections; what is said again after a reconnect is said once."""

    instrument: Instrument
    state: dict[str, str] = field(default_factory=dict)
    settlement: dict[str, tuple[date, int, bool]] = field(default_factory=dict)
    """The trading date, the price in ticks, and whether it is final."""
    cleared: dict[date, dict[str, int]] = field(default_factory=dict)
    _status_at: dict[str, int] = field(default_factory=dict)

    def status(self, record: Any, contract: str, wall: int) -> Iterator[Notice]:
        """A StatusMsg of a contract."""
        action, ts = str(record.action.name), int(record.ts_event)
        if action not in STATES or ts < self._status_at.get(contract, 0):
            return
        self._status_at[contract] = ts
        if self.state.get(contract) == action:
            return
        self.state[contract] = action
        words, level = STATES[action]
        reason = str(record.reason.name).replace("_", " ").lower()
        why = f" ({reason})" if reason != "none" else ""
        yield Notice(
            ts=wall,
            kind="market",
            level=level,
            text=f"{contract} {words}{why}",
            details={"contract": contract, "state": action},
        )

    def statistic(self, record: Any, contract: str, wall: int) -> Iterator[Notice]:
        """A StatMsg of an outright."""
        kind = int(record.stat_type)
        day = _day(record)
        if kind == CLEARED_VOLUME and int(record.quantity) != UNDEFINED_QUANTITY:
            self.cleared.setdefault(day, {})[contract] = int(record.quantity)
        if kind != SETTLEMENT or int(record.price) == UNDEFINED_PRICE:
            return
        ticks, rest = divmod(int(record.price), int(self.instrument.tick * NANO))
        known = (day, ticks, bool(int(record.stat_flags) & FINAL))
        if rest or self.settlement.get(contract) == known:
            return
        self.settlement[contract] = known
        price = self.instrument.price(ticks)
        yield Notice(
            ts=wall,
            kind="settlement",
            text=f"{contract} settled at {price} for {day}" + ("" if known[2] else ", preliminary"),
            details={"contract": contract, "day": day.isoformat(), "price": str(price)},
        )


def _day(record: Any) -> date:
    """The trading day that a statistic is of: the reference date, else the day before it came."""
    reference = int(record.ts_ref)
    if reference not in (0, UNDEFINED_TIME):
        return datetime.fromtimestamp(reference // NS, UTC).date()
    return calendar_date(int(record.ts_event))
