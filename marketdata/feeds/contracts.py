"""Futures contract codes: ESH4 is the March 2024 contract of ES.

A venue's symbol is an outright (ESH4), a spread (ESH4-ESM4, ES:BF H4-M4-U4) or a rule that names
one (ES.c.0, ES.FUT). Only outrights and rules that follow a single one are traded.
"""

import re
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
