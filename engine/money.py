"""Money as exact integers of 1e-8 of the currency ("units"); Decimal at the edges."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

UNITS: Final = 10**8
_QUANTUM: Final = Decimal(1).scaleb(-8)
_CENT: Final = Decimal("0.01")


def to_units(amount: Decimal) -> int:
    """Units of an amount; amounts finer than 1e-8 are refused (ValueError)."""
    units = amount * UNITS
    if units != units.to_integral_value():
        raise ValueError(f"{amount} is finer than 0.00000001")
    return int(units)


def to_decimal(units: int) -> Decimal:
    """The amount, with at least two decimals and no trailing zeros past them.

    >>> to_decimal(1_250_000_000)
    Decimal('12.50')
    """
    amount = Decimal(units) * _QUANTUM
    cents = amount.quantize(_CENT, rounding=ROUND_HALF_EVEN)
    return cents if cents == amount else amount.normalize()
