"""Trading days for tests: 24 hours each, the session in their middle."""

from dataclasses import dataclass
from datetime import UTC, datetime

from engine.schedule import TradingDay
from engine.ticks import NS

MINUTE = 60 * NS
HOUR = 60 * MINUTE
DAY = 24 * HOUR


@dataclass(frozen=True)
class Days:
    """Days roll at `roll` (ns after midnight UTC); the other times are ns after the day's start.

    The defaults are those of New York's winter: 22:00 UTC is 17:00 there.
    """

    roll: int = 22 * HOUR
    open: int = 16 * HOUR + 30 * MINUTE
    entries_from: int = 16 * HOUR + 30 * MINUTE
    entries_to: int = 22 * HOUR + 45 * MINUTE
    flatten_at: int = 22 * HOUR + 55 * MINUTE
    close: int = 23 * HOUR

    def at(self, ts: int) -> TradingDay:
        """The trading day around a time; it is named by the date on which it ends."""
        start = (ts - self.roll) // DAY * DAY + self.roll
        return TradingDay(
            day=datetime.fromtimestamp((start + DAY - 1) // NS, UTC).date(),
            start=start,
            open=start + self.open,
            entries_from=start + self.entries_from,
            entries_to=start + self.entries_to,
            flatten_at=start + self.flatten_at,
            close=start + self.close,
            end=start + DAY,
        )


ALL_DAY = Days(0, 0, 0, DAY, DAY, DAY)
"""Open from midnight to midnight UTC, as a coin is; flat at midnight."""
