"""What `status` says, as JSON types. Everything is looked up anew; nothing is changed."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import structlog
from django.conf import settings

from engine.ticks import NS
from marketdata.calendars import calendar_date
from trading.heartbeat.reading import Beat
from trading.models import JobRun, Preflight
from trading.notify import delivery
from trading.watchdog import machine
from trading.watchdog.keeping import NAME as WATCHDOG_FILE
from trading.watchdog.looking import Looker
from trading.watchdog.rules import OLD, Finding, findings, is_gone
from trading.watchdog.seen import Seen
from trading.watchdog.services import Asker, in_database
from trading.watchdog.words import ago
from trading.wire import Json

log = structlog.get_logger(__name__)

Health = Literal["healthy", "wrong", "nothing runs"]
EXIT_CODES: Final[dict[Health, int]] = {"healthy": 0, "wrong": 1, "nothing runs": 2}
LATE_LOOKS: Final = 3
"""A watchdog that let so many of its looks pass is not alive."""


def gather(accounts: Iterable[str] = ()) -> Json:
    """Of all accounts, or of those named."""
    seen = Looker(accounts).look()
    found = findings(seen)
    health = judged(seen, found)
    rows = _rows(seen.now) if not seen.database.error else {}
    return {
        "at": seen.now.isoformat(),
        "health": health,
        "exit_code": EXIT_CODES[health],
        "accounts": [account(seen, beat) for beat in seen.beats.values()],
        "findings": [told(finding) for finding in found],
        "database": seen.database.error or "answers",
        "redis": None if seen.redis is None else seen.redis.error or "answers",
        "watchdog": watchdog(seen.now),
        "notifications": rows.get("notifications"),
        "jobs": rows.get("jobs"),
        "preflight": rows.get("preflight"),
        "memory_percent": round(seen.memory_percent, 1),
        "disk_free_mb": seen.disk_free // machine.MB,
    }


def judged(seen: Seen, found: Sequence[Finding]) -> Health:
    if not any(lives(seen, beat) for beat in seen.beats.values()):
        return "nothing runs"
    return "wrong" if any(finding.wrong for finding in found) else "healthy"


def lives(seen: Seen, beat: Beat) -> bool:
    return not beat.ended and not is_gone(seen, beat) and seen.age(beat) <= OLD


def account(seen: Seen, beat: Beat) -> Json:
    """Its last heartbeat, what has become of its process, and how long ago that was."""
    age = seen.age(beat)
    state = beat.document["state"]
    if not beat.ended:
        state = "gone" if is_gone(seen, beat) else state if age <= OLD else "silent"
    said = {"now": state, "age_s": round(age.total_seconds(), 1), "age": ago(age)}
    return {**said, **beat.document}


def told(finding: Finding) -> Json:
    rule, found = finding.rule, finding.found
    return {
        "kind": rule.kind,
        "level": str(rule.level),
        "account": found.account,
        "title": finding.title,
        "text": found.text,
        "remedy": rule.remedy,
    }


def watchdog(now: datetime) -> Json:
    """Whether one watches, by the file that it keeps."""
    try:
        kept = json.loads((Path(settings.DATA_DIR) / WATCHDOG_FILE).read_text())
        age = now - datetime.fromisoformat(kept["looked_at"])
        late = age.total_seconds() > LATE_LOOKS * kept["every_s"]
        runs = not kept["ended"] and not late and machine.alive(kept) is not False
        return {
            "alive": runs,
            "looked": ago(age),
            "delivers": runs and kept["delivers"],
            "unsaid": len(kept["pending"]),
        }
    except FileNotFoundError:
        return {"alive": False, "looked": "never"}
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {"alive": False, "looked": "never", "error": f"{WATCHDOG_FILE}: {error!r}"}


def _rows(now: datetime) -> Json:
    """What only the database knows; {} when it stops answering."""

    def ask() -> Json:
        return {"notifications": delivery.state(), "jobs": jobs(now), "preflight": preflight()}

    found: Json = _said(Asker(in_database(ask)), {})
    return found


def jobs(now: datetime) -> list[Json]:
    """Today's, in their order."""
    day = calendar_date(int(now.timestamp() * NS))
    return [
        {
            "job": row.job,
            "status": row.status,
            "due_at": row.due_at.isoformat(),
            "result": row.result,
        }
        for row in JobRun.objects.filter(day=day).order_by("due_at", "job")
    ]


def preflight() -> Json | None:
    """The last one."""
    row = Preflight.objects.order_by("-created_at").first()
    if row is None:
        return None
    bad = [f"{each['name']}: {each['text']}" for each in row.results if each["level"] == "fail"]
    return {
        "account": row.account, "day": f"{row.day}", "passed": row.passed,
        "made_at": row.created_at.isoformat(), "failed": bad,
    }  # fmt: skip


def _said(ask: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return ask()
    except Exception:
        log.exception("status_not_known")
        return otherwise
