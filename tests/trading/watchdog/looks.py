"""Looks as tests write them: one account that is well, and what is different."""

from datetime import UTC, datetime, timedelta
from typing import Any

from trading.heartbeat.reading import Beat
from trading.watchdog.rules import findings
from trading.watchdog.seen import Seen

NOW = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
"""A Tuesday, 10:30 New York."""
WELL: dict[str, Any] = {
    "state": "running", "ended": False, "error": "", "symbol": "MES", "position": "",
    "market_open": True, "feed_state": "live", "feed_silent_s": 0.4, "feed_stale_after_s": 60,
    "journal": {"file": "journal/a/1.jrn", "bytes": 1000, "age_s": 0.2}, "broker": None,
    "database_failing": False, "rows_waiting": 0, "every_s": 30,
    "started_at": "2026-03-10T14:00:00+00:00",
    "went_down": None, "uptime_s": 1800.0,
    "reconnect_count": 0, "pid": 1, "process_start": "1", "machine": "elsewhere",
}  # fmt: skip


def beat(account: str = "a", *, age: float = 10, now: datetime = NOW, **more: Any) -> Beat:
    ts = now - timedelta(seconds=age)
    said = {"account": account, "timestamp": ts.isoformat()}
    return Beat(account, ts, WELL | said | more)


def seen(*beats: Beat, alive: bool | None = True, now: datetime = NOW, **more: Any) -> Seen:
    return Seen(
        now=now,
        beats={one.account: one for one in beats},
        alive={one.account: alive for one in beats},
        **more,
    )


def kinds(look: Seen) -> list[str]:
    return [finding.rule.kind for finding in findings(look)]
