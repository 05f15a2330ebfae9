"""Numbers as text to integers of 1e-9, exactly."""

from decimal import Decimal, InvalidOperation

from engine.instruments import NANO

LIMIT = 2**63 - 1


def nano(text: str) -> int:
    """The value in 1e-9; ValueError when it is no finite number or does not fit in 63 bits.

    What is finer than 1e-9 is on no instrument's grid: it comes back 1e-9 off, so that it is found
    off the grid and not rounded onto it.

    >>> nano("61800.30")
    61800300000000
    """
    try:
        value = Decimal(text.strip()) * NANO
    except (InvalidOperation, AttributeError):
        raise ValueError(f"{text!r} is not a number") from None
    if not value.is_finite() or abs(value) >= LIMIT:
        raise ValueError(f"{text!r} is out of range")
    whole = int(value)
    return whole if whole == value else whole + (1 if whole % 10 != 9 else -1)
