"""One message of one notice, or of many of a kind: how many, the first, the last."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from marketdata.calendars import NEW_YORK
from trading.notify.message import Message
from trading.notify.waiting import Item
from trading.templatetags.pages import words

SEVERITY: Final = ("good", "info", "warning", "error", "critical")
SHOWN: Final = 12
"""Lines of a message that stands for many: all of them, or the first and the last half."""


def message_of(items: Sequence[Item], *, real_money: bool) -> Message:
    """What a channel is asked to send for these notices of one kind."""
    return _one(items[0], real_money) if len(items) == 1 else _many(items, real_money)


def _one(item: Item, real_money: bool) -> Message:
    news = item.news
    return Message(
        kind=news.kind,
        level=news.level,
        title=news.title,
        ts=item.ts,
        account=news.account,
        text=news.text,
        facts=tuple(news.facts),
        picture=Path(settings.DATA_DIR) / news.picture if news.picture else None,
        link=link_of(news.key),
        real_money=real_money,
    )


def _many(items: Sequence[Item], real_money: bool) -> Message:
    first, last = items[0], items[-1]
    accounts = list(dict.fromkeys(item.news.account for item in items if item.news.account))
    return Message(
        kind=first.kind,
        level=max((item.level for item in items), key=SEVERITY.index),
        title=f"{len(items)} × {words(first.kind).lower()}",
        ts=last.ts,
        account=", ".join(accounts),
        text="\n".join(_lines(items)),
        facts=(
            ("First", _told(first)),
            ("Last", _told(last)),
        ),
        count=len(items),
        link=link_of(""),
        real_money=real_money,
    )


def _lines(items: Sequence[Item]) -> list[str]:
    lines = [f"{_time(item)} {item.news.title}" for item in items]
    if len(lines) <= SHOWN:
        return lines
    half = SHOWN // 2
    return [*lines[:half], f"… {len(lines) - 2 * half} more …", *lines[-half:]]


def _told(item: Item) -> str:
    text = item.news.text
    told = f"{_time(item)} {item.news.title}"
    return f"{told}: {text}" if text else told


def _time(item: Item) -> str:
    return f"{item.ts.astimezone(NEW_YORK):%H:%M:%S}"


def link_of(key: str) -> str:
    """Where the page shows it, if the page has an address that others can open."""
    if not settings.PUBLIC_URL:
        return ""
    about, _, rest = key.partition("/")
    if about == "trade":
        path = reverse("trade", args=[rest.partition("/")[0]])
    else:
        path = reverse("notices")
    return f"{settings.PUBLIC_URL}{quote(path)}"
