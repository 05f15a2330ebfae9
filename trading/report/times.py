"""UTC nanoseconds as texts, thousands of them: what a whole hour has in common is made once."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from engine.ticks import NS
from marketdata.calendars import NEW_YORK
from marketdata.models import EPOCH

_HOUR: Final = 3_600 * NS
_MS: Final = NS // 1_000


def new_york(ns: int) -> str:
    """`2025-07-01 09:31:05`"""
    hour, rest = divmod(ns, _HOUR)
    minutes, seconds = divmod(rest // NS, 60)
    return f"{_hour(hour)[1]}:{minutes:02d}:{seconds:02d}"


def both(ns: int) -> tuple[str, str]:
    """To the millisecond: `2025-07-01 13:31:05.250`, and New York's with its offset from UTC."""
    hour, rest = divmod(ns, _HOUR)
    utc, local, offset = _hour(hour)
    seconds, ms = divmod(rest // _MS, 1_000)
    past = f":{seconds // 60:02d}:{seconds % 60:02d}.{ms:03d}"
    return utc + past, local + past + offset


@lru_cache(maxsize=100_000)
def _hour(hours: int) -> tuple[str, str, str]:
    """Of hours since the epoch: UTC and New York to the hour, and New York's offset. Its offsets
    have been whole hours for as long as there are ticks."""
    utc = EPOCH + timedelta(hours=hours)
    local: datetime = utc.astimezone(NEW_YORK)
    written = local.isoformat(" ")
    return utc.astimezone(UTC).isoformat(" ")[:13], written[:13], written[19:]
