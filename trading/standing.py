"""Which processes stand by to trade which account, and with what words they were started.

A process that stays says so in the audit trail when it begins and when it ends in order. So the
day's jobs know, wherever they run, what is to be looked at before trading, and whom to start. One
that is not heard of for a week, neither so nor by a session, does not count any more.

A market is on the clock when its time is now: a live feed, and the simulator at the clock's speed.
What plays a recording, or a simulated market faster, has a time of its own; the schedule leaves it
alone.
"""

import math
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from marketdata.models import moment
from trading import clock
from trading.models import Account, AuditEvent, Session
from trading.pipeline.options import Options, Plan, plan, timed

BEGAN: Final = "process_began"
ENDED: Final = "process_ended"
FORGOTTEN: Final = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """A process that stands by. `own_version`: of the account's own configuration when it began."""

    account: str
    words: Mapping[str, Any]
    own_version: int

    def plan(self) -> Plan:
        """What it trades if it is started now. OptionError and others, as for its own command."""
        told = Options(**self.words)
        began = replace(plan(told, own=True), own_version=self.own_version)
        return timed(plan(told, own=True, after=began))


def on_clock(wanted: Plan) -> bool:
    """Whether the time of the planned market is now."""
    if wanted.live:
        return True
    return wanted.feed is None and wanted.speed is not None and _is_the_clocks(wanted.speed)


def is_on_clock(session: Session) -> bool:
    """The same of a session that runs."""
    if not session.synthetic:
        return "kind" not in session.feed or session.feed["kind"] == "store"
    try:
        return session.feed.get("kind") == "simulator" and _is_the_clocks(float(session.speed))
    except ValueError:
        return False  # as fast as possible


def began(wanted: Plan, words: Options) -> None:
    """This process stands by to trade the plan."""
    told = {**asdict(words), "settings": dict(words.settings)}
    _note(BEGAN, wanted.account, words=told, own_version=wanted.own_version)


def ended(account: str) -> None:
    """This process ends in order."""
    _note(ENDED, account)


def desks() -> list[Desk]:
    """Who stands by, for accounts that are enabled or are yet to be made; by account."""
    since = timezone.now() - FORGOTTEN
    off = set(Account.objects.filter(enabled=False).values_list("name", flat=True))
    active = set(
        Session.objects.filter(updated_at__gte=since).values_list("account__name", flat=True)
    )
    newest: dict[str, AuditEvent] = {}
    for event in AuditEvent.objects.filter(kind__in=(BEGAN, ENDED)).order_by("recorded_at"):
        newest[event.payload["account"]] = event
    return [
        Desk(
            account=name,
            words=event.payload["words"],
            own_version=event.payload["own_version"],
        )
        for name, event in sorted(newest.items())
        if event.kind == BEGAN and name not in off and _heard_of(event, since, active)
    ]


def _heard_of(event: AuditEvent, since: datetime, active: set[str]) -> bool:
    return event.recorded_at >= since or event.payload["account"] in active


def _note(kind: str, account: str, **more: Any) -> None:
    ts = clock.now_ns()
    AuditEvent.objects.create(
        ts_ns=ts,
        ts=moment(ts),
        recorded_at=timezone.now(),
        kind=kind,
        actor="pipeline",
        payload={
            "account": account, "host": socket.gethostname(), "process": os.getpid(), **more,
        },
    )  # fmt: skip


def _is_the_clocks(speed: float) -> bool:
    return math.isclose(speed, 1 / clock.real(1), rel_tol=1e-6)
