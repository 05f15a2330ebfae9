"""Tells the trader, while the database is away, what would be stored with its rows.

What waits to be told goes into the spool, from which it is delivered without a database. The rows
themselves wait in the recorder, and come without news when the database is back.
"""

from typing import TYPE_CHECKING, Final

import structlog

from trading import clock
from trading.models import Notice
from trading.notify import spool
from trading.notify.outbox import News
from trading.templatetags.pages import span

if TYPE_CHECKING:
    from trading.pipeline.recorder import Recorder

log = structlog.get_logger(__name__)

TOLD_AFTER_S: Final = 10.0
"""A database that is only locked for a moment is nobody's news."""
LOST: Final = "connection_lost"
BACK: Final = "connection_restored"


class Away:
    """Told of every attempt to write that failed, and of the one that worked. Times are of the
    writer's clock."""

    def __init__(self, recorder: "Recorder") -> None:
        self._recorder = recorder
        self._since: float | None = None
        self._told = False

    def failed(self, now: float) -> None:
        """The database took nothing."""
        if self._since is None:
            self._since = now
        if now - self._since < TOLD_AFTER_S:
            return
        if not self._told:
            self._told = self._spool([self._lost()])
        self.let_go()

    def over(self, now: float) -> None:
        """It takes rows again."""
        since, told = self._since, self._told
        self._since, self._told = None, False
        if since is not None and told:
            title = f"The database is back after {span(round(now - since))}"
            self._spool([self._news(BACK, title, Notice.Level.GOOD)])

    def let_go(self) -> None:
        """What waits to be told waits no longer."""
        telling = self._recorder.telling
        if self._spool(telling.news()):
            telling.clear()

    def _lost(self) -> News:
        text = f"{len(self._recorder):,} rows wait, and are written when it is back."
        return self._news(LOST, "The database is lost", Notice.Level.ERROR, text)

    def _news(self, kind: str, title: str, level: str, text: str = "") -> News:
        session = self._recorder.session
        return News(
            kind=kind,
            key=f"database/{session.account.name}/{clock.now_ns()}",
            title=title,
            level=level,
            account=session.account.name,
            text=text,
        )

    def _spool(self, news: list[News]) -> bool:
        """False when the disk takes nothing either."""
        try:
            spool.keep(news)
        except OSError as error:
            log.exception("notices_not_spooled", notices=len(news), error=str(error))
            return False
        return True
