"""`python -m tests.trading.schedule.clocked FOLDER worker ...`: Celery, by a clock that tests set.

The time (UTC ns) is in FOLDER/clock. Jobs note in FOLDER/begun and FOLDER/finished that they were
done, and stand still while FOLDER/hold names them.
"""

import os
import sys
import time
from pathlib import Path

import django

from trading import clock


class FileClock:
    """Pauses are a fifteenth of what they are: one look a second."""

    speed = 15.0

    def __init__(self, path: Path) -> None:
        self._path = path

    def now_ns(self) -> int:
        return int(self._path.read_text())


def main(folder: Path, words: list[str]) -> None:
    django.setup()
    clock.use(FileClock(folder / "clock"))
    from trading.schedule import work

    def perform(turn: work.Turn) -> work.Outcome:
        note(folder / "begun", turn.job)
        hold = folder / "hold"
        while hold.exists() and hold.read_text() == turn.job:
            time.sleep(0.05)
        note(folder / "finished", turn.job)
        return work.Outcome(text="did it")

    work.performs = lambda: dict.fromkeys(work.TABLE, perform)
    from celery.__main__ import main as celery

    sys.argv = ["celery", "-A", "tradebot", *words]
    celery()


def note(path: Path, job: str) -> None:
    """Append in one write, whoever else does."""
    with path.open("ab", buffering=0) as file:
        file.write(f"{job} {os.getpid()}\n".encode())


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")
    main(Path(sys.argv[1]), sys.argv[2:])
