"""How steadily the process lived that traded a day, by its heartbeats."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise

from django.db.models import QuerySet

from marketdata.calendars import schedule
from marketdata.models import moment
from trading.models import Heartbeat, Session
from trading.recap.rows import iso
from trading.wire import Json


def pulse(session: Session) -> Json:
    """Count, longest silence between two beats, and how often the feed's line came up again."""
    beats = list(heartbeats(session).values_list("ts", "document"))
    times = [ts for ts, _ in beats]
    after, longest = longest_gap(times)
    return {
        "count": len(beats),
        "first": iso(times[0]) if times else None,
        "last": iso(times[-1]) if times else None,
        "longest_gap_s": None if longest is None else int(longest.total_seconds()),
        "longest_gap_from": iso(after),
        "reconnects": reconnects(int(each.get("reconnect_count") or 0) for _, each in beats),
    }


def heartbeats(session: Session) -> QuerySet[Heartbeat]:
    """Those of the trading day's hours, oldest first; of a day that was played at another time
    (a recording, the simulator), those from the session's start to its end."""
    rows = Heartbeat.objects.filter(account=session.account.name).order_by("ts", "pk")
    hours = schedule(session.instrument.spec, "all").day(session.day)
    if hours is not None:
        within = rows.filter(ts__gte=moment(hours.start), ts__lt=moment(hours.end))
        if within.exists():
            return within
    last = session.ended_at or moment(session.last_tick_ns or 0)
    return rows.filter(ts__gte=session.started_at, ts__lte=last)


def longest_gap(times: Iterable[datetime]) -> tuple[datetime | None, timedelta | None]:
    """After which beat, and how long; None with fewer than two."""
    gaps = [(after - before, before) for before, after in pairwise(times)]
    if not gaps:
        return None, None
    longest, start = max(gaps, key=lambda gap: gap[0])
    return start, longest


def reconnects(counts: Iterable[int]) -> int:
    """How often in all: each process counts from 0."""
    total = before = 0
    for count in counts:
        total += count - before if count >= before else count
        before = count
    return total
