"""What is said of a trade when it opens and when it is closed."""

from decimal import Decimal
from typing import Final

from engine.instruments import instrument
from engine.money import to_decimal
from engine.text import number_text
from trading.models import Notice, Signal, Trade
from trading.notify.outbox import News
from trading.templatetags.pages import (
    excursions,
    held,
    money,
    price,
    quantity,
    sentence,
    signed_money,
    words,
)

SIZED_BY: Final = ("base", "confluence", "trend", "streak")
"""Terms of a decision that add up to the size, before the tier's bounds."""
SIGNS: Final = {"USD": "$"}


def opened(row: Trade, signal: Signal | None) -> News:
    """`signal`: the one that it was entered on, when it is at hand."""
    symbol, size = row.instrument_id, quantity(row)
    currency = row.account.currency
    facts = [
        ("Entry", price(row.entry_price, symbol)),
        ("Stop", f"{price(row.stop, symbol)} ({_at(row, row.stop, currency)})"),
        ("Target", f"{price(row.target, symbol)} ({_at(row, row.target, currency)})"),
        ("Pattern", words(row.pattern)),
    ]
    text = ""
    if signal is not None:
        text = (
            f"{words(signal.pattern)}, strength {signal.strength:.2f}, in a market that is "
            f"{words(signal.regime).lower()} (confidence {signal.confidence:.2f})."
        )
        facts += _sized(signal)
    return News(
        kind="trade_opened",
        key=f"trade/{row.pk}/opened",
        title=f"Opened {row.get_direction_display()} {size} {symbol} at "
        f"{price(row.entry_price, symbol)}",
        ts=row.entry_ts,
        account=row.account.name,
        text=text,
        facts=facts,
    )


def closed(row: Trade, size: int) -> News | None:
    """`size` is what it was closed with; None when it has been closed with more since, by an entry
    that filled late: then that is the news."""
    if row.size != size or row.net is None:
        return None
    symbol, currency = row.instrument_id, row.account.currency
    return News(
        kind="trade_closed",
        key=f"trade/{row.pk}/closed/{size}",
        title=f"Closed {row.get_direction_display()} {quantity(row)} {symbol}: "
        f"{amount(row.net, currency)} ({words(row.exit_reason).lower()})",
        level=Notice.Level.GOOD if row.net > 0 else Notice.Level.INFO,
        ts=row.exit_ts,
        account=row.account.name,
        facts=[
            ("Net", amount(row.net, currency)),
            ("Gross, fees", f"{signed_money(row.gross)}, {money(row.fees)}"),
            ("Why", words(row.exit_reason)),
            ("In → out", f"{price(row.entry_price, symbol)} → {price(row.exit_price, symbol)}"),
            ("Held", held(row)),
            ("Worst, best", f"{excursions(row)} ticks"),
            ("Balance", money(row.balance)),
            ("Day so far", f"{signed_money(row.session.net)}, {_count(row.session.trades_closed)}"),
        ],
    )


def amount(value: Decimal | None, currency: str) -> str:
    """`+$37.50`, `−$12.00`, `+37.50 EUR`"""
    text = signed_money(value)
    sign = SIGNS.get(currency)
    if sign is None:
        return f"{text} {currency}"
    return f"{text[0]}{sign}{text[1:]}" if text[:1] in "+−" else f"{sign}{text}"


def _count(trades: int) -> str:
    return "1 trade" if trades == 1 else f"{trades} trades"


def _at(row: Trade, level: Decimal | None, currency: str) -> str:
    """What the whole position makes there, before fees."""
    if level is None or row.entry_notional is None:
        return "none"
    spec = instrument(row.instrument_id)
    ticks = (spec.ticks(level) * row.size - row.entry_notional) * row.direction
    return amount(to_decimal(ticks * spec.tick_units), currency)


def _sized(signal: Signal) -> list[tuple[str, str]]:
    terms = signal.decision_terms
    parts = [f"{name} {terms[name]}" for name in SIZED_BY if terms.get(name)]
    facts = [
        ("Size", f"{terms.get('size', '')} ({', '.join(parts)})" if parts else ""),
        ("Tier", str(terms.get("tier", ""))),
        ("Loss left today", _money(terms.get("loss_left"))),
        ("Decided", sentence(signal.decision_reason)),
    ]
    return [(name, value) for name, value in facts if value]


def _money(value: object) -> str:
    return "" if value is None else number_text(Decimal(str(value)), 2)
