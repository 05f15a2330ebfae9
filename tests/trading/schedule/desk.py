"""A day for the jobs: a clock that a test sets, and jobs that do what a test says."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from marketdata.calendars import NEW_YORK
from trading import clock

DAY = date(2024, 6, 12)


class SetClock:
    """Shows what it was set to, and stands still."""

    def __init__(self, text: str, speed: float = 1.0) -> None:
        self.speed = speed
        self.set(text)

    def set(self, text: str, zone: ZoneInfo = NEW_YORK) -> None:
        self._at = datetime.fromisoformat(text).replace(tzinfo=zone)

    def now_ns(self) -> int:
        return int(self._at.timestamp() * 1000) * 1_000_000


@contextmanager
def at(text: str) -> Iterator[SetClock]:
    """It is that time in New York, until somebody sets another."""
    made = SetClock(text)
    clock.use(made)
    try:
        yield made
    finally:
        clock.use(clock.RealClock())


class Jobs:
    """Stands for what the jobs do: `does[name]` is a text, or an error that is raised."""

    def __init__(self, monkeypatch: Any) -> None:
        self.done: list[tuple[str, str]] = []
        self.does: dict[str, Any] = {}
        from trading.schedule import work  # not before Django is there

        self._made = work.Outcome
        found = dict.fromkeys(work.TABLE, self._perform)
        monkeypatch.setattr(work, "performs", lambda: found)

    def _perform(self, turn: Any) -> Any:
        self.done.append((turn.job, f"{turn.day}"))
        what = self.does.get(turn.job, "did it")
        if isinstance(what, Exception):
            raise what
        return self._made(text=what) if isinstance(what, str) else what
