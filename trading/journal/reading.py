"""Reads what a recording left, whole or torn."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from marketdata.store import frames
from trading.errors import JournalError
from trading.journal import files
from trading.journal.files import FRAME
from trading.journal.records import USUAL, Note, Record, Steady, decode, steady

ENDINGS: Final = ("ended", "continued", "closed")
"""Notes after which a file gets no more records."""
TAIL: Final = 4096


class JournalFile:
    """A journal as it stands. JournalError when it cannot be read, or is damaged elsewhere than at
    its end, where a record may be torn that nothing acted on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._data = path.read_bytes()
        except OSError as error:
            raise JournalError(f"{path}: cannot be read: {error.strerror or error}") from error
        self.header, start = files.header_of(self._data, path)
        self._frames = frames.scan(self._data, start, FRAME, 1, files.MOST_BYTES, usual=USUAL)
        if self._frames.damaged:
            raise JournalError(
                f"{path}: {self._frames.damaged:,} bytes in the middle are damaged, so what was "
                "acted on is not known; restore the file, or move it away to begin anew"
            )

    def __len__(self) -> int:
        return sum(times for _, _, times in self._frames.runs)

    @property
    def torn(self) -> int:
        """Bytes at the end that are no whole record."""
        return self._frames.torn

    def items(self) -> Iterator[Record | Steady]:
        """All of them, in order, those that come often together. JournalError at one that this
        version does not know."""
        for at, length, times in self._frames.runs:
            size = frames.FRAME_BYTES + length
            try:
                if length == USUAL:
                    yield steady(self._data[at : at + size * times], frames.FRAME_BYTES)
                    continue
                for first in range(at, at + size * times, size):
                    yield decode(self._data[first + frames.FRAME_BYTES : first + size])
            except JournalError as error:
                raise JournalError(f"{self.path}: {error}") from None

    def records(self) -> Iterator[Record]:
        """All of them, in order, one by one."""
        for item in self.items():
            if isinstance(item, Steady):
                yield from item.records()
            else:
                yield item


def is_over(path: Path) -> bool:
    """Whether a journal is complete, from its last bytes alone."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL))
        tail = file.read()
    at = tail.rfind(FRAME)
    if at < 0 or not frames.scan(tail, at, FRAME, 1, files.MOST_BYTES).runs:
        return False
    try:
        last = decode(tail[at + frames.FRAME_BYTES :])
    except JournalError:
        return False
    return isinstance(last, Note) and last.kind in ENDINGS


def unfinished(account: str) -> list[Path]:
    """The files of the account's run that is not over, the oldest first; none when all are."""
    found = [(path, files.read_header(path)) for path in files.paths(account) if not is_over(path)]
    if not found:
        return []
    _, newest = max(found, key=lambda each: (each[0].stat().st_mtime_ns, each[1].part))
    return of_run(account, newest.run)


def of_run(account: str, run: str) -> list[Path]:
    """The files of a run, the oldest first."""
    found = [(files.read_header(path), path) for path in files.paths(account)]
    mine = [(header.part, path) for header, path in found if header.run == run]
    return [path for _, path in sorted(mine)]
