"""What a session's day was, of its rows: P&L over time, groups of trades, what became of signals,
regimes, and on what data at what cost. The page, the document and the digest all say these figures.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from django.db.models import Count

from engine.instruments import instrument
from engine.money import to_decimal
from engine.ticks import NS
from marketdata.calendars import NEW_YORK
from marketdata.models import DataQuality, moment
from marketdata.quality import words
from trading.models import Fill, Session, Trade
from trading.recap.figures import Figures, figures
from trading.selectors import session_bars

REASONS: Final = 8
TOO_LOW: Final = re.compile(r"^(strength|confidence) [\d.]+(?: of \w+)? is below ([\d.]+)$")


PAID: Final = ("entry", "stop", "exit")
"""Roles whose simulated fills slip: market and stop orders."""

RULES: Final = {
    "": "accepted, but another signal was stronger or first",
    "hours": "accepted, but outside the hours for entries",
    "position": "accepted, but a position was open",
    "broker": "accepted, but the line to the broker was lost",
    "left_over": "accepted, but an order of an earlier trade was not known to be over",
    "cooldown": "accepted, but in the cool-down after a stop",
    "halt": "accepted, but entries were halted",
    "conflict": "accepted, but an equally strong signal spoke against it",
}
"""What the engine's rules against an accepted signal mean."""


@dataclass(frozen=True)
class BarRow:
    start: int
    end: int
    close: Decimal
    regime: str
    warm: bool


@dataclass(frozen=True)
class Fates:
    """Signals counted by what became of them; `reasons` against those that were not traded, the
    commonest first."""

    all: int
    accepted: int
    rejected: int
    traded: int
    reasons: Sequence[tuple[str, int]]


def bars_of(session: Session) -> list[BarRow]:
    rows = session_bars(session).values_list("start_ns", "end_ns", "close", "regime", "warm_up")
    return [BarRow(*row) for row in rows]


def closed_trades(session: Session) -> list[Trade]:
    """In order of exit."""
    rows = session.trades.filter(status=Trade.Status.CLOSED).select_related("instrument")
    return list(rows.order_by("exit_ns", "id"))


def made(trades: Iterable[Trade]) -> Figures:
    return figures((trade.gross, trade.fees, trade.net) for trade in trades)  # type: ignore[misc]


# What it made


def open_pnl(trade: Trade, price: Decimal) -> Decimal:
    """What a trade would have made at a price, before fees."""
    spec = instrument(trade.instrument_id)
    moved = int(spec.ticks(price)) * trade.size - (trade.entry_notional or 0)
    return to_decimal(spec.tick_units) * trade.direction * moved


def marked(
    bars: Iterable[BarRow], trades: Sequence[Trade]
) -> tuple[list[tuple[int, Decimal]], list[tuple[int, Decimal]]]:
    """The day's P&L after each exit, and at each bar's close with what was open then. Nets are
    after fees; an open trade's fees come with its exit."""
    booked: list[tuple[int, Decimal]] = []
    total = Decimal(0)
    for trade in trades:
        total += trade.net or 0
        booked.append((trade.exit_ns or 0, total))
    closes: list[tuple[int, Decimal]] = []
    for bar in bars:
        done = sum((t.net or Decimal(0) for t in trades if (t.exit_ns or 0) <= bar.end), Decimal(0))
        still = [t for t in trades if (t.entry_ns or 0) < bar.end < (t.exit_ns or 0)]
        closes.append((bar.end, done + sum(open_pnl(trade, bar.close) for trade in still)))
    return booked, closes


def opened_at(session: Session, bars: Sequence[BarRow], trades: Sequence[Trade]) -> int:
    """From when on the day is drawn (UTC ns): its open, or the first entry if that was earlier."""
    opened = session.audit.filter(kind="session_changed", payload__phase="open").order_by("ts_ns")
    start = opened.values_list("ts_ns", flat=True).first() or bars[0].start
    return min(start, trades[0].entry_ns or start) if trades else start


# Groups


def hour_of(trade: Trade) -> str:
    """The hour of its entry in New York."""
    return f"{moment(trade.entry_ns or 0).astimezone(NEW_YORK):%H}:00"


GROUPS: Final[Mapping[str, Callable[[Trade], str]]] = {
    "pattern": lambda trade: trade.pattern,
    "regime": lambda trade: trade.regime,
    "hour": hour_of,
    "exit": lambda trade: trade.exit_reason,
}
BY_NAME: Final = frozenset(("hour",))


