"""What there is of a day to send: its ticks as Parquet, and its recap.

Their places under the target are those under DATA_DIR. A day that is still a journal is made
Parquet first; while it is being recorded it cannot be sent.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.conf import settings

from marketdata.errors import StoreError
from marketdata.store import TickStore, the_store
from trading.export.target import Outgoing
from trading.recap.writing import path_of, recapped


@dataclass(frozen=True)
class Missing:
    """A file that is not there to be sent, and why."""

    path: str
    error: str


@dataclass(frozen=True)
class DayFiles:
    files: Sequence[Outgoing]
    missing: Sequence[Missing]


def files_of(day: date) -> DayFiles:
    """In a fixed order. Reads every one of them, for its checksum."""
    root, store = Path(settings.DATA_DIR), the_store()
    files, missing = [], []
    for symbol in store.symbols():
        if not store.has(symbol, day):
            continue
        path = store.path(symbol, day)
        problem = _compacted(store, symbol, day)
        if problem:
            missing.append(Missing(_place(root, path), problem))
        elif path.exists():
            files.append(outgoing(root, path))
    if (recap := path_of(day)).exists():
        files.append(outgoing(root, recap))
    return DayFiles(files, missing)


def days_with_files() -> set[date]:
    """Days that have ticks in the store, or a recap."""
    store = the_store()
    found = {day for symbol in store.symbols() for day in store.days(symbol)}
    return found | set(recapped())


def outgoing(root: Path, path: Path) -> Outgoing:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = file.tell()
    return Outgoing(root=root, path=_place(root, path), size=size, sha256=digest)


def _place(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def _compacted(store: TickStore, symbol: str, day: date) -> str:
    """Nothing is left in a journal; else why."""
    try:
        store.compact(symbol, day)
    except StoreError as error:
        return " ".join(str(error).split())
    return ""
