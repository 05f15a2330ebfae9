"""From what the pipeline records to news, kept until they are stored with it.

A recorder has one `Telling`. News wait under keys made of the rows that they are about, and are
made when they are stored: in the same transaction, with the totals that it wrote. A journal that is
replayed tells the same under the same keys, which is no news then.

What needs more than an event: a line that is lost is told once, and once when it is back, with how
long it was away. A market without ticks is quiet more often than lost, so its halt is told only
when it has lasted.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from engine.ticks import NS
from trading import clock
from trading.models import AuditEvent, Notice, Signal, Trade
from trading.notify import trades
from trading.notify.outbox import News, post
from trading.notify.rules import RULES, Told, told
from trading.templatetags.pages import sentence, span, words

log = structlog.get_logger(__name__)

Make = Callable[[], News | None]

STALE_TOLD_NS: Final = 60 * NS
"""A halt for a stale feed that lasts so long, in event time, is told."""
STILL_LOST: Final = 8
"""From this attempt to reconnect on it is said again, each time that their number has doubled."""

LINES: Final = {
    "feed_lost": ("feed", "The market's feed is lost"),
    "feed_silence": ("feed", "The market's feed is silent"),
    "broker_line_failed": ("broker", "The line to the broker failed"),
    "broker_unusable": ("broker", "The broker cannot be used"),
    "market_lost": ("market", "Nothing is heard of the market"),
}
"""Events that say that a line is lost: which, and in which words."""
OF_NOW: Final = ("started", "restarted", "closed")
"""Events whose event time is that of their first or last tick, and not when they happened."""
BACK: Final = {
    "feed_restored": ("feed", "The market's feed is back"),
    "market_back": ("market", "The market is heard again"),
}


class Telling:
    """What one process has to tell of a session."""

    def __init__(self) -> None:
        self._waiting: dict[str, Make] = {}
        self._lost: dict[str, int] = {}  # since when, by our clock
        self._stale: AuditEvent | None = None
        self._margin = ""  # what the broker wants, in words

    # What happens

    def heard(self, row: AuditEvent, *, warming: bool = False) -> None:
        """An audit event was recorded."""
        if warming and row.kind == "session_changed":
            return  # hours that are over, gone through again
        if row.kind == "broker_line":
            self._broker_line(row)
        elif row.kind in LINES:
            self._line_lost(row, *LINES[row.kind])
        elif row.kind in BACK:
            self._line_back(row, *BACK[row.kind])
        elif row.payload.get("halt") == "stale_feed":
            self._stale_feed(row)
        elif row.kind == "margin_above_limit":
            self._margin = row.payload.get("text", "")  # the halt that follows tells it
        elif row.payload.get("halt") == "margin":
            self._wait(row, partial(_by_rule, row, self._margin))
        elif row.kind in RULES:
            self._wait(row, partial(_by_rule, row))

    def opened(self, trade: Trade, signal: Signal | None) -> None:
        self._waiting[f"{trade.pk} opened"] = partial(trades.opened, trade, signal)

    def closed(self, trade: Trade) -> None:
        name = f"{trade.pk} closed {trade.size}"
        self._waiting[name] = partial(trades.closed, trade, trade.size)

    def seen(self, ts: int | None) -> None:
        """Event time has come to `ts`."""
        row = self._stale
        if row is not None and ts is not None and ts - row.ts_ns >= STALE_TOLD_NS:
            self._wait(row, partial(_stale, row))

    # What is stored

    def news(self) -> list[News]:
        """What waits, in the order in which it happened."""
        made = (_made(name, make) for name, make in list(self._waiting.items()))
        return [each for each in made if each is not None]

    def clear(self) -> None:
        """It is stored."""
        self._waiting.clear()

    # Lines

    def _broker_line(self, row: AuditEvent) -> None:
        if row.payload.get("up"):
            self._line_back(row, "broker", "The line to the broker is back")
        else:
            self._line_lost(row, "broker", "The line to the broker is lost")

    def _line_lost(self, row: AuditEvent, line: str, title: str) -> None:
        if line in self._lost and row.payload.get("attempts", 0) < STILL_LOST:
            return
        self._lost.setdefault(line, clock.now_ns())
        said = Told(
            kind="connection_lost",
            title=title,
            level=Notice.Level.ERROR,
            text=sentence(row.payload.get("text")),
        )
        self._wait(row, partial(_of, row, said))

    def _line_back(self, row: AuditEvent, line: str, title: str) -> None:
        since = self._lost.pop(line, None)
        if since is None:
            return
        seconds = row.payload.get("seconds", (clock.now_ns() - since) / NS)
        said = Told(
            kind="connection_restored",
            title=f"{title} after {span(round(seconds))}",
            level=Notice.Level.GOOD,
            text=sentence(row.payload.get("text")),
        )
        self._wait(row, partial(_of, row, said))

    def _stale_feed(self, row: AuditEvent) -> None:
        if row.kind == "halted":
            self._stale = row
            return
        before, self._stale = self._stale, None
        if before is None or row.ts_ns - before.ts_ns < STALE_TOLD_NS:
            return
        self._wait(before, partial(_stale, before))
        lasted = span((row.ts_ns - before.ts_ns) // NS)
        said = Told(
            kind="connection_restored", title=f"Ticks again after {lasted}", level=Notice.Level.GOOD
        )
        self._wait(row, partial(_of, row, said))

    def _wait(self, row: AuditEvent, make: Make) -> None:
        self._waiting[str(row.pk)] = make


def tell(row: AuditEvent) -> None:
    """Post what an audit event that is written by itself, beside a pipeline, has to say. Call it in
    the row's transaction."""
    telling = Telling()
    telling.heard(row)
    for news in telling.news():
        post(news)


def _made(name: str, make: Make) -> News | None:
    """An event that is otherwise than its rule expects is told all the same, and costs no row."""
    try:
        return make()
    except Exception:
        log.exception("notice_failed", about=name)
        return News(
            kind="notice_failed",
            key=f"failed/{name}",
            level=Notice.Level.WARNING,
            title="Something happened that could not be put into words",
            text=f"Look for {name} in the audit trail.",
        )


def _by_rule(row: AuditEvent, text: str = "") -> News | None:
    """`text`: what is known better than the row knows it."""
    said = told(row)
    if said is None:
        return None
    return _of(row, replace(said, text=sentence(text)) if text else said)


def _stale(row: AuditEvent) -> News:
    said = Told(
        kind="connection_lost", title="No ticks: nothing is entered", level=Notice.Level.WARNING,
        text=sentence(row.payload.get("reason")),
    )  # fmt: skip
    return _of(row, said)


def _of(row: AuditEvent, said: Told) -> News:
    account = row.session.account.name if row.session is not None else ""
    return News(
        kind=said.kind,
        key=f"audit/{row.pk}",
        title=said.title or words(row.kind),
        level=said.level,
        ts=clock.now() if row.kind in OF_NOW or not row.ts_ns else row.ts,
        account=account or str(row.payload.get("account", "")),
        text=said.text,
        facts=said.facts,
    )