def grouped(trades: Iterable[Trade], by: str) -> dict[str, Figures]:
    """What the trades of each group made: best first, hours in their order."""
    sorted_out: dict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        sorted_out[GROUPS[by](trade)].append(trade)
    found = {name: made(its) for name, its in sorted_out.items()}
    if by in BY_NAME:
        return {name: found[name] for name in sorted(found)}
    return {name: found[name] for name in sorted(found, key=lambda name: (-found[name].net, name))}


# What was let go, and why


def fates(session: Session) -> Fates:
    """What became of the session's signals."""
    rows = (
        session.signals.order_by()
        .values_list("approved", "pattern", "reason", "decision", "decision_rule")
        .annotate(count=Count("pk"))
    )
    accepted = traded = 0
    why: Counter[str] = Counter()
    for approved, pattern, reason, decision, rule, count in rows:
        accepted += count if approved else 0
        if approved and decision == "enter":
            traded += count
        else:
            why[fate(approved, pattern, reason, rule)] += count
    against = sum(why.values())
    return Fates(
        all=against + traded,
        accepted=accepted,
        rejected=against + traded - accepted,
        traded=traded,
        reasons=sorted(why.items(), key=lambda item: (-item[1], item[0])),
    )


def fate(approved: bool, pattern: str, reason: str, rule: str) -> str:
    """Why a signal was not traded, without its own figures: so that reasons can be counted."""
    if not approved:
        return TOO_LOW.sub(r"\1 below \2", reason.removeprefix(f"{pattern} is ")) or "rejected"
    return RULES.get(rule) or rule.replace("_", " ")


def regime_time(bars: Iterable[BarRow]) -> list[tuple[str, int]]:
    """How long (ns) the day was in each regime, the longest first; bars without one warmed up or
    had too little before them."""
    time: Counter[str] = Counter()
    for bar in bars:
        time[bar.regime or "NOT_KNOWN_YET"] += bar.end - bar.start
    return sorted(time.items(), key=lambda item: (-item[1], item[0]))


# On what data, at what cost


def quality(session: Session, bars: Sequence[BarRow]) -> dict[str, Any]:
    """What the day's data lacked. A gap is a bar's length and more without any trade."""
    gaps = [
        (one.end, after.start - one.end) for one, after in pairwise(bars) if after.start > one.end
    ]
    longest = max(gaps, key=lambda gap: gap[1], default=None)
    told = session.audit.filter(kind__in=("halted", "input_ignored")).order_by()
    events = list(told.values_list("kind", "payload"))
    return {
        "ticks": session.ticks,
        "dropped": sum(session.dropped.values()),
        "reasons": sorted(session.dropped.items(), key=lambda item: (-item[1], item[0])),
        "bars": len(bars),
        "gaps": len(gaps),
        "longest": None if longest is None else (moment(longest[0]), longest[1] // NS),
        "ignored": sum(kind == "input_ignored" for kind, _ in events),
        "stale": sum(
            kind == "halted" and payload.get("halt") == "stale_feed" for kind, payload in events
        ),
    }


def quality_row(session: Session) -> DataQuality | None:
    """What was measured of the day in the tick store; None where the session's ticks are of
    another source, or the day was not measured."""
    row = DataQuality.objects.filter(instrument_id=session.instrument_id, day=session.day).first()
    if row is None or (row.contract, row.synthetic) != (session.contract, session.synthetic):
        return None
    return row


def stored_quality(session: Session) -> dict[str, Any] | None:
    """The same for people."""
    row = quality_row(session)
    if row is None:
        return None
    return {
        "grade": row.grade,
        "reasons": row.reasons,
        "figures": [each for each in words.figures(row) if each[0] not in ("Source", "Ticks")],
        "until": None if row.complete else row.until,
    }


def costs(session: Session, trades: Sequence[Trade]) -> dict[str, Any]:
    """Fees as booked, and the slippage that the simulated exchange was told to assume."""
    sums = made(trades)
    assumed = session.config.get("fills", {}).get("slippage_ticks")
    slipped = None
    if assumed is not None and session.fill_profile:
        fills = Fill.objects.filter(trade__in=[trade.pk for trade in trades], role__in=PAID)
        slipped = sum(
            (
                to_decimal(instrument(symbol).tick_units) * size * assumed
                for symbol, size in fills.values_list("trade__instrument_id", "size")
            ),
            Decimal(0),
        )
    return {
        "fees": sums.fees,
        "per_trade": sums.fees / sums.count if sums.count else None,
        "gross": sums.gross,
        "net": sums.net,
        "assumed": assumed,
        "slippage": slipped,
    }
