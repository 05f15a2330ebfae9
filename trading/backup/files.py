"""DATA_DIR's files, and the pool that has each of their contents once.

Journals and ticks are only ever appended to, or replaced as a whole; so what is copied while they
grow is a beginning, and their readers know what a torn end is. A new folder in DATA_DIR is backed
up without anybody thinking of it: what is left out is named here.
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Final

from django.conf import settings

from marketdata.store.files import UNFINISHED, replacing, sync
from trading.backup.manifest import Content
from trading.errors import BackupError, JournalError
from trading.journal import files as journals

POOL: Final = "files"
TICKS: Final = "ticks"
JOURNAL: Final = "journal"
LEFT_OUT: Final = (
    "backups", "backtests", "compiled", "locks", "alive", "watchdog.json", "secret_key",
)  # fmt: skip
"""Caches, what belongs to running processes, and the secret."""
BEATS: Final = "heartbeat"
"""Their files begin so."""
DATABASE: Final = "tradebot.sqlite3"
CHUNK: Final = 1 << 20
PASSES: Final = 5


def data_dir() -> Path:
    return Path(settings.DATA_DIR)


def listed(*, ticks: bool, besides: Path) -> list[str]:
    """What is to be kept of DATA_DIR: journals first, since they refer to ticks, which must then
    be there. `besides`: a folder that is no part of it, the backups' own."""
    found = sorted(_walk(data_dir(), besides))
    if not ticks:
        found = [path for path in found if not path.startswith(f"{TICKS}/")]
    return sorted(found, key=lambda path: not path.startswith(f"{JOURNAL}/"))


def _walk(root: Path, besides: Path) -> Iterator[str]:
    for top in root.iterdir():
        if top.name in LEFT_OUT or top.name.startswith((DATABASE, BEATS, ".")):
            continue
        if top.is_file() and not top.name.endswith(UNFINISHED):
            yield top.name
        # A folder may be a link to a larger disk.
        for folder, folders, names in os.walk(top):
            folders[:] = [
                name
                for name in folders
                if not name.startswith(".") and Path(folder, name) != besides
            ]
            for name in names:
                if not name.startswith(".") and not name.endswith((UNFINISHED, ".lock")):
                    yield Path(folder, name).relative_to(root).as_posix()


def keep(
    root: Path, known: Mapping[str, Content], *, ticks: bool, sessions: frozenset[int]
) -> list[Content]:
    """Copy what the pool has not yet. `known`: what the newest snapshot has; of it, what has the
    size and time that it had is not read again. `sessions`: those that the dump has; a journal of
    another could not be gone on with, and is left to the next backup."""
    kept: dict[str, Content] = {}
    for _ in range(PASSES):
        vanished = False
        for path in listed(ticks=ticks, besides=root):
            if path in kept or not _of_the_dump(path, sessions):
                continue
            try:
                kept[path] = _unchanged(root, known.get(path)) or _copied(root, path)
            except FileNotFoundError:  # a journal became a day's file: that is there now
                vanished = True
        if not vanished:
            break
    return sorted(kept.values(), key=lambda each: each.path)


def _of_the_dump(path: str, sessions: frozenset[int]) -> bool:
    if not path.startswith(f"{JOURNAL}/") or not path.endswith(journals.SUFFIX):
        return True
    try:
        return journals.read_header(data_dir() / path).session in sessions
    except JournalError:
        return True  # damaged, or another version's: a fact nonetheless


def _unchanged(root: Path, known: Content | None) -> Content | None:
    if known is None:
        return None
    here, there = (data_dir() / known.path).stat(), pooled(root, known)
    same = (here.st_size, here.st_mtime_ns) == (known.size, known.mtime_ns)
    return known if same and there.is_file() and there.stat().st_size == known.size else None


def _copied(root: Path, path: str) -> Content:
    """Its beginning as long as it is now, in the pool and on disk."""
    draft = root / POOL / f"{path}{UNFINISHED}"
    draft.parent.mkdir(parents=True, exist_ok=True)
    with (data_dir() / path).open("rb") as source, draft.open("wb") as copy:
        stat = os.fstat(source.fileno())
        size, digest = _pour(source, copy, stat.st_size)
    os.utime(draft, ns=(stat.st_mtime_ns, stat.st_mtime_ns))
    sync(draft)
    content = Content(path, size, stat.st_mtime_ns, digest)
    draft.replace(pooled(root, content))
    sync(draft.parent)
    return content


def _pour(source: IO[bytes], target: IO[bytes], size: int) -> tuple[int, str]:
    summed, left = hashlib.sha256(), size
    while left and (chunk := source.read(min(CHUNK, left))):
        summed.update(chunk)
        target.write(chunk)
        left -= len(chunk)
    return size - left, summed.hexdigest()


def pooled(root: Path, content: Content) -> Path:
    """Where a content is in the pool."""
    return root / POOL / content.stored


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bring_back(root: Path, content: Content) -> None:
    """Put a content where it was. BackupError when the pool's is damaged."""
    target = data_dir() / content.path
    with replacing(target) as unfinished:
        with pooled(root, content).open("rb") as source, unfinished.open("wb") as copy:
            _, found = _pour(source, copy, content.size)
        if found != content.sha256:
            raise BackupError(f"{pooled(root, content)}: is damaged, its checksum is another")
        # Which of two journals is newer is told by it.
        os.utime(unfinished, ns=(content.mtime_ns, content.mtime_ns))


def contents(root: Path) -> Iterable[Path]:
    """All files of the pool."""
    return (path for path in (root / POOL).rglob("*") if path.is_file())
