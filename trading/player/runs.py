"""What the engines of a stored session were given, start by start.

A session that was started several times has a `started` event for each start; one that a running
pipeline rolled into begins without any. A start that begins no later than the one before it (a
recording that is played again) takes its place: the day is told by the last that played it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from engine.commands import Command
from engine.config import EngineConfig
from engine.events import Carry
from marketdata.store import the_store
from trading.errors import ExplainError, ReplayError
from trading.models import AuditEvent, Session
from trading.pipeline import polygon
from trading.stored_session import carry_of, commands_of, config_at, feed_of

ENDS: Final = ("ended", "stopped", "failed")


@dataclass(frozen=True, kw_only=True)
class Run:
    """One engine's inputs, its ticks aside (`feed` says where they are).

    Ticks before `warm_until` only warmed it up; it traded from `begins` on. `until` is when it was
    stopped, None if that was the end of its ticks; `finished` if it then closed what was open.
    """

    config: EngineConfig
    feed: dict[str, Any]
    carry: Carry
    commands: Sequence[Command]
    begins: int
    until: int | None
    finished: bool

    @property
    def warm_until(self) -> int:
        return int(self.feed["warm_until"])


def why_not(session: Session) -> str:
    """Why the session cannot be replayed, in a sentence; "" when nothing speaks against it yet."""
    if not session.last_tick_ns:
        return "It has seen no tick yet."
    try:
        runs = runs_of(session)
    except ReplayError as error:
        return str(error)
    for run in runs:
        if run.feed["kind"] == "file" and not Path(run.feed["path"]).is_file():
            return f"Its recording {Path(run.feed['path']).name} is no longer where it was."
        if run.feed["kind"] == "store" and not the_store().has(run.feed["symbol"], session.day):
            return "The tick store no longer has its day."
        if run.feed["kind"] == polygon.KIND and not polygon.is_kept(
            run.feed["symbol"], session.day
        ):
            return "The minute bars of its day are no longer kept."
    return ""


def runs_of(session: Session) -> list[Run]:
    """The starts that make up the session's day, in order; ReplayError if too little is stored."""
    started: list[AuditEvent | None] = list(
        session.audit.filter(kind="started").order_by("recorded_at")
    )
    if session.starts > len(started) or not started:
        started.insert(0, None)
    runs: list[Run] = []
    try:
        for event, following in zip(started, [*started[1:], None], strict=True):
            run = _run(session, event, following)
            while runs and run.begins <= runs[-1].begins:
                runs.pop()
            runs.append(run)
    except ExplainError as error:
        text = str(error)
        raise ReplayError(f"{text[:1].upper()}{text[1:]}.") from error
    for k, later in enumerate(runs[1:]):
        until = runs[k].until
        runs[k] = replace(runs[k], until=min(until or later.begins, later.begins))
    return runs


def _run(session: Session, event: AuditEvent | None, following: AuditEvent | None) -> Run:
    told: dict[str, Any] = event.payload if event is not None else {}
    feed = feed_of(session, event, following)
    if feed.get("kind") not in ("file", "simulator", "store", polygon.KIND):
        raise ReplayError("It does not say where its ticks came from.")
    carry = told.get("carry") or session.carry_start
    if not carry:
        raise ReplayError("It does not say what it started with.")
    until, finished = _end(session, event, following)
    return Run(
        config=config_at(session, event),
        feed=feed,
        carry=carry_of(carry),
        commands=commands_of(session, event, following),
        begins=max(event.ts_ns if event is not None else 0, int(feed["warm_until"])),
        until=until,
        finished=finished,
    )


def _end(
    session: Session, event: AuditEvent | None, following: AuditEvent | None
) -> tuple[int | None, bool]:
    """When the run was stopped (None: it had all its ticks), and whether it ended in order."""
    ends = session.audit.filter(kind__in=ENDS).order_by("recorded_at")
    if event is not None:
        ends = ends.filter(recorded_at__gt=event.recorded_at)
    if following is not None:
        ends = ends.filter(recorded_at__lt=following.recorded_at)
    end = ends.first()
    if end is not None:
        return (None if end.kind == "ended" else end.ts_ns), True
    if following is None and session.status != Session.Status.ENDED:
        return session.last_tick_ns, False  # it runs, or its process died
    return None, following is None
