"""Celery's worker and beat show that their loops turn: each touches a file of its own.

    DATA_DIR/alive/worker-HOST, DATA_DIR/alive/beat-HOST

`deploy/healthy.py` and the watchdog look at the age. Asking a worker over Redis would cost a
process of two seconds each time, and tell of Redis as well.
"""

import socket
from pathlib import Path
from typing import Any

import structlog
from celery import bootsteps
from django.conf import settings
from django_celery_beat.schedulers import DatabaseScheduler

from trading import clock
from trading.watchdog.beside import ALIVE_EVERY_S, FOLDER

log = structlog.get_logger(__name__)


def file_of(what: str) -> Path:
    return Path(settings.DATA_DIR) / FOLDER / f"{what}-{socket.gethostname()}"


def touch(what: str) -> None:
    """A disk that takes nothing is said, and is no reason to stop."""
    path = file_of(what)
    try:
        path.parent.mkdir(exist_ok=True)
        path.touch()
    except OSError as error:
        log.warning("alive_not_written", path=str(path), error=error.strerror)


class Alive(bootsteps.StartStopStep):
    """Part of a worker: its event loop calls this."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **_: Any) -> None:
        super().__init__(parent)
        self._entry: Any = None

    def start(self, parent: Any) -> None:
        touch("worker")
        every = clock.real(ALIVE_EVERY_S)
        self._entry = parent.timer.call_repeatedly(every, touch, ("worker",), priority=10)

    def stop(self, parent: Any) -> None:
        if self._entry is not None:
            self._entry.cancel()
        file_of("worker").unlink(missing_ok=True)


class Scheduler(DatabaseScheduler):  # type: ignore[misc]
    """Beat's, which is called at least every `max_interval`."""

    max_interval: float

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.max_interval = min(self.max_interval, clock.real(ALIVE_EVERY_S))

    def tick(self, *args: Any, **more: Any) -> float:
        touch("beat")
        return float(super().tick(*args, **more))

    def close(self) -> None:
        super().close()
        file_of("beat").unlink(missing_ok=True)
