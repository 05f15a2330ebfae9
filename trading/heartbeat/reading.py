"""The newest heartbeat of each account: from the files of this machine, from the database, or both.

Files are read when the database is down, the database knows processes on other machines.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db.models import Max

from trading.models import Heartbeat
from trading.wire import Json

log = structlog.get_logger(__name__)

FILES: Final = "heartbeat-*.json"
NEWEST_FILE: Final = "heartbeat.json"


@dataclass(frozen=True)
class Beat:
    """A heartbeat that was found. `ts` is by the clock of its process."""

    account: str
    ts: datetime
    document: Json

    @property
    def ended(self) -> bool:
        """The process said that it ends."""
        return bool(self.document.get("ended"))


def latest(account: str = "") -> Heartbeat | None:
    """The newest in the database, of an account or of all."""
    rows = Heartbeat.objects.filter(account=account) if account else Heartbeat.objects.all()
    return rows.order_by("-ts").first()


def from_files(folder: Path | None = None) -> dict[str, Beat]:
    """By account. A file that cannot be read is none, and logged."""
    found = {}
    for path in sorted((folder or Path(settings.DATA_DIR)).glob(FILES)):
        try:
            beat = of_document(json.loads(path.read_text()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("heartbeat_unreadable", file=str(path), error=str(error))
            continue
        found[beat.account] = beat
    return found


def of_document(document: Json) -> Beat:
    """KeyError, TypeError or ValueError when it is none."""
    return Beat(document["account"], datetime.fromisoformat(document["timestamp"]), document)


def from_database(since: datetime) -> dict[str, Beat]:
    """By account, those since a time. The database's error when it does not answer."""
    rows = Heartbeat.objects.filter(ts__gte=since).order_by()
    found = {}
    for account, ts in rows.values_list("account").annotate(Max("ts")):
        row = Heartbeat.objects.filter(account=account, ts=ts).latest("pk")
        found[account] = Beat(account, row.ts, row.document)
    return found


def newest(*several: dict[str, Beat]) -> dict[str, Beat]:
    """Of what was found in several places, the newest of each account."""
    found: dict[str, Beat] = {}
    for beat in (beat for one in several for beat in one.values()):
        known = found.get(beat.account)
        # Of two with the same time the last one wins: nothing is lost, they are the same.
        if known is None or beat.ts >= known.ts:
            found[beat.account] = beat
    return dict(sorted(found.items()))


def since(beats: Iterable[Beat], now: datetime, age: timedelta) -> dict[str, Beat]:
    """Those that are not older than `age`."""
    return {beat.account: beat for beat in beats if now - beat.ts <= age}
