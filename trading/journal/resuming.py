"""A start goes on with the account's run that was not finished.

- A run is not finished when its process was killed, or was stopped while a real position was open.
  Its journal is replayed; then it goes on as if nothing had been: the same session, the same start,
  the same ids.
- If something is open, the run goes on with what it was begun with, whatever the start says now,
  and says so. If nothing is, other settings close it, and a new run begins with them.
- A halt or a kill that was given while nothing ran is kept with the account, and is the first thing
  that the run hears.
- A run of another market cannot go on: with a broker's position open the start is refused, and what
  a paper run held is abandoned, as before there were journals.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog

from engine.engine import Engine
from engine.events import Event
from trading.commands import settle
from trading.errors import ExplainError, JournalError, StartError
from trading.journal.files import Header, code_digest
from trading.journal.reading import JournalFile, unfinished
from trading.journal.recording import Recording, held
from trading.journal.replaying import Replay, replay
from trading.journal.sources import days_of, market_after, ticks_of
from trading.models import Account, Command, Session
from trading.pipeline.core import Core
from trading.pipeline.halts import PEOPLES
from trading.pipeline.market import Market
from trading.pipeline.operator import give_back
from trading.pipeline.options import Plan
from trading.pipeline.recorder import Recorder
from trading.pipeline.rows import carry_json
from trading.pipeline.start import Start, audit, configured
from trading.pipeline.store import Flush
from trading.stored_session import carry_of, config_of

if TYPE_CHECKING:
    from engine.status import Status

log = structlog.get_logger(__name__)

EXACT: Final = ("symbol", "session", "kind", "path", "contract", "side", "timezone", "seed",
                "ticks_per_day", "method")  # fmt: skip
"""What of a feed tells its ticks."""
UNANSWERED: Final = "its pipeline ended before it answered"


@dataclass(kw_only=True)
class Unfinished:
    """A run that is not over: its files from where a replay begins, and what they come to."""

    journals: list[JournalFile]
    session: Session
    replay: Replay
    differs: list[str] = field(default_factory=list)

    @property
    def header(self) -> Header:
        """Of the first file that is replayed."""
        return self.journals[0].header

    @property
    def last(self) -> JournalFile:
        return self.journals[-1]


def resume(
    plan: Plan, account: Account, *, now: int, answering: int | None = None
) -> tuple[Market, Start] | None:
    """The market and the start of the run that goes on; None when there is none, or it was closed
    because a new one is wanted. `now`: wall time, UTC ns. JournalError and StartError say why the
    account cannot be traded until somebody looks."""
    paths = unfinished(account.name)
    if not paths:
        return None
    found = _find(account, [JournalFile(path) for path in paths], paths)
    if found is None:
        return None
    begun = _begun(found)
    other_market = _other_market(plan, found.header)
    found.differs = _differences(plan, account, found)
    stale = plan.live and plan.schedule.at(now).day != found.replay.day
    if found.replay.finished or other_market or found.differs or stale:
        open_ = "" if found.replay.finished else _open(begun, found)
        if open_ and other_market and not found.header.simulated:
            raise StartError(
                f"account {account.name} has a {open_} of a run on {other_market}; start it with "
                "what it was started with"
            )
        if other_market or not open_:
            why = other_market or ", ".join(found.differs) or "its day is over"
            _settle_commands(account, found.replay.commands, answering)
            _close(found, begun, why)
            return None
    market = market_after(plan, found.replay, found.last.header)
    session = found.session
    session.status, session.ended_at = Session.Status.RUNNING, None
    session.save(update_fields=["status", "ended_at"])
    _settle_commands(account, found.replay.commands, answering)
    kept = Recording(found.last.path, found.last.header, plan.schedule, by_reference=True)
    told = _told(found)
    kept.note("restarted", **told, lost=found.replay.lost)
    audit(session, session.last_tick_ns, "restarted", told)
    log.info("run_restarted", **told)
    halts = tuple(halt for halt in PEOPLES if halt in account.halts)
    return market, replace(begun, journal=kept, replay=found.replay, held=halts)


def open_left(account: Account) -> str:
    """What is open, by its journal, in a run that was not finished; "" for nothing. Its rows may
    not say so: a killed process may have had many that were not stored yet."""
    paths = unfinished(account.name)
    found = _find(account, [JournalFile(path) for path in paths], paths) if paths else None
    return "" if found is None or found.replay.finished else _open(_begun(found), found)


def close_left(account: Account, why: str) -> None:
    """Nothing is begun now: the run that was not finished is over if nothing is open in it. Its
    rows are complete then, and commands that nobody answered are settled."""
    paths = unfinished(account.name)
    found = _find(account, [JournalFile(path) for path in paths], paths) if paths else None
    executed: set[str] = set()
    if found is not None:
        begun, executed = _begun(found), found.replay.commands
        if not found.replay.finished and _open(begun, found):
            return
        _close(found, begun, why)
    _settle_commands(account, executed, None)
    left = Session.objects.filter(account=account, status=Session.Status.RUNNING)
    left.update(status=Session.Status.STOPPED)


def _find(account: Account, journals: list[JournalFile], paths: list[Path]) -> Unfinished | None:
    """The run with the files that its replay takes: the last, and those before it as long as
    something was open across the days, or their rows may not all be stored."""
    first = len(journals) - 1
    while first and (journals[first].header.open or not _stored(account, journals[first - 1])):
        first -= 1
    journals = journals[first:]
    header = journals[0].header
    session = (
        Session.objects.select_related("account").filter(account=account, day=header.day).first()
    )
    if session is None:
        if not header.simulated:
            raise StartError(
                f"{paths[-1]} is of a session that the database does not have; restore the "
                "database, or see that nothing is open at the broker and move the file away"
            )
        _end_file(journals[-1], "its session is not in the database")
        return None
    return Unfinished(journals=journals, session=session, replay=replay(journals, ticks_of))


def _stored(account: Account, journal: JournalFile) -> bool:
    """Whether a day is over in the database, and so all that was said until its end is there."""
    days = Session.objects.filter(account=account, day=journal.header.day)
    return days.filter(status=Session.Status.ENDED).exists()


def _begun(found: Unfinished) -> Start:
    header = found.header
    try:
        config = config_of(header.symbol, header.config)
    except ExplainError as error:
        raise JournalError(f"{found.journals[0].path}: {error}") from error
    if config.digest != header.digest:
        raise JournalError(
            f"{found.journals[0].path}: its configuration is {header.digest}, and this version "
            f"reads it as {config.digest}; start the version that wrote it"
        )
    return Start(session=found.session, config=config, carry=carry_of(dict(header.carry)))


def _other_market(plan: Plan, header: Header) -> str:
    """What the run trades, if the start wants something else; "" if it wants the same."""
    wanted = {**plan.origin, "symbol": plan.symbol, "session": plan.schedule.session}
    if plan.feed is None and not plan.live:
        wanted |= {"kind": "simulator", "seed": plan.seed}
    if plan.live:
        wanted["kind"] = "store"
    had = {name: header.feed.get(name) for name in EXACT if name in wanted}
    same = had == {name: wanted[name] for name in had} and plan.live == header.live
    if same and plan.feed is not None:
        same = plan.feed.info.source[:120] == header.source
    return "" if same else f"{header.symbol} of {header.source}"


def _differences(plan: Plan, account: Account, found: Unfinished) -> list[str]:
    """What the start would do otherwise than the run does, in words."""
    rules = configured(plan, account).rules_digest
    if rules == found.header.rules:
        return []
    return [f"the configuration is {rules} now, and was {found.header.rules}"]


def _open(begun: Start, found: Unfinished) -> str:
    core = Core(_engine(begun, found))
    for item in found.replay.inputs:
        core.act(item)
    return held(core.engine.status())


def _engine(begun: Start, found: Unfinished) -> Engine:
    header = found.header
    return Engine(begun.config, days_of(header), carry=begun.carry, simulated=header.simulated)


def _close(found: Unfinished, begun: Start, why: str) -> None:
    """The run is over: its rows are stored as far as they were not, and its journal says why."""
    recorder = Recorder(found.session, run=found.header.run)
    core = Core(_engine(begun, found), (_Rows(recorder),))
    for item in found.replay.inputs:
        core.act(item)
    recorder.see(core.engine.status())
    recorder.note("closed", {"run": found.header.run, "reason": why})
    recorder.end(Session.Status.STOPPED, carry_json(core.engine.carry()))
    Flush(recorder).run()
    _end_file(found.last, why)


class _Rows:
    """An output that only records."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def take(self, events: Sequence[Event], status: "Status | None") -> None:
        self.recorder.take(events)


def _end_file(journal: JournalFile, why: str) -> None:
    kept = Recording(journal.path, journal.header, days_of(journal.header), by_reference=True)
    kept.note("closed", reason=why)
    kept.close()
    log.warning("run_closed", path=str(journal.path), reason=why)


def _settle_commands(account: Account, executed: set[str], answering: int | None) -> None:
    """What was taken and never reached the engine may be taken again; what did, the writer answers
    once it is replayed."""
    taken = Command.objects.filter(account=account, status=Command.Status.EXECUTING)
    for row in taken.exclude(pk=answering or 0):
        if row.kind in (Command.Kind.START, Command.Kind.STOP):
            settle(row, Command.Status.UNKNOWN, UNANSWERED)
        elif str(row.pk) not in executed:
            give_back(row)


def _told(found: Unfinished) -> dict[str, Any]:
    """What there is to say of a run that goes on; for the audit and the journal."""
    header, replayed = found.header, found.replay
    other = list(found.differs)
    if header.code != code_digest():
        other.append(f"the engine's code is {code_digest()} now, and was {header.code}")
    return {
        "run": header.run,
        "start": header.start,
        "ticks": replayed.ticks,
        "missing": replayed.missing,
        "differs": other,
    }
