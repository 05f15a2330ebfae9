"""Stores what the pipeline says, in a thread with its own database connection.

`take` only appends to a queue; the engine never waits. The thread collects for `INTERVAL_S` and
writes once. When the database fails it keeps everything, waits (up to `LONGEST_WAIT_S`) and tries
again. On the way out it writes what is left; what it cannot write within `DRAIN_S` goes into a file
that `manage.py loaddata` reads.
"""

import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.core import serializers
from django.db import Error as DatabaseError
from django.db import connection

from engine.events import CommandDone, Event
from trading.observing.tally import MILLI, NS, Tally
from trading.pipeline.away import Away
from trading.pipeline.recorder import Recorder
from trading.pipeline.store import Flush

if TYPE_CHECKING:
    from engine.status import Status

log = structlog.get_logger(__name__)

INTERVAL_S: Final = 0.25
MOST_ROWS: Final = 2000
"""So many rows are written without waiting for the interval."""
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 15.0
DRAIN_S: Final = 10.0

Job = Callable[[Recorder], None]


@dataclass(slots=True)
class WriterStats:
    """What the writer did so far; read from other threads."""

    rows: int = 0
    flushes: int = 0
    failures: int = 0
    refused: int = 0
    lost: int = 0
    failing: bool = False
    slowest_s: float = 0.0
    flushing: Tally = field(default_factory=lambda: Tally(MILLI))
    noted: Counter[str] = field(default_factory=Counter)
    """What was noted besides what the engine says, by kind."""


