"""A day of an account: what it made and by what, what was let go and why, and on what data.

Five questions to the database, whatever the day holds; the rest is arithmetic over their rows.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
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
from trading.pages.figures import Figures, figures
from trading.pages.plots import FULL, Clock, Column, Mark, Scale, columns, line, steps
from trading.pages.story import share
from trading.selectors import session_bars

REASONS: Final = 8
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


@dataclass(frozen=True, kw_only=True)
class Group:
    """Trades that have something in common. The bar grows from the middle to either side."""

    name: str
    made: Figures
    bar_x: int
    bar_width: int


def days_of(account: str) -> tuple[date, ...]:
    """Days with a session, newest first; of all accounts when none is named."""
    rows = Session.objects.order_by("-day")
    if account:
        rows = rows.filter(account__name=account)
    return tuple(rows.values_list("day", flat=True).distinct())


def sessions_on(day: date) -> list[Session]:
    """The day's sessions, what was written last first."""
    rows = Session.objects.filter(day=day).select_related("account", "instrument")
    return list(rows.order_by("-updated_at"))


def recap(session: Session) -> dict[str, Any]:
    """All that the page shows of a session's day."""
    rows = session_bars(session).values_list(
        "start_ns", "end_ns", "close", "regime", "warm_up"
    )  # fmt: skip
    bars = [BarRow(*row) for row in rows]
    trades = list(
        session.trades.filter(status=Trade.Status.CLOSED)
        .select_related("instrument")
        .order_by("exit_ns", "id")
    )
    return {
        "trades": trades,
        "totals": _made(trades),
        "curve": curve(session, bars, trades),
        "columns": per_trade(trades),
        "groups": [
            ("Pattern", groups(trades, lambda trade: trade.pattern)),
            ("Regime", groups(trades, lambda trade: trade.regime)),
            ("Hour of entry", groups(trades, _hour, by_name=True)),
            ("Exit", groups(trades, lambda trade: trade.exit_reason)),
        ],
        "signals": signals(session),
        "regimes": regimes(bars),
        "quality": quality(session, bars),
        "stored": stored_quality(session),
        "costs": costs(session, trades),
    }


def _made(trades: Iterable[Trade]) -> Figures:
    return figures((trade.gross, trade.fees, trade.net) for trade in trades)  # type: ignore[misc]


def _hour(trade: Trade) -> str:
    at = moment(trade.entry_ns or 0).astimezone(NEW_YORK)
    return f"{at:%H}:00"


# What it made


def open_pnl(trade: Trade, price: Decimal) -> Decimal:
    """What a trade would have made at a price, before fees."""
    spec = instrument(trade.instrument_id)
    moved = int(spec.ticks(price)) * trade.size - (trade.entry_notional or 0)
    return to_decimal(spec.tick_units) * trade.direction * moved


