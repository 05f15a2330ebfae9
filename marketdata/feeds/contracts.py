"""Futures contract codes: ESH4 is the March 2024 contract of ES.

A venue's symbol is an outright (ESH4), a spread (ESH4-ESM4, ES:BF H4-M4-U4) or a rule that names
one (ES.c.0, ES.FUT). Only outrights and rules that follow a single one are traded.
"""

import re
from datetime import date
from typing import Final

MONTHS: Final = "FGHJKMNQUVXZ"

_OUTRIGHT: Final = re.compile(rf"([A-Z0-9]+?)([{MONTHS}])(\d{{1,2}})")
_CONTINUOUS: Final = re.compile(r"([A-Z0-9]+)\.[a-z]\.\d+")


def root(contract: str) -> str | None:
    """The symbol whose contract this is, None for a spread or anything else.

    >>> root("ESH4"), root("MES.v.0"), root("MCLG6-MCLK6")
    ('ES', 'MES', None)
    """
    found = _OUTRIGHT.fullmatch(contract) or _CONTINUOUS.fullmatch(contract)
    return found[1] if found else None


def one_digit(contract: str) -> str:
    """An outright with the venue's one digit for the year: ESZ25 is ESZ5.

    >>> one_digit("ESZ25"), one_digit("ES.v.0")
    ('ESZ5', 'ES.v.0')
    """
    found = _OUTRIGHT.fullmatch(contract)
    return f"{found[1]}{found[2]}{found[3][-1]}" if found else contract


def delivery(contract: str, seen: date) -> tuple[int, int] | None:
    """Year and month that an outright delivers in, which orders a symbol's contracts by expiry.

    `seen` is a day on which it traded: a year of one digit comes back every ten years, and is the
    next one that is not over by then. None for anything but an outright.

    >>> delivery("MCLF4", date(2023, 12, 11)), delivery("MCLZ9", date(2025, 11, 5))
    ((2024, 1), (2029, 12))
    """
    found = _OUTRIGHT.fullmatch(contract)
    if found is None:
        return None
    month = MONTHS.index(found[2]) + 1
    span = 10 ** len(found[3])
    year = seen.year - seen.year % span + int(found[3])
    if (year, month) < (seen.year, seen.month):
        year += span
    return year, month
