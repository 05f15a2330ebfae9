"""A folder: a mounted disk or share.

A file grows under another name beside its place. One that was left half is gone on with if it is
how ours begins. When it is whole it is read again from the disk, and only then takes its name.
"""

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from marketdata.store.files import sync
from trading.errors import ExportError
from trading.export.target import Outgoing, TryAgain

HALF: Final = ".part"
PIECE: Final = 1 << 20
REMEDIES: Final = {
    errno.ENOSPC: "make room there",
    errno.EDQUOT: "make room there, or raise the quota",
    errno.EROFS: "mount it so that it can be written",
    errno.EACCES: "let this user write there",
    errno.EPERM: "let this user write there",
    errno.ENOTDIR: "correct EXPORT_TARGET",
    errno.ENOENT: "mount it, or correct EXPORT_TARGET",
}
"""What trying again does not help against."""


class FolderTarget:
    """`root` has to be there: an archive that is not mounted must not be made anew on this disk."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def holds(self, file: Outgoing) -> bool:
        path = self.root / file.path
        with said(self.root):
            if not path.is_file() or path.stat().st_size != file.size:
                return False
            return digest(path) == file.sha256

    def put(self, file: Outgoing) -> None:
        path = self.root / file.path
        half = path.with_name(f".{path.name}{HALF}")
        if not self.root.is_dir():
            raise ExportError(f"{self.root} is no folder; mount it, or correct EXPORT_TARGET")
        with said(self.root):
            path.parent.mkdir(parents=True, exist_ok=True)
            copy(file.source, half)
            sync(half)
            if digest(half) != file.sha256:
                half.unlink()
                raise TryAgain(f"{path}: what was written there reads otherwise; look at that disk")
            half.replace(path)
            sync(path.parent)


def copy(source: Path, half: Path) -> None:
    """Bring `half` up to `source`, from where it ends."""
    with source.open("rb") as ours, half.open("ab+") as theirs:
        done = _same(ours, theirs)
        ours.seek(done)
        theirs.truncate(done)
        theirs.seek(done)
        while piece := ours.read(PIECE):
            theirs.write(piece)
        theirs.flush()


def _same(ours: BinaryIO, theirs: BinaryIO) -> int:
    """How much of ours there is already; 0 when the half file is no beginning of it."""
    ours.seek(0)
    theirs.seek(0)
    done = 0
    while piece := theirs.read(PIECE):
        if ours.read(len(piece)) != piece:
            return 0
        done += len(piece)
    return done


def digest(path: Path) -> str:
    """Of what is on the disk, as far as the system can be made to look there."""
    with path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def said(root: Path) -> Iterator[None]:
    """What the disk refuses, in a line with a remedy."""
    try:
        yield
    except OSError as error:
        text = f"{root}: {error.strerror or error}"
        remedy = REMEDIES.get(error.errno or 0)
        if remedy is None:
            raise TryAgain(text) from error
        raise ExportError(f"{text}; {remedy}") from error
