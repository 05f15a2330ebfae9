"""News become rows: a notice, and a delivery for each channel that is configured.

Each is kept once, under a key made of what it is about. When the database takes nothing, news go
into files (`trading.notify.spool`), from which they are delivered all the same.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from django.db import Error as DatabaseError
from django.db import IntegrityError, connection, transaction

from trading import clock
from trading.models import Delivery, Notice
from trading.notify.channels import configured

log = structlog.get_logger(__name__)

LONGEST_KEY: Final = 160
LONGEST_TITLE: Final = 200

woken: Final = threading.Event()
"""Set when something was kept: whoever delivers in this process need not wait for its next look."""


@dataclass(frozen=True, kw_only=True)
class News:
    """`key` is made of what it is about: the same news again is no second notice. `facts` are pairs
    of a name and a text, in order; `picture` is a PNG's path under DATA_DIR; `ts` is now unless
    given. No secret may be in any of them."""

    kind: str
    key: str
    title: str
    level: str = Notice.Level.INFO
    ts: datetime | None = None
    account: str = ""
    text: str = ""
    facts: Sequence[tuple[str, str]] = ()
    picture: str = ""


def post(news: News) -> None:
    """Keep it for delivery. Part of the transaction that it is called in, with the database's error
    when that takes nothing; outside of one it is kept in a file then."""
    from trading.notify import spool

    if connection.in_atomic_block:
        try:
            with transaction.atomic():
                keep([news])
        except IntegrityError:  # somebody else kept it meanwhile
            keep([news])
        return
    try:
        keep([news])
    except DatabaseError as error:
        log.warning("notice_spooled", kind=news.kind, error=type(error).__name__)
        spool.keep([news])


def keep(news: Iterable[News]) -> list[Notice]:
    """Write what is new of these, and its deliveries; the new rows. One question to the database
    when all of it is known, none when there is nothing."""
    wanted = {_text(each.key)[:LONGEST_KEY]: each for each in news}
    if not wanted:
        return []
    with transaction.atomic(savepoint=False):
        known = set(Notice.objects.filter(key__in=wanted).values_list("key", flat=True))
        fresh = [notice_of(each) for key, each in wanted.items() if key not in known]
        if fresh:
            write(fresh)
    return fresh


def write(notices: list[Notice]) -> None:
    """New notices, waiting for every channel. In a transaction."""
    Notice.objects.bulk_create(notices)
    Delivery.objects.bulk_create(
        Delivery(notice=notice, channel=channel) for notice in notices for channel in configured()
    )
    transaction.on_commit(woken.set)


def notice_of(news: News) -> Notice:
    """The row that is not written yet."""
    return Notice(
        key=_text(news.key)[:LONGEST_KEY],
        kind=_text(news.kind)[:40],
        level=news.level,
        ts=news.ts or clock.now(),
        account=_text(news.account)[:40],
        title=_text(news.title)[:LONGEST_TITLE],
        text=_text(news.text),
        facts=[[_text(name), _text(value)] for name, value in news.facts],
        picture=_text(news.picture)[:200],
    )


def _text(value: Any) -> str:
    """Without what a database refuses: PostgreSQL a NUL, every one half a surrogate pair."""
    return str(value).replace("\x00", "").encode(errors="replace").decode()
