"""The day's jobs without Celery: the trading process looks, and does them.

Jobs that command trading processes are done in threads of their own, the others in child processes,
so that nothing holds up the engine. Of several trading processes each looks; who claims a job first
does it.
"""

import asyncio
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date
from typing import Any, Final

import structlog
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection

from trading import clock
from trading.pipeline.core import worth_saying
from trading.pipeline.ending import cancel
from trading.schedule import child
from trading.schedule.due import Due
from trading.schedule.table import TABLE
from trading.schedule.work import LOOK_S, look, work

ALIVE_S: Final = 0.5

log = structlog.get_logger(__name__)


def wanted() -> bool:
    """Whether a trading process is to do the day's jobs."""
    return bool(settings.SCHEDULE) and not settings.REDIS_URL


class Threads(ThreadPoolExecutor):
    """A thread for each call, for which a process that ends does not wait."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # who waits no longer has no thread to stop

        def run() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 (whoever waits has it)
                future.set_exception(error)

        threading.Thread(target=run, name="schedule", daemon=True).start()
        return future


class Embedded:
    """`start` it beside the sessions of a process; `stop` it with them."""

    def __init__(self) -> None:
        self.failures = 0
        self._threads = Threads()
        self._tasks: dict[tuple[str, date], asyncio.Task[None]] = {}
        self._children: set[subprocess.Popen[bytes]] = set()
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._looking = asyncio.create_task(self._run(), name="schedule")

    async def stop(self) -> None:
        """What is being done is left, and taken up again by whoever looks next."""
        if self._looking is not None:
            await cancel(self._looking)
        for process in list(self._children):
            await asyncio.to_thread(child.end, process)
        await cancel(*self._tasks.values())

    async def _run(self) -> None:
        while True:
            try:
                for each in await self._called(_look):
                    self._begin(each)
            except Exception:
                self.failures += 1
                if worth_saying(self.failures):
                    log.exception("schedule_unreadable", failures=self.failures)
            await clock.sleep(LOOK_S)

    def _begin(self, each: Due) -> None:
        key = (each.job, each.day)
        if key in self._tasks:
            return
        do = self._in_child if TABLE[each.job].heavy else self._in_thread
        task = self._tasks[key] = asyncio.create_task(do(*key), name=f"schedule-{each.job}")
        task.add_done_callback(lambda _: self._tasks.pop(key))

    async def _called(self, what: Callable[..., Any], *given: Any) -> Any:
        """In a thread; what it sends over the channel layer goes by this loop."""
        return await sync_to_async(what, thread_sensitive=False, executor=self._threads)(*given)

    async def _in_thread(self, job: str, day: date) -> None:
        try:
            await self._called(_work, job, day)
        except Exception:
            log.exception("job_not_done", job=job, day=str(day))

    async def _in_child(self, job: str, day: date) -> None:
        process = await asyncio.to_thread(child.begin, job, day)
        self._children.add(process)
        try:
            while (code := process.poll()) is None:
                await asyncio.sleep(ALIVE_S)
        finally:
            self._children.discard(process)
        if code:
            log.warning("job_process_ended", job=job, day=str(day), code=code)


def _look() -> list[Due]:
    try:
        return look()
    finally:
        connection.close()


def _work(job: str, day: date) -> None:
    try:
        work(job, day)
    finally:
        connection.close()
