"""Reading a stored day: its Parquet file, its journal, or one and the rest of the other."""

from collections.abc import Iterator
from pathlib import Path

from engine.ticks import TickColumns
from marketdata.errors import StoreError
from marketdata.feeds import BLOCK_TICKS, StoredTicks
from marketdata.store.info import DayInfo
from marketdata.store.journal import JournalFile


class StoredDay:
    """A day as it stands when it is opened; it may be read as often as one likes."""

    def __init__(self, parquet: Path, journal: Path) -> None:
        from marketdata.store.parquet import DayFile

        # The journal first: when the day is compacted in between, its ticks are in both, and
        # counted once, rather than in neither.
        self.journal = _journal(journal)
        self.file = DayFile(parquet) if parquet.exists() else None
        if self.file is not None:
            self.info: DayInfo = self.file.facts.info
        elif self.journal is not None:
            self.info = self.journal.info
        else:
            raise StoreError(f"{parquet}: does not exist")

    @property
    def journalled(self) -> bool:
        """Whether a part of it is still in the journal only."""
        return self.journal is not None and self.journal.count > self.skip

    @property
    def skip(self) -> int:
        """The journal's first ticks that are in the file already."""
        if self.file is None or self.journal is None:
            return 0
        return self.file.facts.journals.get(self.journal.id, 0)

    @property
    def count(self) -> int:
        """All ticks."""
        total = self.file.count if self.file is not None else 0
        if self.journal is not None:
            total += max(0, self.journal.count - self.skip)
        return total

    @property
    def size(self) -> int:
        """Bytes on disk."""
        paths = [part.path for part in (self.file, self.journal) if part is not None]
        return sum(path.stat().st_size for path in paths if path.exists())

    @property
    def time_range(self) -> tuple[int, int] | None:
        """The least and the greatest ts_event; None without a tick."""
        spans = [self.file.time_range] if self.file is not None else []
        if self.journal is not None:
            times = [each.ts_event for each in self.journal.blocks(BLOCK_TICKS, skip=self.skip)]
            spans += [(int(each.min()), int(each.max())) for each in times]
        return (min(a for a, _ in spans), max(b for _, b in spans)) if spans else None

    @property
    def last(self) -> tuple[int, int] | None:
        """ts_event and sequence of the last tick; None without any."""
        if self.journalled and self.journal is not None:
            return self.journal.scan.last
        return self.file.last if self.file is not None else None

    def blocks(self, max_ticks: int = BLOCK_TICKS) -> Iterator[StoredTicks]:
        """Everything that is stored of the ticks, in the order of arrival."""
        if self.file is not None:
            yield from self.file.blocks(max_ticks)
        if self.journal is not None:
            yield from self.journal.blocks(max_ticks, skip=self.skip)

    def columns(self, max_ticks: int = BLOCK_TICKS) -> Iterator[TickColumns]:
        """What the engine takes, as fast as it can be decoded."""
        if self.file is not None:
            yield from self.file.columns(max_ticks)
        if self.journal is not None:
            for block in self.journal.blocks(max_ticks, skip=self.skip):
                yield block.columns


def _journal(path: Path) -> JournalFile | None:
    if not path.exists():
        return None
    try:
        return JournalFile(path)
    except StoreError:
        if path.exists():
            raise
        return None  # compacted at this very moment
