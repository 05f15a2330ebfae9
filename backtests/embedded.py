"""Does runs without Celery: processes that the server of the pages starts and listens to.

Never in the server's own process: it may be trading, and compiled scans hold the interpreter for
milliseconds. A process (`backtests.process`) has low priority, works runs off until nothing is
left, and ends at once when the server does; what it was at is gone on with when the server serves
again. It tells how runs are doing by lines of JSON, which are passed on to the pages of the
server's process, the only ones that an in-memory channel layer reaches.
"""

import asyncio
import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from typing import Any, Final

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Max

from backtests.leases import takeable
from backtests.telling import GROUP

MOST_FAILURES: Final = 3
"""So often a process may end badly, one after the other, before no other is started."""
END_S: Final = 5.0

log = structlog.get_logger(__name__)


class Processes:
    """Those that this process has started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: list[subprocess.Popen[str]] = []
        self._failures = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        atexit.register(self.end)

    def begin(self) -> None:
        """Have as many processes as the unfinished run with most workers asked for."""
        # Of a synchronous view's thread, this is the server's loop; elsewhere it is soon closed.
        self._loop = async_to_sync(_running_loop)()
        self._failures = 0
        self._fill()

    def end(self) -> None:
        """End them, and wait for that."""
        with self._lock:
            running, self._running = self._running, []
        for process in running:
            if process.stdin is not None:
                with contextlib.suppress(OSError):
                    process.stdin.close()
        for process in running:
            try:
                process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()

    def _fill(self) -> None:
        wanted = takeable().aggregate(most=Max("backtest__workers"))["most"] or 0
        with self._lock:
            while len(self._running) < wanted:
                process = _start()
                self._running.append(process)
                threading.Thread(
                    target=self._listen, args=(process,), name="backtest-process", daemon=True
                ).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        """Pass on what it tells until it ends; then see whether anything came in meanwhile."""
        for line in process.stdout or ():
            self._publish(line)
        code = process.wait()
        with self._lock:
            if process not in self._running:
                return  # we ended it
            self._running.remove(process)
            self._failures = self._failures + 1 if code else 0
        if code:
            log.warning("backtest_process_ended", code=code)
        if self._failures >= MOST_FAILURES:
            log.error("backtest_processes_given_up", failures=self._failures)
            return
        try:
            self._fill()
        except DatabaseError as error:
            log.warning("runs_not_looked_after", error=str(error))
        finally:
            connection.close()

    def _publish(self, line: str) -> None:
        loop, layer = self._loop, get_channel_layer()
        if loop is None or layer is None or not loop.is_running():
            return  # nobody is served
        message: dict[str, Any] = json.loads(line)
        asyncio.run_coroutine_threadsafe(layer.group_send(GROUP, message), loop)


async def _running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "backtests.process"],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": settings.SETTINGS_MODULE},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl-C is for the server, which ends it
    )


_processes: Processes | None = None
_making = threading.Lock()


def begin() -> None:
    """See to it that what is asked for is worked on."""
    global _processes
    with _making:
        if _processes is None:
            _processes = Processes()
    _processes.begin()
