"""Everything of a trading day as one document, for people's archives and for programs.

`schema.json` beside this file defines it; docs/recap.md explains it. The same rows give the same
document, but for `made_at`.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any, Final

from django.db.models import QuerySet

from engine.names import Halt
from engine.text import number_text
from engine.ticks import NS
from marketdata.models import DataQuality
from marketdata.quality import words
from trading import clock
from trading.models import Session, Trade
from trading.recap.day import (
    GROUPS,
    BarRow,
    closed_trades,
    costs,
    fates,
    grouped,
    made,
    marked,
    opened_at,
    quality,
    quality_row,
    regime_time,
)
from trading.recap.events import events_json, parity_text
from trading.recap.pulse import pulse
from trading.recap.rows import (
    bar_json,
    carried_money,
    command_json,
    figures_json,
    fill_json,
    group_json,
    iso,
    iso_ns,
    order_json,
    ratio_text,
    signal_json,
    trade_json,
)
from trading.selectors import session_bars, session_signals
from trading.wire import Json, row_money, traded_bars

VERSION: Final = 1
"""Counts up when a field is changed or taken away; new ones leave it as it is."""


def document(day: date, account: str = "") -> Json:
    """The day of all accounts, or of one; its `sessions` are in order of their accounts' names."""
    return {
        "version": VERSION,
        "day": day.isoformat(),
        "made_at": iso(clock.now()),
        "sessions": [session_document(session) for session in sessions_of(day, account)],
    }


def sessions_of(day: date, account: str = "") -> QuerySet[Session]:
    """A day's sessions, by account."""
    rows = Session.objects.filter(day=day).select_related("account", "instrument")
    if account:
        rows = rows.filter(account__name=account)
    return rows.order_by("account__name")


def session_document(session: Session) -> Json:
    spec = session.instrument.spec
    bars = list(session_bars(session))
    shortly = [BarRow(row.start_ns, row.end_ns, row.close, row.regime, row.warm_up) for row in bars]
    trades = closed_trades(session)
    audit = list(session.audit.order_by("ts_ns", "recorded_at", "id"))
    return {
        "session": session_json(session),
        "totals": figures_json(made(trades)),
        "costs": costs_json(session, trades),
        "curve": curve_json(session, shortly, trades),
        "heartbeat": pulse(session),
        "signals": [signal_json(row, spec) for row in session_signals(session)],
        "bars": [bar_json(row, spec) for row in bars],
        "trades": [trade_json(row) for row in session.trades.order_by("ordered_ns", "id")],
        "orders": [order_json(row) for row in session.orders.order_by("ts_ns", "id")],
        "fills": [
            fill_json(row) for row in session.fills.select_related("trade").order_by("ts_ns", "id")
        ],
        "events": events_json(audit),
        "commands": [
            command_json(row)
            for row in session.commands.select_related("requested_by").order_by("created_at", "pk")
        ],
        "data_quality": quality_json(session, shortly),
        "parity": parity_json(event for event in audit if event.kind in PARITY),
        "statistics": statistics_json(session, shortly, trades),
    }


PARITY: Final = ("parity", "parity_failed")


def session_json(session: Session) -> Json:
    """What was traded, by which rules, and what was there before and after."""
    account, spec = session.account, session.instrument.spec
    before = carried_money(session.carry_start, "balance")
    return {
        "id": session.pk,
        "account": account.name,
        "mode": session.mode,
        "broker": account.broker,
        "currency": account.currency,
        "symbol": session.instrument_id,
        "contract": session.contract,
        "tick": number_text(spec.tick, 0),
        "tick_value": number_text(spec.tick_value, 2),
        "lot": number_text(spec.lot, 0),
        "bars": traded_bars(session),
        "source": session.source,
        "synthetic": session.synthetic,
        "inferred": session.inferred,
        "speed": session.speed,
        "fill_profile": session.fill_profile,
        "status": session.status,
        "phase": session.phase,
        "starts": session.starts,
        "started_at": iso(session.started_at),
        "ended_at": iso(session.ended_at),
        "last_tick_at": iso_ns(session.last_tick_ns or None),
        "config_name": session.config_name,
        "rules_digest": session.rules_digest,
        "config_digest": session.config_digest,
        "balance_before": before,
        "balance_after": row_money(session.balance),
        "tier_before": str(session.carry_start.get("tier", "")),
        "tier_after": session.tier,
        "next_tier": next_tier(session),
        "halts": [str(Halt(halt)) for halt in session.halts],
    }


