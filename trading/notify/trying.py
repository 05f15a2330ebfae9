"""What `manage.py notify` does: a message now, past the queue; what was told, as data."""

from typing import Any

from trading import clock
from trading.models import Delivery, Notice
from trading.notify import channels
from trading.notify.message import ChannelError, Message
from trading.notify.wording import link_of
from trading.templatetags.pages import ny_stamp


def try_channels() -> dict[str, str]:
    """Send a message through each channel that is configured; what was wrong with it, "" if it
    arrived."""
    message = Message(
        kind="test",
        level=Notice.Level.INFO,
        title="This is a test",
        text="Notices of tradebot arrive here.",
        ts=clock.now(),
        link=link_of(""),
    )
    return {name: _try(name, message) for name in channels.configured()}


def _try(name: str, message: Message) -> str:
    channel = channels.opened(name)
    try:
        channel.send(message)
    except ChannelError as error:
        return str(error)
    finally:
        channel.close()
    return ""


def listed(*, waiting: bool, most: int) -> list[dict[str, Any]]:
    """The newest notices, newest first, with what became of them by channel."""
    rows = Notice.objects.prefetch_related("deliveries").order_by("-pk")
    if waiting:
        rows = rows.filter(deliveries__status=Delivery.Status.WAITING).distinct()
    return [
        {
            "key": row.key,
            "ts": row.ts.isoformat(),
            "new_york": ny_stamp(row.ts),
            "kind": row.kind,
            "level": row.level,
            "account": row.account,
            "title": row.title,
            "text": row.text,
            "facts": row.facts,
            "deliveries": {
                each.channel: {
                    "status": each.status,
                    "attempts": each.attempts,
                    "error": each.error,
                    "sent_at": each.sent_at.isoformat() if each.sent_at else None,
                }
                for each in row.deliveries.all()
            },
        }
        for row in rows[:most]
    ]
