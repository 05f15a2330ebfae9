"""Moments as text: what a person writes, to UTC ns and back.

>>> read_time("2025-12-10 13:55") == read_time("2025-12-10T18:55:00Z")
True
>>> time_text(read_time("2025-12-10T18:55:00Z"))
'2025-12-10 13:55-05:00'

A time without an offset is New York's. One that the clock shows twice there, or never, is refused.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.ticks import NS

NEW_YORK: Final = ZoneInfo("America/New_York")
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
LAST_YEAR: Final = 2115

_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2})(:[0-9]{2})?(?:\.([0-9]{1,9}))?"
    r" ?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def read_time(text: str) -> int:
    """UTC ns of `2025-12-10 13:55` (New York) or of ISO 8601 with an offset; ValueError says why
    it is none."""
    found = _TIME.fullmatch(text)
    if found is None:
        raise ValueError("it must be a time like 2025-12-10 13:55 (New York) or with an offset")
    day, minute, second, fraction, offset = found.groups()
    moment = datetime.fromisoformat(f"{day}T{minute}{second or ':00'}{offset or ''}")
    if not EPOCH.year < moment.year <= LAST_YEAR:
        raise ValueError(f"its year must be {EPOCH.year + 1} to {LAST_YEAR}")
    if offset is None:
        moment = moment.replace(tzinfo=NEW_YORK)
        if moment.utcoffset() != moment.replace(fold=1).utcoffset():
            raise ValueError(
                "the clocks change in New York then; say the offset, like -05:00 or -04:00"
            )
    seconds = (moment - EPOCH) // timedelta(seconds=1)
    return seconds * NS + int((fraction or "").ljust(9, "0"))


def time_text(ns: int) -> str:
    """New York's time with its offset, as short as it is exact; `read_time` takes it back."""
    seconds, rest = divmod(ns, NS)
    local = (EPOCH + timedelta(seconds=seconds)).astimezone(NEW_YORK).isoformat(sep=" ")
    moment, offset = local[:-6], local[-6:]
    if rest:
        return f"{moment}.{rest:09}".rstrip("0") + offset
    return moment.removesuffix(":00") + offset
