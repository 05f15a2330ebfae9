"""News become rows: a notice, and a delivery for each channel that is configured."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from trading import clock
from trading.models import Delivery, Notice
from trading.notify.channels import configured


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
    """Keep it for delivery. Part of the transaction that it is called in; the database's error when
    that takes nothing."""
    with transaction.atomic():
        notice, made = Notice.objects.get_or_create(
            key=news.key,
            defaults={
                "kind": news.kind,
                "level": news.level,
                "ts": news.ts or clock.now(),
                "account": news.account,
                "title": news.title[:200],
                "text": news.text,
                "facts": [list(fact) for fact in news.facts],
                "picture": news.picture,
            },
        )
        if made:
            Delivery.objects.bulk_create(
                Delivery(notice=notice, channel=channel) for channel in configured()
            )
