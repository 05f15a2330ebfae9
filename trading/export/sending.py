"""Sends a day: every file of it, until the target has it, told when it could not be done.

One process of a machine sends at a time. A row of `Export` says of each file how far it is; a file
that the target has already is asked for and not sent again.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import stamina
import structlog
from django.conf import settings
from django.utils import timezone

from trading.errors import ExportError
from trading.export.address import Address, configured
from trading.export.files import DayFiles, Missing, files_of
from trading.export.target import Outgoing, Target, TryAgain, opened
from trading.models import Export, Notice
from trading.notify import News, post

log = structlog.get_logger(__name__)

ATTEMPTS: Final = 5
FIRST_WAIT_S: Final = 2.0
LONGEST_WAIT_S: Final = 60.0
UNSET: Final = "Nothing is sent: EXPORT_TARGET is not set."


@dataclass(frozen=True)
class Result:
    """Of one file. `outcome`: sent, there (it was already), failed, or to send (a dry run)."""

    path: str
    outcome: str
    size: int = 0
    error: str = ""

    @property
    def line(self) -> str:
        if self.error:
            return f"{self.path}: {self.error}"
        return f"{self.path}: {self.outcome}, {self.size:,} bytes"


@dataclass(frozen=True)
class Sent:
    """What came of a day; `target` is empty when none is configured."""

    day: date
    target: str
    results: Sequence[Result] = ()

    @property
    def failed(self) -> list[Result]:
        return [each for each in self.results if each.outcome == "failed"]

    @property
    def lines(self) -> list[str]:
        if not self.target:
            return [UNSET]
        if not self.results:
            return [f"{self.day}: there is nothing to send"]
        return [each.line for each in self.results]

    def __str__(self) -> str:
        if not self.target or not self.results:
            return self.lines[0]
        arrived = len(self.results) - len(self.failed)
        return f"{arrived} of {len(self.results)} files are at {self.target}"


def send(day: date, *, dry_run: bool = False) -> Sent:
    """Bring the target up to the day. What failed is in the result, in the rows and told; without a
    target nothing happens. ExportError, told too, when EXPORT_TARGET or its keys cannot be used."""
    try:
        address = configured()
        if address is None:
            return Sent(day, "")
        target = opened(address)
    except ExportError as error:
        if not dry_run:
            tell_unusable(day, error)
        raise
    if dry_run:
        return looked(day, address, target)
    with alone():
        sent = Sent(day, str(address), all_of(day, address, target))
    tell(sent)
    return sent


def looked(day: date, address: Address, target: Target) -> Sent:
    """What would be sent."""
    found = files_of(day)
    results = [
        Result(file.path, "there" if target.holds(file) else "to send", file.size)
        for file in found.files
    ]
    return Sent(day, str(address), [*results, *map(_missing, found.missing)])


def all_of(day: date, address: Address, target: Target) -> list[Result]:
    found: DayFiles = files_of(day)
    for each in found.missing:
        row = row_of(day, address, each.path)
        _failed(row, each.error)
    results = [one(row_of(day, address, file.path), target, file) for file in found.files]
    return [*results, *map(_missing, found.missing)]


def _missing(each: Missing) -> Result:
    return Result(each.path, "failed", error=each.error)


def row_of(day: date, address: Address, path: str) -> Export:
    row, _ = Export.objects.get_or_create(
        target=str(address)[:300], path=path, defaults={"day": day}
    )
    return row


def one(row: Export, target: Target, file: Outgoing) -> Result:
    """One file, until the target has it or trying again does not help."""
    row.status, row.size, row.sha256 = Export.Status.WAITING, file.size, file.sha256
    row.error, row.verified_at = "", None
    row.save()
    try:
        outcome = sent(row, target, file)
    except ExportError as error:
        _failed(row, str(error))
        log.error("export_failed", path=file.path, error=str(error))  # noqa: TRY400
        return Result(file.path, "failed", file.size, str(error))
    row.status, row.verified_at, row.error = Export.Status.VERIFIED, timezone.now(), ""
    row.save()
    log.info("exported", path=file.path, size=file.size, outcome=outcome)
    return Result(file.path, outcome, file.size)


def sent(row: Export, target: Target, file: Outgoing) -> str:
    """`there` when the target had it, `sent` when it has it now."""
    for attempt in stamina.retry_context(
        on=TryAgain, attempts=ATTEMPTS, timeout=None, wait_initial=FIRST_WAIT_S,
        wait_max=LONGEST_WAIT_S,
    ):  # fmt: skip
        with attempt:
            row.attempts += 1
            row.save(update_fields=["attempts"])
            if target.holds(file):
                return "there" if attempt.num == 1 else "sent"
            target.put(file)
            if not target.holds(file):
                raise TryAgain(f"{file.path}: arrived with other bytes than were sent")
    return "sent"


def _failed(row: Export, error: str) -> None:
    row.status, row.error = Export.Status.FAILED, error[:500]
    row.save()


@contextmanager
def alone() -> Iterator[None]:
    """No other process of this machine sends meanwhile: it is waited for."""
    folder = Path(settings.DATA_DIR) / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "export.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


# Telling


def tell(done: Sent) -> None:
    """A failure, and that it was made good after all."""
    key = f"export_failed:{done.target}:{done.day}"[:150]
    if done.failed:
        first = done.failed[0]
        post(
            News(
                kind="export_failed",
                key=key,
                level=Notice.Level.ERROR,
                title=f"The export of {done.day} failed",
                text=f"{first.line}. When that is mended: manage.py export --date {done.day}",
                facts=[("Target", done.target), ("Arrived", _arrived(done))],
            )
        )
    elif Notice.objects.filter(key=key).exists():
        post(
            News(
                kind="export_done",
                key=f"{key}:done",
                level=Notice.Level.GOOD,
                title=f"The export of {done.day} has arrived after all",
                facts=[("Target", done.target), ("Arrived", _arrived(done))],
            )
        )


def tell_unusable(day: date, error: ExportError) -> None:
    post(
        News(
            kind="export_failed",
            key=f"export_failed:unusable:{day}",
            level=Notice.Level.ERROR,
            title=f"The export of {day} failed",
            text=f"{error}. When that is mended: manage.py export --date {day}",
        )
    )


def _arrived(done: Sent) -> str:
    return f"{len(done.results) - len(done.failed)} of {len(done.results)} files"