def marked(
    bars: Iterable[BarRow], trades: list[Trade]
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


def curve(session: Session, bars: list[BarRow], trades: list[Trade]) -> dict[str, Any] | None:
    """The drawing of the day's P&L; None where there is nothing to draw."""
    if not bars or not trades:
        return None
    opened = session.audit.filter(kind="session_changed", payload__phase="open").order_by("ts_ns")
    start = opened.values_list("ts_ns", flat=True).first() or bars[0].start
    start = min(start, trades[0].entry_ns or start)
    seen = [bar for bar in bars if bar.end > start]
    booked, closes = marked(seen, trades)
    clock = Clock(start, max(bars[-1].end, booked[-1][0]))
    scale = Scale([amount for _, amount in booked + closes])
    at_exits = [(clock.place(ns), scale.place(amount)) for ns, amount in booked]
    at_closes = [(clock.place(ns), scale.place(amount)) for ns, amount in closes]
    return {
        "booked": steps([(0, scale.zero), *at_exits], FULL),
        "marked": line([(0, scale.zero), *at_closes]),
        "zero": scale.zero,
        "lines": scale.lines(),
        "times": clock.times(),
        "exits": [
            {"x": Mark(x, "").percent, "y": Mark(y, "").percent, "trade": trade, "total": amount}
            for (x, y), trade, (_, amount) in zip(at_exits, trades, booked, strict=True)
        ],
    }


def per_trade(trades: list[Trade]) -> dict[str, Any] | None:
    """A column a trade, in order of exit."""
    if not trades:
        return None
    nets = [trade.net or Decimal(0) for trade in trades]
    scale = Scale(nets)
    drawn: list[tuple[Trade, Column]] = list(zip(trades, columns(nets, scale), strict=True))
    return {"drawn": drawn, "lines": scale.lines(), "zero": Mark(scale.zero, "").percent}


def groups(
    trades: list[Trade], key: Callable[[Trade], str], *, by_name: bool = False
) -> list[Group]:
    """Best first, or by name."""
    sorted_out: dict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        sorted_out[key(trade)].append(trade)
    made = {name: _made(its) for name, its in sorted_out.items()}
    most = max((abs(one.net) for one in made.values()), default=Decimal(0))
    names = sorted(made) if by_name else sorted(made, key=lambda name: -made[name].net)
    return [
        Group(
            name=name,
            made=made[name],
            bar_x=50 - share(-made[name].net, most) // 2 if made[name].net < 0 else 50,
            bar_width=share(abs(made[name].net), most) // 2,
        )
        for name in names
    ]


# What was let go, and why


def signals(session: Session) -> dict[str, Any]:
    """Counts of signals, and the commonest reasons against the others."""
    rows = (
        session.signals.order_by()
        .values_list("approved", "pattern", "reason", "decision", "decision_rule")
        .annotate(count=Count("pk"))
    )
    accepted = traded = 0
    why: Counter[str] = Counter()
    for approved, pattern, reason, decision, rule, count in rows:
        accepted += count if approved else 0
        if not approved:
            why[reason.removeprefix(f"{pattern} is ") or "rejected"] += count
        elif decision == "enter":
            traded += count
        else:
            why[RULES.get(rule) or rule.replace("_", " ")] += count
    against = sum(why.values())
    commonest = why.most_common(REASONS)
    rest = against - sum(count for _, count in commonest)
    shown = [*commonest, *([("other reasons", rest)] if rest else [])]
    return {
        "all": accepted + against - (accepted - traded),
        "accepted": accepted,
        "rejected": against - (accepted - traded),
        "traded": traded,
        "reasons": [(text, count, share(count, against)) for text, count in shown],
    }


def regimes(bars: list[BarRow]) -> list[dict[str, Any]]:
    """How long the day was in each regime; bars without one warmed up or had too little before."""
    time: Counter[str] = Counter()
    for bar in bars:
        time[bar.regime or "NOT_KNOWN_YET"] += bar.end - bar.start
    whole = sum(time.values())
    return [
        {"name": name, "minutes": ns // (60 * NS), "share": share(ns, whole)}
        for name, ns in time.most_common()
    ]


# On what data, at what cost


def quality(session: Session, bars: list[BarRow]) -> dict[str, Any]:
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
        "reasons": sorted(session.dropped.items(), key=lambda item: -item[1]),
        "bars": len(bars),
        "gaps": len(gaps),
        "longest": None if longest is None else (moment(longest[0]), longest[1] // NS),
        "ignored": sum(kind == "input_ignored" for kind, _ in events),
        "stale": sum(
            kind == "halted" and payload.get("halt") == "stale_feed" for kind, payload in events
        ),
    }


def stored_quality(session: Session) -> dict[str, Any] | None:
    """What was measured of the day in the tick store; None where the session's ticks are of
    another source, or the day was not measured."""
    row = DataQuality.objects.filter(instrument_id=session.instrument_id, day=session.day).first()
    if row is None or (row.contract, row.synthetic) != (session.contract, session.synthetic):
        return None
    return {
        "grade": row.grade,
        "reasons": row.reasons,
        "figures": [each for each in words.figures(row) if each[0] not in ("Source", "Ticks")],
        "until": None if row.complete else row.until,
    }


def costs(session: Session, trades: list[Trade]) -> dict[str, Any]:
    """Fees as booked, and the slippage that the simulated exchange was told to assume."""
    made = _made(trades)
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
        "fees": made.fees,
        "per_trade": made.fees / made.count if made.count else None,
        "gross": made.gross,
        "net": made.net,
        "assumed": assumed,
        "slippage": slipped,
    }