def next_tier(session: Session) -> Json | None:
    """The step above the balance, and how far of the way from the one below it has come; None at
    the top of the ladder."""
    balance = session.balance
    if balance is None:
        return None
    ladder = session.config.get("risk", {}).get("tiers", [])
    above = [tier for tier in ladder if Decimal(tier["min_balance"]) > balance]
    if not above:
        return None
    step = min(above, key=lambda tier: Decimal(tier["min_balance"]))
    wanted = Decimal(step["min_balance"])
    below = [low for tier in ladder if (low := Decimal(tier["min_balance"])) <= balance]
    start = max(below, default=Decimal(0))
    return {
        "name": step["name"],
        "min_balance": number_text(wanted, 2),
        "missing": number_text(wanted - balance, 2),
        "progress": ratio_text(max(balance - start, Decimal(0)) / (wanted - start)),
    }


def curve_json(session: Session, bars: list[BarRow], trades: list[Trade]) -> Json:
    """The day's P&L, net of fees: `booked` after each exit, `marked` at each bar's close with what
    was open then. `from` is the open."""
    if not bars:
        return {"from": None, "booked": [], "marked": []}
    start = opened_at(session, bars, trades)
    booked, closes = marked([bar for bar in bars if bar.end > start], trades)
    return {
        "from": iso_ns(start),
        "booked": [_at(ns, total) for ns, total in booked],
        "marked": [_at(ns, total) for ns, total in closes],
    }


def _at(ns: int, total: Decimal) -> Json:
    return {"at": iso_ns(ns), "total": number_text(total, 2)}


def costs_json(session: Session, trades: list[Trade]) -> Json:
    """Fees as booked; slippage as the simulated exchange was told to assume, null at a broker."""
    found = costs(session, trades)
    return {
        "fees": number_text(found["fees"], 2),
        "slippage": row_money(found["slippage"]),
        "slippage_ticks": found["assumed"],
    }


def quality_json(session: Session, bars: list[BarRow]) -> Json:
    found = quality(session, bars)
    longest = found["longest"]
    return {
        "ticks": session.ticks,
        "bars": len(bars),
        "dropped": dict(found["reasons"]),
        "gaps": found["gaps"],
        "longest_gap_from": iso(longest[0]) if longest else None,
        "longest_gap_s": longest[1] if longest else None,
        "stale_halts": found["stale"],
        "ignored_inputs": found["ignored"],
        "stored_day": stored_json(quality_row(session)),
    }


def stored_json(row: DataQuality | None) -> Json | None:
    """What was measured of the day in the tick store."""
    if row is None:
        return None
    return {
        "grade": row.grade,
        "reasons": list(row.reasons),
        "source": row.source,
        "complete": row.complete,
        "until": iso(row.until),
        "ticks": row.ticks,
        "volume": row.volume,
        "unknown_volume": row.unknown_volume,
        "coverage": round(row.coverage, 6),
        "gaps": row.gap_count,
        "gap_s": row.gap_ns // NS,
        "longest_gap_s": row.longest_gap_ns // NS,
        "duplicates": row.duplicates,
        "out_of_order": row.out_of_order,
        "bad": dict(sorted(row.bad.items())),
        "exchange_volume": row.exchange_volume,
        "latency_median_us": _us(row.latency_median_ns),
        "latency_p99_us": _us(row.latency_p99_ns),
        "figures": [list(pair) for pair in words.figures(row)],
    }


def parity_json(events: Iterable[Any]) -> Json | None:
    """The last comparison of the session with the backtest of its ticks; None without one."""
    last = max(events, key=lambda event: (event.recorded_at, event.pk), default=None)
    if last is None:
        return None
    payload = last.payload
    return {
        "at": iso(last.recorded_at),
        "agrees": last.kind == "parity",
        "text": parity_text(payload),
        "net": payload.get("net"),
        "backtest_net": payload.get("backtest_net"),
        "slippage_cost": payload.get("slippage_cost"),
    }


def statistics_json(session: Session, bars: list[BarRow], trades: list[Trade]) -> Json:
    """Closed trades by pattern, regime, hour and exit; signals by fate; time by regime."""
    found = fates(session)
    return {
        **{f"by_{by}": group_json(grouped(trades, by)) for by in GROUPS},
        "signals": {
            "all": found.all,
            "accepted": found.accepted,
            "rejected": found.rejected,
            "traded": found.traded,
            "not_traded": [{"reason": text, "count": count} for text, count in found.reasons],
        },
        "regimes": [{"name": name, "seconds": ns // NS} for name, ns in regime_time(bars)],
    }


def _us(ns: int | None) -> int | None:
    return None if ns is None else ns // 1000
