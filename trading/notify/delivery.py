"""Delivers what waits, beside whatever trades or watches: one thread, one process of a machine.

- At least once, in order for each channel. A notice is marked when the channel has said that it
  arrived; a process that is killed in between sends it a second time, for no channel can be asked
  whether it has a message.
- A channel that is slow, away or asks for a pause waits by itself and holds up no other kind of
  work: whoever posts writes a row and goes on. The queue is the retry.
- What a channel refuses for good is marked, said and left.
- While the database is away the spool is delivered as it is, and brought in when it is back.
"""

import fcntl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Count, Min, Q
from django.utils import timezone

from trading.models import Account, Delivery
from trading.notify import channels, spool
from trading.notify.grouping import Storms
from trading.notify.message import Channel, Refused, TryLater
from trading.notify.outbox import woken
from trading.notify.waiting import Files, Item, Rows, Waiting, bring_in
from trading.notify.wording import message_of

log = structlog.get_logger(__name__)

LOOK_S: Final = 2.0
"""How often it looks for what other processes posted."""
FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 120.0
STOP_S: Final = 5.0


class Way:
    """One channel, and what there is to know about sending through it."""

    def __init__(self, name: str, channel: Channel) -> None:
        self.name = name
        self.channel = channel
        self.not_before = 0.0
        self.failures = 0
        self.storms: Storms[Item] = Storms()


class Deliverer:
    """`start`, `stop`; or `deliver_once` by whoever has a thread. Times are of `clock`."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = MachineLock()
        self._ways: dict[str, Way] = {}
        self._rows, self._files = Rows(), Files()
        self._real_money: set[str] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notify", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float = STOP_S) -> None:
        """Give what waits a moment, and end. What is still under way then is sent again by the next
        process."""
        self._give_up = self._clock() + timeout
        self._closing.set()
        woken.set()
        self._thread.join(timeout + 1.0)

    def deliver_once(self) -> int:
        """Send what may go out now; how many messages went. Nothing when another process does."""
        if not self._lock.taken():
            return 0
        waiting: Waiting = self._rows
        ways = self._opened()
        try:
            bring_in()
            if ways:
                self._look_up_accounts()
        except DatabaseError as error:
            log.warning("notices_without_database", error=type(error).__name__)
            connection.close()
            waiting = self._files
        try:
            return sum(self._through(way, waiting) for way in ways)
        except DatabaseError as error:
            log.warning("notices_not_marked", error=type(error).__name__)
            connection.close()
            return 0

    def close(self) -> None:
        """Leave delivering to another."""
        for way in self._ways.values():
            way.channel.close()
        self._ways.clear()
        self._lock.release()

    # One channel

    def _opened(self) -> list[Way]:
        for name in channels.configured():
            if name not in self._ways:
                self._ways[name] = Way(name, channels.opened(name))
        return list(self._ways.values())

    def _through(self, way: Way, waiting: Waiting) -> int:
        went = 0
        if self._clock() < way.not_before:
            return went
        for group in self._due(way, waiting):
            if self._clock() < way.not_before or self._late:
                break
            went += self._send(way, waiting, group)
        return went

    def _due(self, way: Way, waiting: Waiting) -> list[list[Item]]:
        """A storm is not waited for at the end."""
        storms: Storms[Item] = Storms() if self._closing.is_set() else way.storms
        return storms.groups(waiting.items(way.name), self._clock())

    def _send(self, way: Way, waiting: Waiting, group: Sequence[Item]) -> int:
        real = any(item.news.account in self._real_money for item in group)
        try:
            pause = way.channel.send(message_of(group, real_money=real))
        except TryLater as error:
            self._wait(way, error)
            waiting.later(way.name, group, str(error))
            return 0
        except Refused as error:
            told = {"channel": way.name, "kind": group[0].kind, "reason": str(error)}
            log.error("notice_refused", **told)  # noqa: TRY400 (a traceback may hold the address)
            waiting.refused(way.name, group, str(error))
            return 0
        if way.failures:
            log.info("notices_go_out_again", channel=way.name, after_attempts=way.failures)
        way.failures = 0
        way.not_before = self._clock() + pause
        way.storms.sent(group[0].kind, self._clock())
        waiting.sent(way.name, group)
        return 1

    def _wait(self, way: Way, error: TryLater) -> None:
        seconds = error.after_s
        if seconds is None:
            seconds = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(way.failures, 16))
        if way.failures == 0:
            log.warning("notices_wait", channel=way.name, reason=str(error), again_in_s=seconds)
        way.failures += 1
        way.not_before = self._clock() + seconds

    def _look_up_accounts(self) -> None:
        """Whose money it is, as long as that can be asked."""
        live = Account.objects.filter(mode="live").exclude(broker="test")
        self._real_money = set(live.values_list("name", flat=True))

    # The thread

    _give_up = float("inf")

    @property
    def _late(self) -> bool:
        return self._clock() >= self._give_up

    def _run(self) -> None:
        try:
            while not self._closing.is_set():
                woken.clear()
                self._safely()
                woken.wait(LOOK_S if self._lock.held else 2 * LOOK_S)
            self._last_words()
        finally:
            self.close()
            connection.close()

    def _last_words(self) -> None:
        """What waits goes out before the process ends, as far as there is time."""
        while not self._late:
            if self._safely():
                continue
            pauses = [way.not_before - self._clock() for way in self._ways.values()]
            soon = [pause for pause in pauses if pause > 0]
            if not soon or self._clock() + min(soon) >= self._give_up:
                return
            time.sleep(min(soon))

    def _safely(self) -> int:
        try:
            return self.deliver_once()
        except Exception:
            log.exception("delivering_failed")
            return 0


@contextmanager
def delivering() -> Iterator[Deliverer]:
    """Deliver beside what is done in here."""
    deliverer = Deliverer()
    deliverer.start()
    try:
        yield deliverer
    finally:
        deliverer.stop()


class MachineLock:
    """One process of a machine delivers. The lock is the operating system's: it ends with its
    process, however that ends, and the next that looks takes it."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None

    @property
    def held(self) -> bool:
        return self._file is not None

    def taken(self) -> bool:
        """Whether it is ours, now or already."""
        if self._file is not None:
            return True
        folder = Path(settings.DATA_DIR) / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "notify.lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def state() -> dict[str, Any]:
    """How delivery stands, for `manage.py status` and others that look: `channels` configured,
    `waiting` and `refused` deliveries, `spooled` files, `oldest_s` (seconds since the oldest that
    waits was written; None when nothing does), `error` (the last that was not overcome)."""
    status = Delivery.Status
    found = Delivery.objects.aggregate(
        waiting=Count("pk", filter=Q(status=status.WAITING)),
        refused=Count("pk", filter=Q(status=status.REFUSED)),
        oldest=Min("notice__created_at", filter=Q(status=status.WAITING)),
    )
    troubled = Delivery.objects.exclude(error="").exclude(status=status.SENT).order_by("-pk")
    oldest = found["oldest"]
    return {
        "channels": channels.configured(),
        "waiting": found["waiting"],
        "refused": found["refused"],
        "spooled": len(spool.waiting()),
        "oldest_s": None if oldest is None else (timezone.now() - oldest).total_seconds(),
        "error": troubled.values_list("error", flat=True).first() or "",
    }
