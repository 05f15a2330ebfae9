"""Hours in which an account is meant to be traded: New York time, on trading days.

>>> hours("paper-MES=09:25-16:05")
Hours(account='paper-MES', opens=datetime.time(9, 25), closes=datetime.time(16, 5))

A trading day begins at 17:00 the evening before, so `18:00-16:55` is one window of one day. What
lies behind the market's close, as on a day that closes early, is not expected.
"""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from engine.instruments import instrument
from engine.ticks import NS
from marketdata.calendars import NEW_YORK, ROLL, calendar_date, schedule
from trading.errors import OptionError

WORDS: Final = re.compile(r"([A-Za-z0-9_-]{1,40})=(\d\d:\d\d)-(\d\d:\d\d)")
MARKET: Final = "ES"
"""Whose calendar says what a trading day is."""


@dataclass(frozen=True)
class Hours:
    """From `opens` until before `closes`."""

    account: str
    opens: time
    closes: time

    def expects(self, now: datetime) -> bool:
        """Whether the account is to run now."""
        ts = int(now.timestamp() * NS)
        day = schedule(instrument(MARKET), "all").day(calendar_date(ts))
        if day is None or ts >= day.close:
            return False
        local = now.astimezone(NEW_YORK).time()
        return _since_roll(self.opens) <= _since_roll(local) < _since_roll(self.closes)


def hours(text: str) -> Hours:
    """OptionError for what are no hours."""
    found = WORDS.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        made = Hours(found[1], time.fromisoformat(found[2]), time.fromisoformat(found[3]))
    except ValueError:
        raise OptionError(
            f"--expect {text!r} are no hours; write ACCOUNT=HH:MM-HH:MM in New York time, like "
            "paper-MES=09:25-16:05"
        ) from None
    if _since_roll(made.opens) >= _since_roll(made.closes):
        raise OptionError(
            f"--expect {text!r} goes past 17:00 New York, where a trading day ends; write it as two"
        )
    return made


def _since_roll(at: time) -> timedelta:
    """How long after the trading day's beginning."""
    minutes = timedelta(hours=at.hour - ROLL.hour, minutes=at.minute, seconds=at.second)
    return minutes % timedelta(days=1)
