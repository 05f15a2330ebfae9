"""What waits to be delivered: rows, or the files of the spool while the database is away.

Both say what waits for a channel, oldest first, and keep what became of it. What went out and could
not be marked is remembered, so that a database that fails in between makes no second message; only
a process that dies there does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from trading.models import Delivery
from trading.notify import spool
from trading.notify.outbox import News, keep, notice_of

LOOKED_AT: Final = 1000
LONGEST_ERROR: Final = 300


@dataclass(frozen=True)
class Item:
    """`ref` is the delivery's key, or the spool's file."""

    ref: "int | spool.Spooled"
    news: News
    ts: datetime
    tries: int = 0

    @property
    def kind(self) -> str:
        return self.news.kind

    @property
    def level(self) -> str:
        return self.news.level


class Waiting(Protocol):
    """Where it waits."""

    def items(self, channel: str) -> list[Item]: ...

    def sent(self, channel: str, items: Sequence[Item]) -> None:
        """They went out, in one message."""
        ...

    def refused(self, channel: str, items: Sequence[Item], error: str) -> None:
        """The channel will never take them."""
        ...

    def later(self, channel: str, items: Sequence[Item], error: str) -> None:
        """They did not go out this time."""
        ...


class Rows:
    """Deliveries in the database; its errors come through."""

    def __init__(self) -> None:
        self._unmarked: dict[int, str] = {}

    def items(self, channel: str) -> list[Item]:
        self._mark()
        rows = Delivery.objects.filter(channel=channel, status=Delivery.Status.WAITING)
        found = rows.select_related("notice").order_by("notice_id")[:LOOKED_AT]
        return [Item(row.pk, _news(row), row.notice.ts, row.attempts) for row in found]

    def sent(self, channel: str, items: Sequence[Item]) -> None:
        first, *rest = _keys(items)
        self._unmarked[first] = Delivery.Status.SENT
        self._unmarked.update(dict.fromkeys(rest, Delivery.Status.GROUPED))
        self._mark()

    def refused(self, channel: str, items: Sequence[Item], error: str) -> None:
        _these(items).update(
            status=Delivery.Status.REFUSED, error=error[:LONGEST_ERROR], attempts=F("attempts") + 1
        )

    def later(self, channel: str, items: Sequence[Item], error: str) -> None:
        _these(items[:1]).update(error=error[:LONGEST_ERROR], attempts=F("attempts") + 1)

    def _mark(self) -> None:
        if not self._unmarked:
            return
        with transaction.atomic():
            for status in (Delivery.Status.SENT, Delivery.Status.GROUPED):
                these = [ref for ref, became in self._unmarked.items() if became == status]
                Delivery.objects.filter(pk__in=these).update(
                    status=status, sent_at=timezone.now(), error="", attempts=F("attempts") + 1
                )
        self._unmarked.clear()


class Files:
    """The spool, as it is: what becomes of each file's news is written into that file."""

    def __init__(self) -> None:
        self._done: set[tuple[str, str]] = set()  # where the disk did not take that it was sent

    def items(self, channel: str) -> list[Item]:
        return [
            Item(each, each.news, each.news.ts or timezone.now())
            for each in spool.waiting()
            if channel not in {*each.sent, *each.refused}
            and (channel, each.path.name) not in self._done
        ]

    def sent(self, channel: str, items: Sequence[Item]) -> None:
        self._done |= {(channel, each.path.name) for each in _files(items)}
        for each in _files(items):
            spool.write(replace(each, sent={**each.sent, channel: timezone.now()}))

    def refused(self, channel: str, items: Sequence[Item], error: str) -> None:
        for each in _files(items):
            spool.write(replace(each, refused={**each.refused, channel: error}))

    def later(self, channel: str, items: Sequence[Item], error: str) -> None:
        """Files count no attempts."""


def bring_in() -> int:
    """Move the spool into the database, as far as it was delivered; how many files it had. The
    database's error when it takes nothing."""
    files = spool.waiting()
    for each in files:
        with transaction.atomic():
            keep([each.news])
            rows = Delivery.objects.filter(
                notice__key=notice_of(each.news).key, status=Delivery.Status.WAITING
            )
            for channel, at in each.sent.items():
                rows.filter(channel=channel).update(status=Delivery.Status.SENT, sent_at=at)
            for channel, error in each.refused.items():
                rows.filter(channel=channel).update(
                    status=Delivery.Status.REFUSED, error=error[:LONGEST_ERROR]
                )
        spool.forget(each)
    return len(files)


def _these(items: Sequence[Item]) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk__in=_keys(items))


def _keys(items: Sequence[Item]) -> list[int]:
    return [item.ref for item in items if isinstance(item.ref, int)]


def _files(items: Sequence[Item]) -> list[spool.Spooled]:
    return [item.ref for item in items if isinstance(item.ref, spool.Spooled)]


def _news(row: Delivery) -> News:
    notice = row.notice
    return News(
        kind=notice.kind,
        key=notice.key,
        title=notice.title,
        level=notice.level,
        ts=notice.ts,
        account=notice.account,
        text=notice.text,
        facts=[(name, value) for name, value in notice.facts],
        picture=notice.picture,
    )
