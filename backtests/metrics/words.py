"""Figures for people: the same words in the command, the report and the pages.

>>> value_text(None, Unit.RATIO), money_text(-123450000000)
('–', '−1,234.50')
"""

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, cast

from backtests.metrics.definitions import DEFINITIONS, Unit
from engine.money import UNITS

NONE: Final = "–"
MINUS: Final = "−"

Value = int | float | str | date | Mapping[str, int] | None

_CENT: Final = Decimal("0.01")


def figure_text(name: str, value: Value) -> str:
    """A figure of `DEFINITIONS` as people read it; "–" where it is not defined."""
    return value_text(value, DEFINITIONS[name].unit)


def value_text(value: Value, unit: Unit) -> str:
    """A value of a unit: money with two places, fractions as percent with one, ratios with two."""
    if value is None:
        return NONE
    match unit:
        case Unit.MONEY:
            return money_text(cast(int, value))
        case Unit.COUNT | Unit.DAYS:
            return _signed(f"{value:,}")
        case Unit.FRACTION:
            return f"{_number(100 * cast(float, value), 1)} %"
        case Unit.RATIO:
            return _number(cast(float, value), 2)
        case Unit.R:
            return f"{_number(cast(float, value), 2)} R"
        case Unit.TICKS:
            return _number(cast(float, value), 1)
        case Unit.SECONDS:
            return duration_text(cast(float, value))
        case Unit.TABLE:
            table = cast(Mapping[str, int], value)
            return ", ".join(f"{key}: {count:,}" for key, count in table.items()) or NONE
        case _:
            return str(value)


def money_text(units: int) -> str:
    """`−1,234.50`: to the cent, half to even."""
    cents = (Decimal(units) / UNITS).quantize(_CENT, ROUND_HALF_EVEN)
    return _signed(f"{cents or Decimal('0.00'):,}")


def signed_money_text(units: int) -> str:
    """As `money_text`; a gain carries a plus."""
    text = money_text(units)
    return f"+{text}" if units > 0 else text


def duration_text(seconds: float) -> str:
    """`45 s`, `12 min 5 s`, `3 h 20 min`."""
    if seconds < 0:
        return f"{MINUS}{duration_text(-seconds)}"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours:,} h {minutes_left} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def count_of(count: int, noun: str) -> str:
    """`1 trade`, `37 trades`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _number(value: float, places: int) -> str:
    text = f"{value:,.{places}f}"
    return _signed(text if float(text.replace(",", "")) else text.lstrip("-"))


def _signed(text: str) -> str:
    return text.replace("-", MINUS)
