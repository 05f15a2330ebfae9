"""What one look found, for the rules to judge. Plain values: no rule asks anybody anything."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from trading.heartbeat.reading import Beat
from trading.watchdog.services import Answer
from trading.wire import Json


@dataclass(frozen=True, kw_only=True)
class JobSeen:
    """A job of today that did not go well. `status`: failed or missed."""

    job: str
    day: str
    status: str
    result: str


@dataclass(frozen=True, kw_only=True)
class Seen:
    """`now` is the trading day's clock. `alive`: None for a process that cannot be seen from here.
    `expected`: accounts that somebody said are to run now. `silent`: how long ago each worker and
    beat was heard; `pages`: why they do not answer. `clock_kept`, `notifications`: None
    where nothing is known."""

    now: datetime
    beats: Mapping[str, Beat] = field(default_factory=dict)
    alive: Mapping[str, bool | None] = field(default_factory=dict)
    expected: frozenset[str] = frozenset()
    memory_percent: float = 0.0
    disk_free: int = 10**12
    clock_kept: bool | None = None
    database: Answer = field(default_factory=Answer)
    redis: Answer | None = None
    jobs: tuple[JobSeen, ...] = ()
    silent: Mapping[str, timedelta] = field(default_factory=dict)
    pages: str = ""
    notifications: Json | None = None

    def age(self, beat: Beat) -> timedelta:
        return self.now - beat.ts
