"""Where heartbeats go: a file, Redis, the database.

Each target has a thread of its own, so that none keeps another waiting, and nobody the pipeline. A
beat that a target does not take waits for the next; the database, whose rows are the history, then
gets up to `KEPT_ROWS` of them, the others the newest alone.
"""

import json
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

import structlog
from django.conf import settings
from django.db import connection

from trading.clock import real
from trading.heartbeat.reading import NEWEST_FILE, of_document
from trading.models import Heartbeat
from trading.pipeline.core import worth_saying
from trading.wire import Json

log = structlog.get_logger(__name__)

KEPT_ROWS: Final = 120
"""An hour of beats."""
REDIS_WITHIN_S: Final = 3.0
REDIS_BEATS: Final = 3
"""A key lives for as long as it takes to miss so many beats."""


class Target(Protocol):
    """`kept`: how many beats wait for it when it takes none."""

    name: str
    kept: int

    def write(self, documents: Sequence[Json]) -> None:
        """The oldest first. May wait; raises when it failed."""
        ...


class File:
    """`heartbeat-ACCOUNT.json`, and `heartbeat.json` for whoever beat last on this machine."""

    name = "file"
    kept = 1

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, documents: Sequence[Json]) -> None:
        document = documents[-1]
        text = json.dumps(document, indent=1) + "\n"
        for name in (f"heartbeat-{document['account']}.json", NEWEST_FILE):
            write_whole(self._folder / name, text, by=document["account"])


class Redis:
    """A key for each account, gone when no beat came for a while."""

    name = "redis"
    kept = 1

    def __init__(self, url: str, prefix: str, every_s: float) -> None:
        from redis import Redis as Client

        self._client = Client.from_url(
            url, socket_connect_timeout=REDIS_WITHIN_S, socket_timeout=REDIS_WITHIN_S
        )
        self._prefix = prefix
        self._every_s = every_s

    def write(self, documents: Sequence[Json]) -> None:
        document = documents[-1]
        key = f"{self._prefix}:heartbeat:{document['account']}"
        lives = max(1000, int(real(REDIS_BEATS * self._every_s) * 1000))
        self._client.set(key, json.dumps(document), px=lives)


class Database:
    """A row each."""

    name = "database"
    kept = KEPT_ROWS

    def write(self, documents: Sequence[Json]) -> None:
        beats = map(of_document, documents)
        try:
            Heartbeat.objects.bulk_create(
                Heartbeat(account=beat.account, ts=beat.ts, document=beat.document)
                for beat in beats
            )
        finally:
            connection.close()  # the next beat is long after this one


def configured(every_s: float) -> list[Target]:
    """The targets that this process has."""
    targets: list[Target] = [File(Path(settings.DATA_DIR)), Database()]
    if settings.REDIS_URL:
        targets.append(Redis(settings.REDIS_URL, settings.REDIS_PREFIX, every_s))
    return targets


def write_whole(path: Path, text: str, *, by: str) -> None:
    """All or nothing: under its name there is never half a file. `by` tells apart who writes at the
    same time."""
    unfinished = path.with_name(f".{path.name}.{by}")
    unfinished.write_text(text)
    unfinished.replace(path)


class Carrier:
    """Carries beats to one target, in a thread. `take` never waits."""

    def __init__(self, target: Target, *, told: Callable[[str], None] = lambda name: None) -> None:
        self.target = target
        self.failures = 0
        self._told = told
        self._waiting: deque[Json] = deque(maxlen=target.kept)
        self._changed = threading.Condition()
        self._fresh = self._closing = False
        self._thread = threading.Thread(
            target=self._run, name=f"heartbeat-{target.name}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def take(self, document: Json) -> None:
        with self._changed:
            self._waiting.append(document)
            self._fresh = True
            self._changed.notify()

    def close(self, timeout: float) -> None:
        """Carry what waits, once more, and end; what takes longer is left behind."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._fresh or self._closing)
                if not self._fresh:
                    return
                documents, self._fresh = list(self._waiting), False
            self._carry(documents)

    def _carry(self, documents: Sequence[Json]) -> None:
        try:
            self.target.write(documents)
        except Exception as error:  # noqa: BLE001, each target has errors of its own
            self.failures += 1
            if worth_saying(self.failures):
                log.warning(
                    "heartbeat_not_written",
                    target=self.target.name,
                    error=" ".join(str(error).split())[:200] or type(error).__name__,
                    failures=self.failures,
                )
            return
        with self._changed:
            while self._waiting and self._waiting[0] in documents:
                self._waiting.popleft()
        self._told(self.target.name)
