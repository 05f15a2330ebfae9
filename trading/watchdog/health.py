"""The health report at the end of a trading day: was the process there, what was wrong.

Uptime and missed beats come from the heartbeats' times alone. Between two beats more than one and a
half intervals apart some were missed, unless the first was a process's last one in order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Final

from engine.instruments import instrument
from engine.ticks import NS
from marketdata.calendars import calendar_date, schedule
from marketdata.models import moment
from trading.models import Heartbeat, Notice
from trading.notify import News
from trading.watchdog.hours import MARKET
from trading.watchdog.keeping import DAYS, Memory
from trading.watchdog.machine import MB
from trading.watchdog.words import lasting

AFTER: Final = timedelta(minutes=5)
LATEST: Final = timedelta(hours=7)
"""After that nobody wants to hear of the day before."""
KIND: Final = "watchdog_health"


@dataclass(frozen=True, kw_only=True)
class Sign:
    """A heartbeat, as far as the report goes. `process`: which start of it."""

    ts: datetime
    every_s: float
    process: str
    reconnects: int
    ended: bool


@dataclass(frozen=True, kw_only=True)
class Figures:
    """An account's day."""

    up: timedelta
    beats: int
    missed: int
    starts: int
    reconnects: int


def due(now: datetime, reported: str) -> tuple[date, datetime, datetime] | None:
    """The trading day that is to be reported, its beginning and its end; None when none is."""
    days = schedule(instrument(MARKET), "all")
    day = days.before(calendar_date(int(now.timestamp() * NS)))
    ends = moment(day.end)
    if day.day.isoformat() <= reported or not ends + AFTER <= now < ends + LATEST:
        return None
    return day.day, moment(day.start), ends


def figures(signs: Sequence[Sign]) -> Figures:
    """Of one account's beats, the oldest first."""
    up, missed = timedelta(), 0
    for before, after in pairwise(signs):
        gap = (after.ts - before.ts).total_seconds()
        if gap <= 1.5 * before.every_s:
            up += after.ts - before.ts
        elif not before.ended:
            missed += max(1, round(gap / before.every_s) - 1)
    most: dict[str, int] = {}
    for sign in signs:
        most[sign.process] = max(sign.reconnects, most.get(sign.process, 0))
    return Figures(
        up=up, beats=len(signs), missed=missed, starts=len(most), reconnects=sum(most.values())
    )


def signs(begins: datetime, ends: datetime) -> dict[str, list[Sign]]:
    """All beats of a day by account, from the database."""
    rows = Heartbeat.objects.filter(ts__gte=begins, ts__lt=ends).order_by("account", "ts", "pk")
    found: dict[str, list[Sign]] = {}
    for account, ts, every, started, reconnects, ended in rows.values_list(
        "account", "ts", "document__every_s", "document__started_at",
        "document__reconnect_count", "document__ended",
    ).iterator():  # fmt: skip
        sign = Sign(
            ts=ts, every_s=float(every or 30), process=str(started),
            reconnects=int(reconnects or 0), ended=bool(ended),
        )  # fmt: skip
        found.setdefault(account, []).append(sign)
    return found


def report(
    day: date, now: datetime, accounts: dict[str, Figures] | None, memory: Memory, free: int
) -> News:
    """The notice, and the day's place in the memory of the disk. `accounts`: None when the database
    did not say."""
    memory.disk = [*(one for one in memory.disk if one[0] != f"{day}"), (f"{day}", free)][-DAYS:]
    facts = [("Alerts", alerts(memory)), ("Disk", disk(memory.disk))]
    if accounts is None:
        facts.insert(0, ("Heartbeats", "not known: the database did not answer"))
    for name, one in sorted((accounts or {}).items(), reverse=True):
        facts.insert(0, (name, line(one)))
    missed = sum(one.missed for one in (accounts or {}).values())
    well = accounts is not None and not missed and not memory.counts
    return News(
        kind=KIND,
        key=f"watchdog/health/{day}",
        level=Notice.Level.GOOD if well else Notice.Level.INFO,
        ts=now,
        title=f"Health of {day}: {'all well' if well else trouble(missed, memory)}",
        facts=facts,
    )


def trouble(missed: int, memory: Memory) -> str:
    count = sum(memory.counts.values())
    parts = [
        f"{count} alert{'s' * (count != 1)}" if count else "",
        f"{missed} beats missed" if missed else "",
    ]
    return ", ".join(part for part in parts if part) or "not all is known"


def line(one: Figures) -> str:
    starts = f", {one.starts} starts" if one.starts > 1 else ""
    return (
        f"up {lasting(one.up)}, {one.beats:,} beats, {one.missed:,} missed, "
        f"{one.reconnects} reconnects{starts}"
    )


def alerts(memory: Memory) -> str:
    told: Iterable[str] = (
        f"{kind.replace('_', ' ')} {count}" for kind, count in sorted(memory.counts.items())
    )
    return ", ".join(told) or "none"


def disk(days: Sequence[tuple[str, int]]) -> str:
    """How much is free, how much a day takes, and how long that lasts."""
    (first, before), (last, free) = days[0], days[-1]
    text = f"{free // MB:,} MB free"
    apart = (date.fromisoformat(last) - date.fromisoformat(first)).days
    if not apart:
        return text
    taken = (before - free) // apart
    if taken < MB:
        return f"{text}, not shrinking over {apart} days"
    return f"{text}, {taken // MB:,} MB less a day: enough for {free // taken:,} days"
