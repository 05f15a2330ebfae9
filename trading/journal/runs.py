"""The runs that a stored session is made of, for whoever replays it afterwards."""

from dataclasses import dataclass
from pathlib import Path

from engine.config import EngineConfig
from engine.engine import Engine
from trading.errors import JournalError
from trading.journal import files
from trading.journal.files import Header
from trading.journal.reading import JournalFile, of_run
from trading.journal.replaying import Replay, replay
from trading.journal.sources import days_of, ticks_of
from trading.models import Session
from trading.stored_session import carry_of, config_of


@dataclass(frozen=True, kw_only=True)
class KeptRun:
    """A run whose inputs are kept, from the last day at whose beginning nothing was open."""

    header: Header
    config: EngineConfig
    replay: Replay

    def engine(self) -> Engine:
        """The engine as it was begun."""
        carry = carry_of(dict(self.header.carry))
        simulated = self.header.simulated
        return Engine(self.config, days_of(self.header), carry=carry, simulated=simulated)


def has_journal(session: Session) -> bool:
    """Whether anything of the session's day is kept."""
    return bool(_paths(session))


def kept_runs(session: Session) -> list[KeptRun]:
    """The runs of the session's day, as they were begun; none when nothing is kept. JournalError
    when one cannot be replayed."""
    return [_run(session, path) for path in _paths(session)]


def _paths(session: Session) -> list[Path]:
    found = files.paths(session.account.name)
    return [path for path in found if files.day_of(path) == session.day]


def _run(session: Session, path: Path) -> KeptRun:
    last = JournalFile(path)
    journals = [last]
    mine = of_run(session.account.name, last.header.run)
    before = mine[: mine.index(path)]
    while journals[0].header.open:
        if not before:
            raise JournalError(f"{path}: the file of the day before is missing")
        journals.insert(0, JournalFile(before.pop()))
    header = journals[0].header
    config = config_of(header.symbol, header.config)
    if config.digest != header.digest:
        raise JournalError(f"{path}: this version reads its configuration otherwise")
    return KeptRun(header=header, config=config, replay=replay(journals, ticks_of))