class Writer:
    """An output of the pipeline. `start`, `take`..., `close`."""

    def __init__(
        self,
        recorder: Recorder,
        *,
        clock: Callable[[], float] = time.monotonic,
        leftovers: Path | None = None,
    ) -> None:
        self.recorder = recorder
        self.stats = WriterStats()
        self.leftovers = leftovers
        self._clock = clock
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._since = 0.0  # when the oldest waiting row came; 0: nothing waits
        self._later: list[Job] = []
        self._later_since = 0.0  # when the first of them came
        self._not_before = 0.0
        self._wait = FIRST_WAIT_S
        self._away = Away(recorder)

    # From the engine's side

    def start(self) -> None:
        # What its lines in the log are about is told by who starts it.
        about = copy_context()
        self._thread = threading.Thread(
            target=about.run, args=(self._run,), name="writer", daemon=True
        )
        self._thread.start()

    def take(self, events: Sequence[Event], status: "Status | None") -> None:
        def job(recorder: Recorder) -> None:
            recorder.take(events)
            if status is not None:
                recorder.see(status)

        self._jobs.put(job)

    def see(self, status: "Status") -> None:
        """The engine's state, for the session's row."""
        self._jobs.put(lambda recorder: recorder.see(status))

    def note(
        self, kind: str, payload: dict[str, Any], *, actor: str = "pipeline", once: bool = False
    ) -> None:
        """An audit event. `once`: a run has one of its kind, however often it is said."""
        self.stats.noted[kind] += 1
        self._jobs.put(lambda recorder: recorder.note(kind, payload, actor=actor, once=once))

    def beside(self, job: Job) -> None:
        """Something to do in the thread when it comes to write: what holds up nothing itself would
        take the processor from an order that is just leaving."""
        self._jobs.put(partial(self._put_off, job))

    def result(self, event: CommandDone) -> None:
        """What a command was answered, in place of what it was answered before."""
        self._jobs.put(lambda recorder: recorder.complete(event))

    def contract(self, contract: str) -> None:
        """What the next trading day trades."""

        def job(recorder: Recorder) -> None:
            recorder.contract = contract

        self._jobs.put(job)

    def end(self, status: str, carry: dict[str, Any]) -> None:
        """The session is over."""
        self._jobs.put(lambda recorder: recorder.end(status, carry))

    @property
    def backlog(self) -> int:
        """About how much waits: queued jobs and rows. Those who can wait should, past a limit."""
        return self._jobs.qsize() + len(self.recorder)

    @property
    def unsaved_s(self) -> float:
        """How long the oldest row has waited for the database; 0 when none does."""
        since = self._since
        return self._clock() - since if since else 0.0

    def close(self) -> None:
        """Write what is left and stop. Waits for it; call it off the loop."""
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join()

    # In the thread

    def _run(self) -> None:
        try:
            while self.collect():
                self.catch_up()
                if self.due and not self.flush():
                    connection.close()  # the next attempt gets a new one
            self.catch_up(all_of_it=True)
            self._drain()
        finally:
            connection.close()

    def collect(self, timeout: float | None = None) -> bool:
        """Take what is queued, waiting for the first; False when the writer is to stop."""
        if timeout is None:
            timeout = self._seconds_to_flush()
        try:
            job = self._jobs.get(timeout=timeout) if timeout > 0 else self._jobs.get_nowait()
            while True:
                if job is None:
                    return False
                self._do(job)
                if len(self.recorder) >= MOST_ROWS and not self.stats.failing:
                    break
                job = self._jobs.get_nowait()
        except queue.Empty:
            pass
        if self.recorder.changed and not self._since:
            self._since = self._clock()
        return True

    def _do(self, job: Job) -> None:
        try:
            job(self.recorder)
        except Exception:
            self.stats.lost += 1
            log.exception("recording_failed")

    def _put_off(self, job: Job, _: Recorder) -> None:
        if not self._later:
            self._later_since = self._clock()
        self._later.append(job)

    def catch_up(self, *, all_of_it: bool = False) -> None:
        """Do what was put off, if its time has come."""
        if all_of_it or self._clock() >= self._later_since + INTERVAL_S:
            jobs, self._later = self._later, []
            for job in jobs:
                self._do(job)

    def _seconds_to_flush(self) -> float:
        due = self._clock() + 3600.0
        if self._since:
            due = max(self._since + INTERVAL_S, self._not_before)
        if self._later:
            due = min(due, self._later_since + INTERVAL_S)
        return due - self._clock()

    @property
    def due(self) -> bool:
        if not self.recorder.changed or self._clock() < self._not_before:
            return False
        full = len(self.recorder) >= MOST_ROWS
        return full or (self._since > 0 and self._clock() >= self._since + INTERVAL_S)

    def flush(self) -> bool:
        """Try to write what waits; False when the database failed and it is to be tried later."""
        began = self._clock()
        attempt = Flush(self.recorder)
        try:
            attempt.run()
        except (DatabaseError, OSError) as error:
            self.stats.failures += 1
            self.stats.failing = True
            self._not_before = self._clock() + self._wait
            log.warning(
                "database_failing",
                error=str(error),
                waiting=len(self.recorder),
                again_in_s=self._wait,
            )
            self._wait = min(self._wait * 2, LONGEST_WAIT_S)
            self._away.failed(self._clock())
            return False
        if self.stats.failing:
            log.info("database_back", rows=attempt.rows)
            self._away.over(self._clock())
        self.stats.failing = False
        self._since = self._not_before = 0.0
        self._wait = FIRST_WAIT_S
        self.stats.flushes += 1
        self.stats.rows += attempt.rows
        self.stats.refused += attempt.refused
        took = self._clock() - began
        self.stats.slowest_s = max(self.stats.slowest_s, took)
        self.stats.flushing.add(int(took * NS))
        return True

    def _drain(self) -> None:
        give_up = self._clock() + DRAIN_S
        while self.recorder.changed and not self.flush():
            connection.close()
            if self._clock() >= give_up:
                self._save_leftovers()
                return
            time.sleep(min(FIRST_WAIT_S, max(0.0, give_up - self._clock())))

    def _save_leftovers(self) -> None:
        rows = [row for row in self.recorder.rows() if getattr(row, "session_id", 1)]
        self.stats.lost += len(rows)
        self._away.let_go()
        if self.leftovers is None or not rows:
            log.error("rows_lost", rows=len(rows))
            return
        with self.leftovers.open("w") as file:
            serializers.serialize("jsonl", rows, stream=file)
        log.error("rows_left_in_file", rows=len(rows), file=str(self.leftovers))
