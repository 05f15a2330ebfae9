"""How a recap writes what its document has: the words of the pages, of texts instead of rows."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from marketdata.calendars import NEW_YORK
from trading.templatetags.pages import money, ratio, sentence, signed_money, words
from trading.templatetags.pages import span as duration
from trading.wire import Json

__all__ = [
    "after_colon", "at", "clock_text", "decimal", "held_text", "local", "money", "part", "plural",
    "ratio_of", "sentence", "signed_money", "span", "words",
]  # fmt: skip

NONE: Final = "–"


def at(text: str) -> datetime:
    """A time of the document in New York."""
    return datetime.fromisoformat(text).astimezone(NEW_YORK)


def local(text: str) -> str:
    """`2024-06-12 09:30:00` in New York, as plots take it."""
    return f"{at(text):%Y-%m-%d %H:%M:%S}"


def clock_text(text: str | None) -> str:
    """`09:30:00` in New York."""
    return NONE if text is None else f"{at(text):%H:%M:%S}"


def decimal(text: str | None) -> Decimal:
    """An amount; what is not known counts as nothing."""
    return Decimal(text or 0)


def part(text: str | None) -> str:
    """A share as percent."""
    return NONE if text is None else f"{(Decimal(text) * 100).quantize(Decimal(1)):f} %"


def ratio_of(text: str | None) -> str:
    return NONE if text is None else ratio(Decimal(text))


def span(seconds: int | None) -> str:
    return NONE if seconds is None else duration(seconds)


def plural(count: int, noun: str) -> str:
    """`1 trade`, `37 trades`"""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def held_text(trade: Json) -> str:
    return span(trade["held_s"])


def after_colon(names: Any) -> str:
    """`: a, b` or nothing."""
    said = ", ".join(map(str, names))
    return f": {said}" if said else ""
