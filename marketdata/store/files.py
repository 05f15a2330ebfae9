"""Files that appear whole and on disk, or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from marketdata.errors import StoreError

UNFINISHED: Final = ".part"

_numbers = count()  # two threads may write the same file


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name to write to; what stands there at the end takes the place of `path` in one step.

    When the block raises, `path` is as it was and nothing is left behind. A process that is killed
    leaves a `.part` file, which nothing reads.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.{next(_numbers)}{UNFINISHED}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield unfinished
        sync(unfinished)
        unfinished.replace(path)
        sync(path.parent)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Put a file or folder on disk."""
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def remove(path: Path) -> None:
    """Delete it, for good."""
    path.unlink(missing_ok=True)
    sync(path.parent)


def put_aside(path: Path) -> Path:
    """Rename a damaged file so that nothing reads it, and return its new name."""
    aside = free_name(path)
    path.rename(aside)
    sync(path.parent)
    return aside


def free_name(path: Path) -> Path:
    """Where something damaged of this file may go."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside
