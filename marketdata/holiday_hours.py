"""Holiday hours of CME where pandas_market_calendars says something else than the exchange.

Only what is known to differ, by date, so that a day drops out of use here when the library learns
it. All times are New York's.

- Stock index futures (`CME_Equity` of the library) close at 13:15, not at 13:00, on the day after
  Thanksgiving, on Christmas Eve and on 3 July. The library's calendar "CME Globex Equity" has it
  right, also the 11:30 of holidays before 2015, but not the hours before November 2012.
- They trade on Good Friday, until 09:15, only where the employment report comes out on it (2023 and
  2026). The library opens every one since 2023.
- 2025-01-09, mourning of President Carter: stock index futures closed at 09:30, energy and metals
  kept their hours (the exchange's notice of 2024-12-30). The library has no early close.
- Energy and metals halt at 14:30 on holidays, Labor Day included, and close at 14:45 on the day
  after Thanksgiving and at 13:45 on Christmas Eve. A holiday on a Friday ends at 13:00, since no
  session follows. For 2024 and 2025 the last trades of micro crude say so, for 2026 the exchange's
  calendar. 2027 is not published yet: there it is what these years had. Of 2023 nothing is known
  that would speak against the library, which closes earlier: the safe side.
"""

from datetime import date, time
from enum import Enum
from typing import Final, Literal


class _Closed(Enum):
    CLOSED = "closed"


CLOSED: Final = _Closed.CLOSED

EQUITY: Final = "CME_Equity"
GLOBEX_EQUITY: Final = "CME Globex Equity"
GLOBEX_EQUITY_FROM: Final = date(2013, 1, 1)
ENERGY_AND_METALS: Final = frozenset({"CMEGlobex_CL", "CMEGlobex_Gold", "CMEGlobex_MCL"})

_EQUITY: Final[dict[date, time | _Closed]] = {
    date(2024, 3, 29): CLOSED,
    date(2025, 1, 9): time(9, 30),
    date(2025, 4, 18): CLOSED,
    date(2027, 3, 26): CLOSED,
}

_ENERGY_AND_METALS: Final[dict[date, time | _Closed]] = {
    date(2024, 9, 2): time(14, 30),
    date(2024, 11, 29): time(14, 45),
    date(2024, 12, 24): time(13, 45),
    date(2025, 7, 4): time(13),
    date(2025, 9, 1): time(14, 30),
    date(2025, 11, 28): time(14, 45),
    date(2025, 12, 24): time(13, 45),
    date(2026, 6, 19): time(13),
    date(2026, 7, 3): time(13),
    date(2026, 9, 7): time(14, 30),
    date(2026, 11, 27): time(14, 45),
    date(2026, 12, 24): time(13, 45),
    date(2027, 6, 18): time(13),
    date(2027, 9, 6): time(14, 30),
    date(2027, 11, 26): time(14, 45),
}


def library_name(calendar: str, day: date) -> str:
    """Which of the library's calendars has the hours of this day."""
    return GLOBEX_EQUITY if calendar == EQUITY and day >= GLOBEX_EQUITY_FROM else calendar


def early_close(calendar: str, day: date) -> time | Literal[_Closed.CLOSED] | None:
    """The published close where the library's is wrong, CLOSED for no trading, None where the
    library may be believed."""
    if calendar == EQUITY:
        return _EQUITY.get(day)
    return _ENERGY_AND_METALS.get(day) if calendar in ENERGY_AND_METALS else None
