"""A day of an account for its page: the figures of `trading.recap.day`, with their places drawn.

Five questions to the database, whatever the day holds; the rest is arithmetic over their rows.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from engine.ticks import NS
from trading.models import Session, Trade
from trading.pages.plots import FULL, Clock, Column, Mark, Scale, columns, line, steps
from trading.pages.story import share
from trading.recap.day import (
    REASONS,
    BarRow,
    bars_of,
    closed_trades,
    costs,
    fates,
    grouped,
    made,
    marked,
    opened_at,
    quality,
    regime_time,
    stored_quality,
)
from trading.recap.figures import Figures

LABELS: Final = {
    "pattern": "Pattern", "regime": "Regime", "hour": "Hour of entry", "exit": "Exit",
}  # fmt: skip


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
    bars, trades = bars_of(session), closed_trades(session)
    return {
        "trades": trades,
        "totals": made(trades),
        "curve": curve(session, bars, trades),
        "columns": per_trade(trades),
        "groups": [(label, groups(trades, by)) for by, label in LABELS.items()],
        "signals": signals(session),
        "regimes": regimes(bars),
        "quality": quality(session, bars),
        "stored": stored_quality(session),
        "costs": costs(session, trades),
    }


# What it made


def curve(session: Session, bars: list[BarRow], trades: list[Trade]) -> dict[str, Any] | None:
    """The drawing of the day's P&L; None where there is nothing to draw."""
    if not bars or not trades:
        return None
    start = opened_at(session, bars, trades)
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


def groups(trades: list[Trade], by: str) -> list[Group]:
    """In the order of `grouped`."""
    found = grouped(trades, by)
    most = max((abs(one.net) for one in found.values()), default=Decimal(0))
    return [
        Group(
            name=name,
            made=its,
            bar_x=50 - share(-its.net, most) // 2 if its.net < 0 else 50,
            bar_width=share(abs(its.net), most) // 2,
        )
        for name, its in found.items()
    ]


# What was let go, and why


def signals(session: Session) -> dict[str, Any]:
    """Counts of signals, and the commonest reasons against the others."""
    found = fates(session)
    against = found.all - found.traded
    commonest = found.reasons[:REASONS]
    rest = against - sum(count for _, count in commonest)
    shown = [*commonest, *([("other reasons", rest)] if rest else [])]
    return {
        "all": found.all,
        "accepted": found.accepted,
        "rejected": found.rejected,
        "traded": found.traded,
        "reasons": [(text, count, share(count, against)) for text, count in shown],
    }


def regimes(bars: list[BarRow]) -> list[dict[str, Any]]:
    """How long the day was in each regime."""
    time = regime_time(bars)
    whole = sum(ns for _, ns in time)
    return [
        {"name": name, "minutes": ns // (60 * NS), "share": share(ns, whole)} for name, ns in time
    ]
