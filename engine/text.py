"""Prices and money as text at the edges: plain digits, exact, no exponents.

>>> number_text(Decimal("4800.50000000"), 2), number_text(Decimal("0.00001230"), 2)
('4800.50', '0.0000123')
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from engine.instruments import Instrument
from engine.money import UNITS

AVERAGE_QUANTUM: Final = Decimal(1).scaleb(-8)


def decimals(step: Decimal) -> int:
    """Places after the point that a step needs: 2 for 0.25."""
    return max(0, -int(step.as_tuple().exponent))


def number_text(value: Decimal, places: int) -> str:
    """Plain digits with at least `places` after the point and no trailing zeros past them."""
    whole, _, fraction = f"{value:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole


def units_text(units: int) -> str:
    """An amount in money units, at least two places."""
    whole, rest = divmod(abs(units), UNITS)
    fraction = f"{rest:08d}".rstrip("0").ljust(2, "0")
    return f"{'-' if units < 0 else ''}{whole}.{fraction}"


def price_text(ticks: int, spec: Instrument) -> str:
    """A price in whole ticks, with the tick's places."""
    return number_text(spec.price(ticks), decimals(spec.tick))


def average_price(notional: int, size: int, spec: Instrument) -> Decimal:
    """notional / size in ticks as a price, to eight places (half to even); exact on the grid."""
    price = Decimal(notional) * spec.tick / size
    return price.quantize(AVERAGE_QUANTUM, rounding=ROUND_HALF_EVEN)


def average_text(notional: int, size: int, spec: Instrument) -> str:
    """`average_price` as text."""
    return number_text(average_price(notional, size, spec), decimals(spec.tick))
