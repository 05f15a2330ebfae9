"""Whether a stored session is what its journal gives: the same inputs through the engine once more,
and every order, fill, trade and decision compared with its row.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Model

from engine.events import Event
from trading.journal.runs import KeptRun, kept_runs
from trading.models import Fill, Order, Session, Signal, Trade
from trading.pipeline.core import Core
from trading.pipeline.recorder import Recorder

if TYPE_CHECKING:
    from engine.status import Status

COMPARED: Final[dict[str, type[Model]]] = {
    "signals": Signal, "trades": Trade, "orders": Order, "fills": Fill,
}  # fmt: skip
NOT_COMPARED: Final = ("session",)  # a replay has none


class Rows:
    """An output that keeps the row of everything that was said, as the writer would store it."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def take(self, events: Sequence[Event], status: "Status | None") -> None:
        self.recorder.take(events)


def differences(session: Session) -> list[str]:
    """What is stored otherwise than the journal gives it, each in a line; none when all agree.
    JournalError when the journal cannot be replayed."""
    said: dict[str, dict[object, Model]] = {kind: {} for kind in COMPARED}
    for run in kept_runs(session):
        for kind, rows in _rows(run, session).items():
            said[kind] |= rows
    found: list[str] = []
    for kind, model in COMPARED.items():
        stored: dict[Any, Model] = {
            row.pk: row for row in model._default_manager.filter(session=session)
        }
        found += _compared(kind[:-1], said[kind], stored)
    return found


def _rows(run: KeptRun, session: Session) -> dict[str, dict[object, Model]]:
    """What the run says on the session's day, by kind and key."""
    begun = Session(
        account=session.account,
        instrument_id=session.instrument_id,
        day=run.header.day,
        timeframe=run.config.bars.seconds,
    )
    recorder = Recorder(begun, run=run.header.run, limit=1 << 62)
    core = Core(run.engine(), (Rows(recorder),))
    for item in run.replay.inputs:
        core.act(item)
    warm = recorder.waiting["warm_signals"]
    kept = recorder.waiting | {"signals": warm | recorder.waiting["signals"]}
    return {
        kind: {
            key: row
            for key, row in kept[kind].items()
            if getattr(row, "session", begun).day == session.day
        }
        for kind in COMPARED
    }


def _compared(kind: str, said: dict[object, Model], stored: dict[Any, Model]) -> list[str]:
    found = []
    for key, row in said.items():
        if key not in stored:
            found.append(f"{kind} {key} happens and is not stored")
            continue
        for field in row._meta.concrete_fields:
            had, has = getattr(row, field.attname), getattr(stored[key], field.attname)
            if field.name not in NOT_COMPARED and field.to_python(had) != has:
                found.append(f"{kind} {key}: {field.name} is {had} again, stored is {has}")
    gone = (key for key in stored if key not in said)
    return found + [f"{kind} {key} is stored and does not happen again" for key in gone]
