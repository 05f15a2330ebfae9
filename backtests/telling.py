"""Tells open pages how a run is doing, over Channels, in the form that `progress` gives.

It is told a few times a second at most, and is no reason for a run to fail: the row says the same
to a page that missed it.
"""

import time
from collections.abc import Callable
from datetime import date
from typing import Any, Final, TypeAlias

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer

from backtests.models import Backtest
from trading.wire import row_money

GROUP: Final = "backtests"
EVERY_S: Final = 0.25

Message: TypeAlias = dict[str, Any]
Tell: TypeAlias = Callable[[Message], None]

log = structlog.get_logger(__name__)


def progress(row: Backtest, day: date | None = None) -> Message:
    """How a run is doing: days `done` by the account, `analysed` by stage one, `kept` of those
    without work, and the `day` that was done last. Money as text."""
    return {
        "type": "backtest.progress",
        "id": row.pk,
        "status": str(row.status),
        "done": row.days_done,
        "days": row.days_asked,
        "analysed": row.days_analysed,
        "kept": row.days_kept,
        "ticks": row.ticks,
        "day": None if day is None else day.isoformat(),
        "net": row_money(row.net),
    }


def over_channels(message: Message) -> None:
    """Send it to every page. In memory, those are the pages of this process."""
    layer = get_channel_layer()
    if layer is None:
        return
    try:
        async_to_sync(layer.group_send)(GROUP, message)
    except Exception:  # Redis is away; what is lost is one of many
        log.warning("progress_not_told", backtest=message["id"], exc_info=True)


class Pace:
    """`due()` is true a few times a second at most."""

    def __init__(self, every_s: float = EVERY_S) -> None:
        self._every_s = every_s
        self._next = 0.0

    def due(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._every_s
        return True
