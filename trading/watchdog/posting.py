"""Notices leave the watchdog: the one place that knows that nothing may take them.

While the database is down `post` keeps them in files, from which they are delivered. On a full disk
not even that works: they wait in the watchdog then.
"""

from collections.abc import Sequence

import structlog
from django.db import Error as DatabaseError

from trading.notify import News, post
from trading.watchdog.services import Asker, in_database

log = structlog.get_logger(__name__)


class Poster:
    """Posts in a thread, within a time: a database that hangs keeps nobody waiting for ever."""

    def __init__(self) -> None:
        self._waiting: Sequence[News] = ()
        self._ask = Asker(in_database(self._post))

    def __call__(self, waiting: Sequence[News]) -> frozenset[str]:
        """The keys of those that were posted; the rest is to be given again."""
        self._waiting = tuple(waiting)
        try:
            posted: frozenset[str] = self._ask() if waiting else frozenset()
        except TimeoutError as error:
            log.warning("notices_wait", waiting=len(waiting), error=str(error))
            return frozenset()
        if left := len(waiting) - len(posted):
            log.warning("notices_wait", waiting=left)
        return posted

    def _post(self) -> frozenset[str]:
        posted = set()
        for news in self._waiting:
            try:
                post(news)
            except (DatabaseError, OSError) as error:
                log.warning(
                    "notice_not_posted", key=news.key, error=" ".join(str(error).split())[:200]
                )
                break
            posted.add(news.key)
        return frozenset(posted)
