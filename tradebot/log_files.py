"""The log in a file: JSON lines, a file for each process, rotated by us or by logrotate.

LOG_FILE=/var/log/tradebot/tradebot.log becomes tradebot-trade-live-MES.log, tradebot-web.log,
tradebot-worker.log: two processes that rotated one file would lose lines. Of several processes of
one name, the pool of a worker for one, the first has the file and the others number theirs. Who has
a file holds a lock on a file beside it, which ends with the process however that ends.

A file that was moved away or removed is begun anew with the next line, as logrotate expects.
"""

import fcntl
import logging
import os
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import IO, Any

SERVERS = ("uvicorn", "gunicorn", "daphne", "hypercorn")
MOST_OF_A_NAME = 200


def process_name(arguments: Sequence[str]) -> str:
    """What a process is called, by its command line.

    >>> process_name(["manage.py", "trade", "--account", "live-MES"])
    'trade-live-MES'
    >>> process_name(["/usr/bin/celery", "-A", "tradebot", "worker"])
    'worker'
    """
    program, *rest = arguments or [""]
    path = Path(program)
    name = path.parent.name if path.stem == "__main__" else path.stem
    if name in SERVERS:
        return "web"
    if name == "celery":
        return next((word for word in rest if word in ("worker", "beat", "flower")), "celery")
    if name in ("manage", "tradebot", "django-admin"):
        command = next((word for word in rest if not word.startswith("-")), "manage")
        account = _option(rest, "--account")
        return f"{command}-{account}" if command == "trade" and account else command
    return "".join(letter for letter in name if letter.isalnum() or letter in "-_") or "python"


def _option(arguments: Sequence[str], name: str) -> str:
    """The value of an option; "" unless it could be part of a file's name."""
    for number, word in enumerate(arguments):
        value = ""
        if word == name and number + 1 < len(arguments):
            value = arguments[number + 1]
        elif word.startswith(f"{name}="):
            value = word.partition("=")[2]
        if value:
            return value if value.replace("-", "").replace("_", "").isalnum() else ""
    return ""


class OwnFile(RotatingFileHandler):
    """`megabytes` 0: never rotated here. Nothing is opened before the first line."""

    def __init__(self, file: Path, name: str, *, megabytes: int, count: int) -> None:
        self._wanted = (file, name)
        self._lock: IO[str] | None = None
        super().__init__(
            file, maxBytes=megabytes * 1_000_000, backupCount=count, encoding="utf-8", delay=True
        )
        os.register_at_fork(after_in_child=self._reborn)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self._lock is None:
                self._claim()
            self._follow()
        except OSError:
            self.handleError(record)
            return
        super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        say_unwritten()

    def close(self) -> None:
        super().close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def _open(self) -> Any:
        """Readable by its owner and group alone: it names accounts and amounts."""

        def private(path: str, flags: int) -> int:
            return os.open(path, flags, 0o640)

        return open(self.baseFilename, self.mode, encoding=self.encoding, opener=private)

    def _claim(self) -> None:
        """The first file of our name that no living process has."""
        file, name = self._wanted
        for number in range(1, MOST_OF_A_NAME):
            ours = f"{file.stem}-{name}" + (f"-{number}" if number > 1 else "")
            lock = (file.parent / f".{ours}.lock").open("w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.close()
                continue
            self._lock, self.baseFilename = lock, str(file.parent / f"{ours}{file.suffix}")
            return
        raise OSError(f"{MOST_OF_A_NAME} processes log to {file}")

    def _follow(self) -> None:
        """Begin anew when somebody took the file away."""
        if self.stream is None:
            return
        ours = os.fstat(self.stream.fileno())
        try:
            there = os.stat(self.baseFilename)  # noqa: PTH116 (a line's cost)
        except FileNotFoundError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino):
            self.stream.close()
            self.stream = None

    def _reborn(self) -> None:
        """In a child: the file is our parent's, and so is the lock that we seem to hold."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def say_unwritten() -> None:
    """The standard library would print the line as it came, secrets and all."""
    error = sys.exc_info()[1]
    why = getattr(error, "strerror", None) or type(error).__name__
    if sys.stderr is not None:
        sys.stderr.write(f"tradebot: a line of the log could not be written: {why}\n")


class Terminal(logging.StreamHandler[Any]):
    """To a stream; says of a line that could not be written no more than why."""

    def handleError(self, record: logging.LogRecord) -> None:
        say_unwritten()
