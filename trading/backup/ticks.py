"""Old days leave the tick store, once they are somewhere else: TICKS_KEEP_DAYS.

A day is deleted when a copy of exactly these bytes was just read in the backups' pool, or was
verified at the export's target. Days that are still journals stay.
"""

from datetime import date, timedelta
from pathlib import Path

import structlog

from marketdata.store import TickStore
from marketdata.store.files import remove
from trading.backup import files
from trading.models import Export

log = structlog.get_logger(__name__)


def retire(
    store: TickStore, root: Path, *, today: date, keep_days: int
) -> tuple[list[Path], list[Path]]:
    """Delete days that ended more than `keep_days` before `today`; 0: none ever. Which were, and
    which would have been if there were a copy of them."""
    gone: list[Path] = []
    only: list[Path] = []
    for path in _old(store, today - timedelta(days=keep_days)) if keep_days else ():
        (gone if is_elsewhere(path, store.root, root) else only).append(path)
    for path in gone:
        remove(path)
        log.info("ticks_retired", path=str(path))
    for path in only:
        log.warning("ticks_kept", path=str(path), reason="neither exported nor backed up")
    return gone, only


def _old(store: TickStore, before: date) -> list[Path]:
    return [
        store.path(symbol, day)
        for symbol in store.symbols()
        for day in store.days(symbol)
        if day < before and not store.journal_path(symbol, day).exists()
    ]


def is_elsewhere(path: Path, store: Path, root: Path) -> bool:
    """Whether these bytes can be had again."""
    sha256 = files.digest(path)
    name = f"{files.TICKS}/{path.relative_to(store).as_posix()}@{sha256[:16]}"
    copy = root / files.POOL / name
    if copy.is_file() and files.digest(copy) == sha256:
        return True
    return Export.objects.filter(sha256=sha256, status=Export.Status.VERIFIED).exists()
