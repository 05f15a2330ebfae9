"""Which snapshots stay, and which contents of the pool."""

import shutil
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from marketdata.calendars import NEW_YORK
from marketdata.store.files import UNFINISHED
from trading.backup import files
from trading.backup.making import alone
from trading.backup.manifest import Snapshot, snapshots

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Keep:
    """The newest of each of so many days, weeks and months, those without any not counted."""

    days: int = 7
    weeks: int = 5
    months: int = 12


def retained(moments: Iterable[datetime], keep: Keep) -> set[datetime]:
    """Those that stay. The newest always does; whoever asks each day loses nothing that he would
    have kept by asking once at the end."""
    newest_first = sorted(set(moments), reverse=True)
    periods: list[tuple[int, Callable[[datetime], Hashable]]] = [
        (keep.days, lambda moment: _local(moment).date()),
        (keep.weeks, lambda moment: _local(moment).isocalendar()[:2]),
        (keep.months, lambda moment: (_local(moment).year, _local(moment).month)),
    ]
    stay = set(newest_first[:1])
    for count, period in periods:
        first: dict[Hashable, datetime] = {}
        for moment in newest_first:
            first.setdefault(period(moment), moment)
        stay.update(list(first.values())[:count])
    return stay


def _local(moment: datetime) -> datetime:
    return moment.astimezone(NEW_YORK)


def prune(root: Path, keep: Keep) -> list[str]:
    """Delete the snapshots that do not stay, and the contents that only they had. Their names.

    The newest content of a path stays whatever happens: it may be the only one that is left. Only
    a day's recording goes when the whole day is there.
    """
    with alone(root):
        found = snapshots(root)
        stay = retained([each.made_at for each in found], keep)
        gone = [each for each in found if each.made_at not in stay]
        for each in gone:
            draft = each.folder.with_name(f"{each.name}{UNFINISHED}")
            each.folder.rename(draft)
        for left in (root / "snapshots").glob(f"*{UNFINISHED}"):
            shutil.rmtree(left)
        _sweep(root, [each for each in found if each.made_at in stay])
    names = [each.name for each in gone]
    if names:
        log.info("backups_deleted", names=names)
    return names


def _sweep(root: Path, stay: Iterable[Snapshot]) -> None:
    pool = root / files.POOL
    named = {each.stored for one in stay for each in one.manifest().files}
    by_path: dict[str, list[Path]] = {}
    for path in files.contents(root):
        if path.name.endswith(UNFINISHED):
            path.unlink()
        else:
            name = path.relative_to(pool).as_posix().rpartition("@")[0]
            by_path.setdefault(name, []).append(path)
    for name, paths in by_path.items():
        *older, newest = sorted(paths, key=lambda path: path.stat().st_mtime_ns)
        # The day's file has every tick of its journal.
        if name.endswith(".journal") and name.replace(".journal", ".parquet") in by_path:
            older.append(newest)
        for path in older:
            if path.relative_to(pool).as_posix() not in named:
                path.unlink()
