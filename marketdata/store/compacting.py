"""A journal becomes Parquet when its day is over.

The order makes a crash harmless: the day's file, which names the journal and how many of its ticks
it holds, is written, read again and compared; then it appears, whole; then the journal goes.
Whoever reads in between finds the ticks in both and counts them once.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import structlog

from marketdata.errors import StoreError
from marketdata.feeds import BLOCK_TICKS, StoredTicks
from marketdata.feeds.regroup import regrouped
from marketdata.store import parquet
from marketdata.store.appender import lock
from marketdata.store.files import put_aside, remove
from marketdata.store.info import DayInfo, FileFacts
from marketdata.store.journal import JournalFile

Column = npt.NDArray[np.signedinteger]

log = structlog.get_logger(__name__)


def compact(path: Path, journal_path: Path) -> int:
    """Put the journal's ticks into the day's file, and delete it. Returns the day's ticks; 0 when
    nothing was ever recorded. StoreError when the day is being recorded, or cannot be written."""
    held = os.open(journal_path, os.O_RDWR)
    try:
        lock(held, journal_path)
        return _compact(path, journal_path)
    finally:
        os.close(held)


def _compact(path: Path, journal_path: Path) -> int:
    journal = JournalFile(journal_path)
    before = parquet.DayFile(path) if path.exists() else None
    skip = before.facts.journals.get(journal.id, 0) if before is not None else 0
    count = (before.count if before is not None else 0) + max(0, journal.count - skip)
    if journal.count > skip:
        info, journals = journal.info, {journal.id: journal.count}
        if before is not None:
            info, journals = _merged(before.facts.info, info), before.facts.journals | journals
        if journal.scan.damaged:
            lost = f"{journal.scan.damaged:,} bytes of its journal were damaged and are lost"
            info = replace(info, warnings=(*info.warnings, lost))

        def blocks() -> Iterator[StoredTicks]:
            if before is not None:
                yield from before.blocks(BLOCK_TICKS)
            yield from journal.blocks(BLOCK_TICKS, skip=skip)

        def proof(written: Path) -> None:
            _check(written, blocks())

        parquet.write(path, FileFacts(info, journals), blocks(), proof=proof)
    if journal.scan.damaged:
        put_aside(journal_path)
    else:
        remove(journal_path)
    log.info("day_compacted", path=str(path), ticks=count, torn_bytes=journal.scan.torn)
    return count


def _merged(stored: DayInfo, added: DayInfo) -> DayInfo:
    sources = stored.source.split(" + ")
    if added.source not in sources:
        sources.append(added.source)
    warnings = tuple(dict.fromkeys((*stored.warnings, *added.warnings)))
    return replace(stored, source=" + ".join(sources), warnings=warnings)


def _check(path: Path, blocks: Iterator[StoredTicks]) -> None:
    """StoreError unless the file holds exactly these."""
    wanted = regrouped(blocks, parquet.ROW_GROUP)
    found = parquet.DayFile(path).blocks(parquet.ROW_GROUP)
    for one, other in zip(wanted, found, strict=True):
        pairs: Iterator[tuple[str, Column, Column]]
        pairs = zip(StoredTicks._fields, one, other, strict=True)
        for name, expected, read in pairs:
            if not np.array_equal(expected, read):
                raise StoreError(f"{path}: {name} is not what was written; the journal is kept")
