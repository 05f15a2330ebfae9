"""Makes a snapshot.

The database first, then journals, then the rest: a restart writes rows that the database lacks from
the journal, and a journal refers to ticks; the other way round something would refer to what is not
there.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from marketdata.errors import StoreError
from marketdata.store.files import UNFINISHED, sync
from trading import clock
from trading.backup import files
from trading.backup.database import the_database
from trading.backup.manifest import MANIFEST, NAME, SUMS, Content, Manifest, Snapshot, latest
from trading.errors import BackupError

log = structlog.get_logger(__name__)

LOCK: Final = ".lock"


def back_up(root: Path, *, ticks: bool = True) -> Snapshot:
    """A snapshot of this installation under `root`. BackupError when it cannot be made; nothing of
    it is then to be seen."""
    with alone(root):
        folder = _free(root / "snapshots")
        draft = folder.with_name(f"{folder.name}{UNFINISHED}")
        try:
            draft.mkdir(parents=True)
            manifest = _made(root, draft, ticks=ticks)
            (draft / MANIFEST).write_text(manifest.as_json())
            (draft / SUMS).write_text("".join(_sums(draft, manifest)))
            for path in draft.iterdir():
                sync(path)
            sync(draft)
            draft.rename(folder)
            sync(folder.parent)
        except (OSError, StoreError) as error:
            raise BackupError(f"{root}: no backup could be made there: {_why(error)}") from error
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    log.info(
        "backup_made", name=folder.name, rows=manifest.database.rows, files=len(manifest.files)
    )
    return Snapshot(folder)


def _made(root: Path, draft: Path, *, ticks: bool) -> Manifest:
    made_at = clock.now()
    before = latest(root)
    known = {each.path: each for each in before.manifest().files} if before else {}
    database = the_database()
    dump = draft / database.file
    facts, sessions = database.dump(dump)
    kept = files.keep(root, known, ticks=ticks, sessions=sessions)
    return Manifest(
        made_at=made_at,
        database=facts,
        dump=dump.name,
        dump_size=dump.stat().st_size,
        dump_sha256=files.digest(dump),
        files=tuple(kept),
    )


def _sums(draft: Path, manifest: Manifest) -> Iterator[str]:
    """As sha256sum reads them, from within the snapshot's folder."""
    yield f"{manifest.dump_sha256}  {manifest.dump}\n"
    yield f"{files.digest(draft / MANIFEST)}  {MANIFEST}\n"
    for each in manifest.files:
        yield f"{each.sha256}  {_beside(each)}\n"


def _beside(content: Content) -> str:
    return f"../../{files.POOL}/{content.stored}"


def _free(folder: Path) -> Path:
    now = clock.now()
    while (path := folder / now.strftime(NAME)).exists():
        now += timedelta(seconds=1)
    return path


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """One process makes or deletes backups there at a time."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise BackupError(f"{root}: cannot be written: {_why(error)}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise BackupError(f"{root}: another process makes a backup there; wait for it") from None
    finally:
        os.close(lock)


def _why(error: OSError | StoreError) -> str:
    return str(getattr(error, "strerror", None) or error)
