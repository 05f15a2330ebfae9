"""The watchdog's loop: look, judge, say, remember; every LOOK_S of the trading day's clock.

It needs nothing that it watches: not the database, not Redis, not the trading process. What it
could not say it keeps and says later.
"""

import fcntl
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

from trading.clock import real
from trading.errors import StartError
from trading.heartbeat.figures import process
from trading.models import Notice
from trading.watchdog import health
from trading.watchdog.delivering import Delivering
from trading.watchdog.keeping import keep, read
from trading.watchdog.looking import Looker
from trading.watchdog.posting import Poster
from trading.watchdog.rules import Finding, findings, is_gone
from trading.watchdog.seen import Seen
from trading.watchdog.services import Asker, in_database
from trading.watchdog.systemd import Notifier
from trading.watchdog.telling import KIND, tell

log = structlog.get_logger(__name__)

LOOK_S: Final = 60
LOCK: Final = ".watchdog.lock"
"""No account's: their names begin with a letter, a digit, - or _."""
LEVELS: Final = {Notice.Level.INFO: log.info, Notice.Level.GOOD: log.info}


class Watchdog:
    """`look` once, or `run` until told to stop."""

    def __init__(
        self,
        looker: Looker,
        *,
        folder: Path | None = None,
        delivering: Delivering | None = None,
        systemd: Notifier | None = None,
    ) -> None:
        self.folder = folder or Path(settings.DATA_DIR)
        self.memory = read(self.folder)
        self.delivering = delivering or Delivering()
        self.systemd = systemd or Notifier()
        self.failures = 0
        self._looker = looker
        self._post = Poster()
        self._began = ""
        self._process = process()

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set."""
        try:
            while not stop.is_set():
                self._try_to_look()
                self.systemd.ready()
                self._wait(stop)
        finally:
            self.systemd.stopping()
            self.delivering.need(False)
            self.memory.now["ended"] = True
            keep(self.memory, self.folder)

    def look(self) -> list[Finding]:
        """Look once, and say what there is to say. What is wrong now."""
        seen = self._looker.look()
        found = findings(seen)
        self.memory.episodes, news = tell(self.memory.episodes, found, seen.now)
        for one in news:
            self._note(one.kind, one.level, one.title, one.text)
        self.memory.say(news)
        self._health(seen)
        self._remember(seen, found)
        self._say()
        self.delivering.need(dead(seen))
        return found

    def _try_to_look(self) -> None:
        try:
            found = self.look()
        except Exception:
            self.failures += 1
            log.exception("watchdog_look_failed", failures=self.failures)
            return
        self.systemd.status("; ".join(one.title for one in found if one.wrong) or "all well")

    def _wait(self, stop: threading.Event) -> None:
        """Until the next look; systemd, which goes by the machine's time, hears of us meanwhile."""
        left = real(LOOK_S)
        every = self.systemd.watchdog_s / 2 or left
        while left > 0 and not stop.wait(min(every, left)):
            self.systemd.alive()
            left -= every

    def _note(self, kind: str, level: str, title: str, text: str) -> None:
        name = kind.removeprefix(KIND)
        if name != "over" and level != Notice.Level.INFO:
            self.memory.counts[name] += 1
        LEVELS.get(Notice.Level(level), log.warning)("watchdog", kind=name, title=title, text=text)

    def _health(self, seen: Seen) -> None:
        due = health.due(seen.now, self.memory.reported)
        if due is None:
            return
        day, begins, ends = due
        figures = _figures(begins, ends) if not seen.database.error else None
        self.memory.say([health.report(day, seen.now, figures, self.memory, seen.disk_free)])
        self.memory.reported, self.memory.counts = f"{day}", Counter()

    def _remember(self, seen: Seen, found: Sequence[Finding]) -> None:
        self._began = self._began or seen.now.isoformat()
        self.memory.now = {
            **self._process,
            "started_at": self._began,
            "looked_at": seen.now.isoformat(),
            "every_s": LOOK_S,
            "ended": False,
            "accounts": sorted(seen.beats),
            "delivers": self.delivering.on,
            "findings": [
                {
                    "kind": one.rule.kind,
                    "level": str(one.rule.level),
                    "title": one.title,
                    "text": one.found.text,
                }
                for one in found
            ],
        }
        keep(self.memory, self.folder)

    def _say(self) -> None:
        posted = self._post(self.memory.pending)
        if posted:
            self.memory.pending = [one for one in self.memory.pending if one.key not in posted]
            keep(self.memory, self.folder)


def dead(seen: Seen) -> bool:
    """Whether no trading process lives that would deliver notices."""
    return not any(not beat.ended and not is_gone(seen, beat) for beat in seen.beats.values())


def _figures(begins: datetime, ends: datetime) -> dict[str, health.Figures] | None:
    try:
        found = Asker(in_database(partial(health.signs, begins, ends)))()
    except Exception:
        log.exception("health_not_known")
        return None
    return {account: health.figures(signs) for account, signs in found.items()}


@contextmanager
def only_watchdog(folder: Path) -> Iterator[None]:
    """A second one on the same DATA_DIR is refused; the lock ends with its process."""
    (folder / "locks").mkdir(parents=True, exist_ok=True)
    with (folder / "locks" / LOCK).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StartError(
                f"another watchdog watches {folder}; stop it, or give this one its own DATA_DIR"
            ) from None
        yield
