"""Loads a stored session for its replays, once for all of them."""

import json
from pathlib import Path
from threading import Lock
from typing import Any, Final
from weakref import WeakValueDictionary

import numpy as np

from engine.errors import EngineError
from engine.events import BarClosed, Event
from engine.instruments import instrument
from engine.ticks import TickColumns, joined
from marketdata.calendars import schedule
from trading import wire
from trading.errors import ExplainError, JournalError, ReplayError
from trading.explain.ticks import blocks_of
from trading.journal.runs import has_journal
from trading.models import Session
from trading.player.comparing import difference
from trading.player.day import Day, Stretch, cuts_of, ends_of
from trading.player.history import History
from trading.player.journalled import stretches_of
from trading.player.machine import Machine
from trading.player.marks import marks_of
from trading.player.runs import Run, runs_of, why_not

SOURCE: Final = (
    "symbol", "kind", "path", "contract", "side", "timezone", "seed", "ticks_per_day",
    "method",
)  # fmt: skip
"""What of a feed tells its ticks."""
SOURCES: Final = {
    "store": "the tick store", "simulator": "the simulator", "polygon": "Polygon's minute bars",
}  # fmt: skip

_days: WeakValueDictionary[tuple[Any, ...], Day] = WeakValueDictionary()
_newest: list[Day] = []  # kept while nobody looks, for a page that is loaded again
_lock: Final = Lock()


def load(session_id: int) -> Day:
    """The session's day; ReplayError says why it cannot be had. Takes its time: run in a thread."""
    session = Session.objects.select_related("account", "instrument").filter(pk=session_id).first()
    if session is None:
        raise ReplayError(f"There is no session {session_id}.")
    key = (
        session.pk, session.started_at, session.starts, session.status, session.last_tick_ns,
        session.trades_closed,
    )  # fmt: skip
    with _lock:  # one at a time: ticks of many days at once would fill the memory
        day = _days.get(key)
        if day is None:
            day = _days[key] = day_of(session)
        _newest[:] = [day]
        return day


def day_of(session: Session) -> Day:
    """Read the ticks, run the engine over them once, and see whether it did as it did then."""
    reason = why_not(session)
    if reason:
        raise ReplayError(reason)
    try:
        stretches = _stretches(session)
        found = stretches[-1].schedule.at(int(stretches[-1].reached[-1]))
        day = Day(
            session_id=session.pk,
            day=session.day,
            spec=session.instrument.spec,
            config=wire.config_to_wire(session) | {"speed": "1"},
            account=session.account.name,
            mode=session.mode,
            opens=found.open,
            stretches=stretches,
            running=session.status == Session.Status.RUNNING,
        )
        _run_once(day)
    except (ExplainError, JournalError) as error:
        raise ReplayError(_sentence(str(error))) from error
    except (EngineError, OSError) as error:
        raise ReplayError(_sentence(f"it cannot be replayed: {error}")) from error
    day.differs = difference(session, stretches[0].carry.sequence, day)
    return day


def _stretches(session: Session) -> list[Stretch]:
    if has_journal(session):
        return stretches_of(session)
    known: dict[str, TickColumns] = {}
    return [_stretch(session, run, known) for run in runs_of(session)]


def _source_name(feed: dict[str, Any]) -> str:
    if feed["kind"] == "file":
        return Path(feed["path"]).name
    return SOURCES[feed["kind"]]


def _stretch(session: Session, run: Run, known: dict[str, TickColumns]) -> Stretch:
    days = schedule(instrument(run.feed["symbol"]), run.feed["session"])
    found = days.day(session.day)
    if found is None:
        raise ExplainError(f"{session.day} is no trading day of {run.feed['symbol']}")
    source = json.dumps({name: run.feed.get(name) for name in SOURCE})
    if source not in known:
        blocks = list(blocks_of(run.feed, found))
        if not blocks:
            raise ExplainError(f"{_source_name(run.feed)} has no ticks of {session.day}")
        known[source] = joined(blocks)
    ticks = known[source]
    reached = np.maximum.accumulate(ticks.ts)
    until = len(reached) if run.until is None else int(np.searchsorted(reached, run.until, "right"))
    if not until:
        raise ExplainError(f"its ticks begin after it was stopped, at {wire.millis(run.until)} ms")
    return Stretch(
        config=run.config,
        schedule=days,
        carry=run.carry,
        ticks=ticks,
        reached=reached,
        cuts=cuts_of(reached, until, run.warm_until, run.commands),
        begins=max(run.begins, int(reached[0])),
        count=until,
        ends=ends_of(reached, until, run.until, run.commands),
        finished=run.finished,
    )


def _run_once(day: Day) -> None:
    """Fill in what only a run tells."""
    happened: list[Event] = []
    past: list[History] = []
    before: History | None = None
    for stretch in day.stretches:
        history = History(before)
        past.append(History(before))
        begun = len(happened)
        Machine(stretch).whole(happened.extend)
        history.take(happened[begun:])
        before = history
    marks = marks_of(happened)
    day.past = past
    day.marks = sorted(marks.values(), key=lambda mark: mark.ts)
    closes = {event.ts for event in happened if isinstance(event, BarClosed)}
    day.closes = sorted(closes)
    day.trades = dict(before.trades) if before else {}


def _sentence(text: str) -> str:
    text = " ".join(text.split()).rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."
