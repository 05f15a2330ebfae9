"""When a trading day begins, opens, stops taking entries, flattens and ends.

The engine knows no calendar: `marketdata.calendars` makes these days, the engine asks for the
one that a time falls into. Trading days tile time without gaps: each starts where the one
before ended, so a weekend belongs to the Monday after it.
"""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from engine.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TradingDay:
    """One trading day; all times UTC ns. Entries are allowed in [entries_from, entries_to)."""

    day: date
    start: int
    open: int
    entries_from: int
    entries_to: int
    flatten_at: int
    close: int
    end: int

    def __post_init__(self) -> None:
        times = (
            self.start, self.open, self.entries_from, self.entries_to,
            self.flatten_at, self.close, self.end,
        )  # fmt: skip
        if list(times) != sorted(times) or self.start == self.end:
            raise ConfigError(f"trading day {self.day}: times are not in order: {times}")


class Schedule(Protocol):
    """Where trading days come from. Must be a pure function of the time."""

    def at(self, ts: int) -> TradingDay:
        """The trading day with start <= ts < end."""
        ...
