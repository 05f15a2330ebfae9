"""The day in a message: one notice for each account that had a session, with a picture.

Made of the recap's document. A day without a trade has one too, a day without a session none. Said
again it changes nothing.
"""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

from marketdata.store.files import replacing
from trading.models import Notice
from trading.notify import News, post
from trading.recap.document import document
from trading.recap.plots import closed
from trading.recap.tables import WRONG
from trading.recap.words import (
    NONE,
    clock_text,
    decimal,
    money,
    part,
    plural,
    ratio_of,
    sentence,
    signed_money,
    span,
    words,
)
from trading.templatetags.pages import ny_day
from trading.wire import Json

log = structlog.get_logger(__name__)

FOLDER: Final = "notices"
REASONS: Final = 3
LISTED: Final = 5
"""Patterns and troubles that are named one by one."""


def post_digest(day: date) -> int:
    """Tell each account's day. Returns how many there were to tell of."""
    made = document(day)
    for of in made["sessions"]:
        post(digest(of, day))
    return len(made["sessions"])


def digest(of: Json, day: date) -> News:
    """A session's document in a message; writes its picture."""
    session, totals = of["session"], of["totals"]
    return News(
        kind="digest",
        key=f"digest:{session['account']}:{day}",
        level=level(of),
        account=session["account"],
        title=f"{ny_day(day)}: {signed_money(totals['net'])} {session['currency']}",
        text=summary(of),
        facts=[fact for fact in facts(of) if fact[1]],
        picture=draw(of, day),
    )


def level(of: Json) -> str:
    """An error of the day outweighs what it made."""
    if any(each["level"] == "error" for each in of["events"]):
        return Notice.Level.WARNING
    return Notice.Level.GOOD if decimal(of["totals"]["net"]) > 0 else Notice.Level.INFO


def summary(of: Json) -> str:
    session, totals = of["session"], of["totals"]
    traded = f"{session['symbol']} {session['contract']}".strip()
    market = ", a simulated market" if session["synthetic"] else ""
    if not totals["trades"]:
        return f"No trade in {traded}{market}."
    return (
        f"{plural(totals['trades'], 'trade')} in {traded}{market}: {totals['wins']} won, "
        f"{totals['losses']} lost."
    )


def facts(of: Json) -> list[tuple[str, str]]:
    """Name and text, what matters most first; what there is nothing to say of is empty."""
    totals, session = of["totals"], of["session"]
    return [
        ("Net", f"{signed_money(totals['net'])} {session['currency']}"),
        ("Trades", _trades(totals)),
        ("Profit factor", ratio_of(totals["profit_factor"]) if totals["trades"] else ""),
        ("Best trade", _trade(max(closed(of), key=_net, default=None))),
        ("Worst trade", _trade(min(closed(of), key=_net, default=None))),
        ("Drawdown", money(totals["drawdown"]) if totals["trades"] else ""),
        ("Fees", money(totals["fees"]) if totals["trades"] else ""),
        ("By pattern", _patterns(of)),
        ("Regime of the day", _regime(of)),
        ("Signals", _signals(of)),
        ("Not traded", _reasons(of)),
        ("Balance", f"{money(session['balance_after'])} {session['currency']}"),
        ("Tier", _tier(session)),
        ("Data", _data(of)),
        ("Parity", of["parity"]["text"] if of["parity"] else ""),
        ("What went wrong", _wrong(of)),
    ]


def _net(trade: Json) -> Decimal:
    return decimal(trade["net"])


def _trades(totals: Json) -> str:
    if not totals["trades"]:
        return "none"
    return f"{totals['trades']}: {totals['wins']} won ({part(totals['win_rate'])})"


def _trade(trade: Json | None) -> str:
    """`+86.28, Buying exhaustion short at 09:40:00, target`"""
    if trade is None:
        return ""
    return (
        f"{signed_money(trade['net'])}, {words(trade['pattern'])} {trade['direction']} at "
        f"{clock_text(trade['entry_at'])}, {words(trade['exit_reason']).lower()}"
    )


def _patterns(of: Json) -> str:
    groups = of["statistics"]["by_pattern"]
    lines = [
        f"{words(each['name'])}: {signed_money(each['net'])} in {plural(each['trades'], 'trade')}"
        for each in groups
    ]
    return _listed(lines)


def _regime(of: Json) -> str:
    """`Ranging 38 %, trending up 33 %`: those with a tenth of the day and more."""
    found = of["statistics"]["regimes"]
    whole = sum(each["seconds"] for each in found)
    shares = [(words(each["name"]), round(100 * each["seconds"] / whole)) for each in found]
    said = [f"{name} {share} %" for name, share in shares if share >= 10]
    return ", ".join([*said[:1], *(each[0].lower() + each[1:] for each in said[1:])])


def _signals(of: Json) -> str:
    found = of["statistics"]["signals"]
    if not found["all"]:
        return "none"
    return (
        f"{found['all']:,}: {found['traded']:,} traded, "
        f"{found['accepted'] - found['traded']:,} more accepted, {found['rejected']:,} rejected"
    )


def _reasons(of: Json) -> str:
    most = of["statistics"]["signals"]["not_traded"][:REASONS]
    return "\n".join(f"{sentence(each['reason'])}: {each['count']:,}" for each in most)


def _tier(session: Json) -> str:
    step = session["next_tier"]
    tier = session["tier_after"] or NONE
    if session["tier_before"] and session["tier_before"] != session["tier_after"]:
        tier = f"{session['tier_before']} to {tier}"
    if step is None:
        return tier
    return f"{tier}; {money(step['missing'])} to {step['name']} ({part(step['progress'])} there)"


def _data(of: Json) -> str:
    found, beat = of["data_quality"], of["heartbeat"]
    dropped = sum(found["dropped"].values())
    parts = [f"{found['ticks']:,} ticks", f"{dropped:,} dropped", plural(found["gaps"], "gap")]
    if found["stored_day"]:
        parts.append(f"graded {found['stored_day']['grade']}")
    if beat["reconnects"]:
        parts.append(plural(beat["reconnects"], "reconnection"))
    if beat["longest_gap_s"]:
        parts.append(f"longest pause of heartbeats {span(beat['longest_gap_s'])}")
    return ", ".join(parts)


def _wrong(of: Json) -> str:
    """Errors before warnings."""
    found = sorted(
        (each for each in of["events"] if each["level"] in WRONG),
        key=lambda each: (each["level"] != "error", each["at"]),
    )
    return _listed([f"{clock_text(each['at'])} {each['text']}" for each in found])


def _listed(lines: Sequence[str]) -> str:
    rest = len(lines) - LISTED
    return "\n".join([*lines[:LISTED], *([f"and {rest} more"] if rest > 0 else [])])


def draw(of: Json, day: date) -> str:
    """The picture's place under DATA_DIR; "" when there is nothing to draw."""
    from trading.recap.chart import picture  # loads matplotlib

    drawn = picture(of, day)
    if drawn is None:
        return ""
    place = f"{FOLDER}/{day.isoformat()}_{of['session']['account']}.png"
    with replacing(Path(settings.DATA_DIR) / place) as unfinished:
        unfinished.write_bytes(drawn)
    log.info("digest_drawn", picture=place, bytes=len(drawn))
    return place
