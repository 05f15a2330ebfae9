"""Restores a snapshot: the database as it was, and the files that it had.

A database with anything in it is replaced only when that is asked for. No file is overwritten or
deleted: journals that the database of then does not know are put aside as a whole, and any other
file that is there stays.
"""

import fcntl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from marketdata.errors import StoreError
from marketdata.store.files import sync
from trading import clock
from trading.backup import files
from trading.backup.database import check_known, the_database
from trading.backup.manifest import NAME, Content, Facts, Snapshot
from trading.backup.verifying import damage, differences
from trading.errors import BackupError

log = structlog.get_logger(__name__)

TOLD: Final = ("trading_account", "trading_session", "trading_trade", "auth_user")
STOP: Final = "stop everything first (tradebotctl stop, or Ctrl-C)"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a restore would do. `here`: what the database has now; None: nothing. `differ`: files
    that are there, stay, and are not what the backup has."""

    snapshot: Snapshot
    backup: Facts
    here: Facts | None
    missing: tuple[Content, ...]
    differ: tuple[str, ...]
    aside: Path | None

    def lines(self) -> Iterator[str]:
        made = f"{self.snapshot.made_at:%Y-%m-%d %H:%M:%S} UTC"
        yield f"Backup {self.snapshot.name}, made {made}: {_told(self.backup)}."
        if self.here is None:
            yield "The database here is empty and becomes the backup's."
        else:
            yield f"The database here is REPLACED: {_told(self.here)}."
        if self.aside is not None:
            yield f"The journals here are put aside, as {self.aside}."
        size = f"{sum(each.size for each in self.missing) / 1e6:,.1f} MB"
        yield f"{len(self.missing):,} files come back into {files.data_dir()}, {size}."
        if self.differ:
            first = ", ".join(self.differ[:3])
            yield f"{len(self.differ)} files are there in another version, and stay: {first}"
        yield "SECRET_KEY and .env are in no backup; they stay as they are here."


def plan(snapshot: Snapshot, *, everything: bool = False) -> Plan:
    """BackupError when it is damaged, or of another kind or a newer version. `everything`: bring
    back tick days too that had left the store when the backup was made."""
    problems = list(damage(snapshot))
    if problems:
        more = f" and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise BackupError(f"backup {snapshot.name}: {problems[0]}{more}; choose another")
    manifest, database = snapshot.manifest(), the_database()
    if manifest.database.engine != database.engine:
        raise BackupError(
            f"backup {snapshot.name} is of {manifest.database.engine}, and the database here is "
            f"{database.engine}; set DATABASE_URL to one of that kind"
        )
    check_known(manifest.database)
    wanted = [*manifest.files, *(_retired(snapshot) if everything else ())]
    journal = files.data_dir() / files.JOURNAL
    aside = _aside(journal) if journal.is_dir() and any(journal.rglob("*.jrn")) else None
    missing, differ = _compared(wanted, journals_stay=aside is None)
    here = database.facts()
    return Plan(
        snapshot=snapshot,
        backup=manifest.database,
        here=here if here.tables else None,
        missing=tuple(missing),
        differ=tuple(differ),
        aside=aside,
    )


def restore(chosen: Plan, *, replace: bool = False) -> None:
    """Do it. BackupError when it must not be done, or failed: then the database is as it was."""
    if chosen.here is not None and not replace:
        raise BackupError(
            f"the database here is not empty ({_told(chosen.here)}); --replace replaces it"
        )
    check_nobody_trades()
    database, manifest = the_database(), chosen.snapshot.manifest()
    if others := database.in_use():
        raise BackupError(f"the database is in use ({others}); {STOP}")
    database.restore(chosen.snapshot.folder / manifest.dump)
    for line in differences(manifest.database, database.facts()):
        raise BackupError(f"restored, but {line}")
    try:
        if chosen.aside is not None:
            (files.data_dir() / files.JOURNAL).rename(chosen.aside)
            sync(files.data_dir())
        for each in chosen.missing:
            files.bring_back(chosen.snapshot.root, each)
    except (OSError, StoreError) as error:
        raise BackupError(
            f"the database is restored, files are not: {error}; restore once more with --replace"
        ) from error
    log.warning("backup_restored", name=chosen.snapshot.name, files=len(chosen.missing))


def check_nobody_trades() -> None:
    """BackupError while a pipeline of this DATA_DIR lives."""
    for path in (files.data_dir() / "locks").glob("[!.]*.lock"):  # no account begins with a dot
        with path.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                raise BackupError(f"account {path.stem} is being traded; {STOP}") from None


def _compared(wanted: list[Content], *, journals_stay: bool) -> tuple[list[Content], list[str]]:
    missing, differ = [], []
    for each in wanted:
        here = files.data_dir() / each.path
        journal = each.path.startswith(f"{files.JOURNAL}/")
        if not here.exists() or (journal and not journals_stay):
            missing.append(each)
        elif here.stat().st_size != each.size or files.digest(here) != each.sha256:
            differ.append(each.path)
    return missing, differ


def _retired(snapshot: Snapshot) -> Iterator[Content]:
    """Tick days of the pool that the snapshot does not name."""
    named = {each.path for each in snapshot.manifest().files}
    newest: dict[str, Path] = {}
    for path in files.contents(snapshot.root):
        name, at, _ = path.relative_to(snapshot.root / files.POOL).as_posix().rpartition("@")
        whole_day = name.startswith(f"{files.TICKS}/") and name.endswith(".parquet")
        if at and whole_day and name not in named:
            newest[name] = max(newest.get(name, path), path, key=_changed)
    for name, path in sorted(newest.items()):
        stat = path.stat()
        yield Content(name, stat.st_size, stat.st_mtime_ns, files.digest(path))


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns


def _aside(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.before-{clock.now().strftime(NAME)}")


def _told(facts: Facts) -> str:
    known = [
        f"{facts.tables[name].rows:,} {name.partition('_')[2]}s"
        for name in TOLD
        if name in facts.tables
    ]
    return f"{facts.rows:,} rows in {len(facts.tables)} tables" + (
        f" ({', '.join(known)})" if known else ""
    )
