"""How pages write numbers, names and times: as `static/js/format.js` does on the live page."""

import re
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from django import template

from engine.instruments import instrument
from engine.text import decimals, number_text
from marketdata.calendars import NEW_YORK
from marketdata.models import moment
from trading.models import Trade

register = template.Library()

NONE: Final = "–"
MINUS: Final = "−"


@register.filter
def words(name: str | None) -> str:
    """`STACKED_BUY_IMBALANCE` -> `Stacked buy imbalance`"""
    text = str(name or "").replace("_", " ").lower()
    return text[:1].upper() + text[1:] if text else NONE


@register.filter
def money(value: Decimal | str | None, places: int = 2) -> str:
    """`-1234.5` -> `−1,234.50`; more than two places where the amount has them."""
    if value is None or value == "":
        return NONE
    amount = Decimal(value)
    text = number_text(abs(amount), places)
    whole, _, fraction = text.partition(".")
    sign = MINUS if amount < 0 else ""
    return f"{sign}{int(whole):,}" + (f".{fraction}" if fraction else "")


@register.filter
def signed_money(value: Decimal | str | None) -> str:
    """As `money`; a gain carries a plus."""
    text = money(value)
    return f"+{text}" if text != NONE and Decimal(value or 0) > 0 else text


@register.filter
def tone(value: Decimal | str | int | None) -> str:
    """The class of a gain or a loss."""
    if value is None or value == "":
        return "muted"
    amount = Decimal(value)
    return "profit" if amount > 0 else "loss" if amount < 0 else "muted"


@register.filter
def side_tone(direction: int | str) -> str:
    return "buy" if direction in (1, "LONG", "long", "buy") else "sell"


@register.filter
def ratio(value: Decimal | None) -> str:
    """Two places, as of a profit factor."""
    return NONE if value is None else f"{value.quantize(Decimal('0.01'), ROUND_HALF_EVEN):f}"


@register.filter
def percent(value: Decimal | float | None) -> str:
    """A fraction as whole percents."""
    if value is None:
        return NONE
    return f"{(Decimal(str(value)) * 100).quantize(Decimal(1), ROUND_HALF_EVEN):f} %"


@register.filter
def price(value: Decimal | None, symbol: str) -> str:
    """With the instrument's places."""
    if value is None:
        return NONE
    return number_text(value, decimals(instrument(symbol).tick))


@register.filter
def quantity(trade: Trade) -> str:
    """The size in contracts or coins."""
    return number_text(instrument(trade.instrument_id).lot * trade.size, 0)


@register.filter
def signed(value: int | None) -> str:
    """`+1,234`, `−5`, `0`"""
    if value is None:
        return NONE
    return f"+{value:,}" if value > 0 else f"{MINUS}{-value:,}" if value < 0 else "0"


# Times are New York's: the exchange's day is told by them.


@register.filter
def ny_day(value: datetime | date | None) -> str:
    """`Wed 12 Jun 2024`"""
    if value is None:
        return NONE
    local = value.astimezone(NEW_YORK) if isinstance(value, datetime) else value
    return f"{local:%a} {local.day} {local:%b %Y}"


@register.filter
def ny_date(value: datetime | None) -> str:
    return NONE if value is None else f"{value.astimezone(NEW_YORK):%Y-%m-%d}"


@register.filter
def ny_time(value: datetime | None) -> str:
    return NONE if value is None else f"{value.astimezone(NEW_YORK):%H:%M:%S}"


@register.filter
def ny_stamp(value: datetime | None) -> str:
    return NONE if value is None else f"{value.astimezone(NEW_YORK):%Y-%m-%d %H:%M:%S}"


@register.filter
def ns_time(value: int | None) -> str:
    """A time in UTC ns, to the millisecond."""
    if value is None:
        return NONE
    return f"{moment(value).astimezone(NEW_YORK):%H:%M:%S.%f}"[:-3]


@register.filter
def held(trade: Trade) -> str:
    """How long a trade lasted: `4 min 12 s`"""
    if trade.entry_ns is None or trade.exit_ns is None:
        return NONE
    return duration(timedelta(seconds=(trade.exit_ns - trade.entry_ns) // 1_000_000_000))


def duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3_600:
        return f"{seconds // 60} min" + (f" {seconds % 60} s" if seconds % 60 else "")
    return f"{seconds // 3_600} h" + (f" {rest} min" if (rest := seconds % 3_600 // 60) else "")


NAMES: Final = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b|\b(?:RANGING|VOLATILE|LONG|SHORT)\b")


@register.filter
def sentence(text: str | None) -> str:
    """`BUY_IMBALANCE is not enabled in RANGING` -> `Buy imbalance is not enabled in ranging`"""
    plain = plain_names(text)
    return plain[:1].upper() + plain[1:]


@register.filter
def plain_names(text: str | None) -> str:
    """As `sentence`, for the middle of one."""
    return NAMES.sub(lambda name: name[0].replace("_", " ").lower(), str(text or ""))


@register.filter
def figure(value: object) -> str:
    """A figure of a pattern or a regime, at most four places."""
    if value is None:
        return "not known yet"
    if isinstance(value, float):
        return f"{value:,.4f}".rstrip("0").rstrip(".").replace("-", MINUS)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}".replace("-", MINUS)
    return str(value)


@register.filter
def two(value: float | None) -> str:
    """`0.95`"""
    return NONE if value is None else f"{value:.2f}"


@register.filter
def excursions(trade: Trade) -> str:
    """Worst and best, in ticks."""
    return NONE if trade.mae is None else f"{trade.mae} / {trade.mfe}"


@register.filter
def seconds(value: int) -> str:
    """A bar's length: `5 min`"""
    if value % 3_600 == 0:
        return f"{value // 3_600} h"
    return f"{value // 60} min" if value % 60 == 0 else f"{value} s"


@register.filter
def carry(value: object) -> str:
    """What a day hands to the next: an amount, a count or words."""
    if value is None or value == "":
        return NONE
    return money(value) if isinstance(value, Decimal) else figure(value)


@register.filter
def span(value: int) -> str:
    """Seconds as people say them."""
    return duration(timedelta(seconds=value))


@register.filter
def cents(value: Decimal) -> str:
    """An average, rounded to cents."""
    return money(value.quantize(Decimal("0.01"), ROUND_HALF_EVEN))


@register.filter
def minus(text: str) -> str:
    """`-17` with the sign that numbers have here."""
    return text.replace("-", MINUS)
