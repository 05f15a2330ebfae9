"""Trading days and sessions of each instrument: what `engine.schedule` asks for.

>>> rth = schedule(instrument("ES"), "rth")
>>> rth.at(1_703_545_200 * 10**9).day          # 2023-12-25 18:00 New York, the holiday's reopening
datetime.date(2023, 12, 26)

- A trading day ends at 17:00 New York and starts where the one before ended. So days tile time, a
  weekend or holiday belongs to the day after it, and after an early close the rest of the
  afternoon still belongs to the day that closed.
- pandas_market_calendars says which days trade and when they open and close. Where the exchange
  published other hours, `marketdata.holiday_hours` has them. What lies beyond the years that the
  library can compute counts as Monday to Friday, full hours.
- Session "rth": open 09:30, close 16:00 or the early close. A market that closes before 09:30 (CME
  equities on Good Friday) has no such session: open, close and the empty entry window coincide.
- Session "all": from the market's open (18:00 the evening before at CME) to its close.
- A "24/7" instrument has a trading day for every date of the calendar.
- Entries end 15 minutes before the close, the flatten time is 5 minutes before it.

Importing the library costs more than a second, so that happens when the first day is asked for,
days are computed a month at a time, and after `keep_in(folder)` a month that was computed once is
read from a small file instead.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Literal, cast
from zoneinfo import ZoneInfo

import structlog

from engine.instruments import Instrument
from engine.schedule import TradingDay
from engine.ticks import NS
from marketdata.errors import CalendarError
from marketdata.holiday_hours import CLOSED, early_close, library_name

log = structlog.get_logger(__name__)

Session = Literal["rth", "all"]

NEW_YORK: Final = ZoneInfo("America/New_York")
ROLL: Final = time(17)
RTH_OPEN: Final = time(9, 30)
RTH_CLOSE: Final = time(16)
LAST_ENTRY_NS: Final = 15 * 60 * NS
FLATTEN_NS: Final = 5 * 60 * NS
ALWAYS_OPEN: Final = "24/7"

_DAY: Final = timedelta(days=1)
_AFTER_ROLL: Final = timedelta(hours=24 - ROLL.hour)


@dataclass(frozen=True, slots=True)
class _Hours:
    """When a market opens and closes for one trading day, UTC ns."""

    open: int
    close: int


def new_york(day: date, at: time) -> int:
    """UTC ns of a New York wall-clock time."""
    return int(datetime.combine(day, at, NEW_YORK).timestamp()) * NS


def calendar_date(ts: int) -> date:
    """The date whose 17:00 New York is the first one after `ts`."""
    local = datetime.fromtimestamp(ts // NS, UTC).astimezone(NEW_YORK).replace(tzinfo=None)
    return (local + _AFTER_ROLL).date()


class CalendarSchedule:
    """The trading days of one calendar and session. A pure function of time that remembers."""

    def __init__(self, calendar: str, session: Session) -> None:
        self.calendar = calendar
        self.session = session
        self._days: dict[date, TradingDay | None] = {}
        self._by_date: dict[date, TradingDay] = {}
        self._last: TradingDay | None = None

    def at(self, ts: int) -> TradingDay:
        """The trading day with start <= ts < end."""
        last = self._last
        if last is None or not last.start <= ts < last.end:
            self._last = last = self._on_or_after(calendar_date(ts))
        return last

    def day(self, day: date) -> TradingDay | None:
        """The trading day of this date, or None when nothing trades on it."""
        if day not in self._days:
            hours = _hours(self.calendar, day)
            self._days[day] = None if hours is None else self._make(day, hours)
        return self._days[day]

    def days(self, first: date, last: date) -> Iterator[TradingDay]:
        """The trading days from `first` to `last`, both included."""
        for offset in range((last - first).days + 1):
            found = self.day(first + timedelta(days=offset))
            if found is not None:
                yield found

    def before(self, day: date) -> TradingDay:
        """The last trading day before this date."""
        day -= _DAY
        while (found := self.day(day)) is None:
            day -= _DAY
        return found

    def is_open(self, ts: int) -> bool:
        """Whether `ts` lies between the open and the close of its trading day."""
        day = self.at(ts)
        return day.open <= ts < day.close

    def _on_or_after(self, wanted: date) -> TradingDay:
        found = self._by_date.get(wanted)
        if found is None:
            day = wanted
            while (found := self.day(day)) is None:
                day += _DAY
            self._by_date[wanted] = found
        return found

    def _make(self, day: date, hours: _Hours) -> TradingDay:
        before = day - _DAY
        while _hours(self.calendar, before) is None:
            before -= _DAY
        start, end = new_york(before, ROLL), new_york(day, ROLL)
        # Before 2008 CME opened at 16:30 New York, which is the day before by our roll.
        close = min(max(hours.close, start), end)
        opened = min(max(hours.open, start), close)
        if self.session == "rth":
            opened = min(max(opened, new_york(day, RTH_OPEN)), close)
            close = max(opened, min(close, new_york(day, RTH_CLOSE)))
        return TradingDay(
            day=day,
            start=start,
            open=opened,
            entries_from=opened,
            entries_to=max(opened, close - LAST_ENTRY_NS),
            flatten_at=max(opened, close - FLATTEN_NS),
            close=close,
            end=end,
        )


def schedule(instrument: Instrument, session: Session) -> CalendarSchedule:
    """The instrument's trading days for a session, "rth" or "all" (around the clock)."""
    if session not in ("rth", "all"):
        raise CalendarError(f'unknown session {session!r}; it is "rth" or "all"')
    return _schedule(instrument.calendar, session)


@lru_cache
def _schedule(calendar: str, session: Session) -> CalendarSchedule:
    return CalendarSchedule(calendar, session)


def _hours(calendar: str, day: date) -> _Hours | None:
    if calendar == ALWAYS_OPEN:
        return _Hours(new_york(day - _DAY, ROLL), new_york(day, ROLL))
    published = early_close(calendar, day)
    if published is CLOSED:
        return None
    found = _month(library_name(calendar, day), day.year, day.month).get(day)
    if published is None or found is None:
        return found
    return _Hours(found.open, new_york(day, published))


_kept: dict[str, Path] = {}


def keep_in(folder: Path | None) -> None:
    """Keep computed months in files there, for the next start; None keeps them no longer.

    A file belongs to one version of the library. One that is damaged is computed anew.
    """
    _kept.clear()
    if folder is not None:
        _kept["folder"] = folder


@lru_cache(maxsize=512)
def _month(calendar: str, year: int, month: int) -> dict[date, _Hours]:
    if "folder" not in _kept:
        return _compute(calendar, year, month)
    library = version("pandas_market_calendars")
    path = _kept["folder"] / f"{calendar.replace(' ', '_')}-{year}-{month:02}-{library}.json"
    try:
        rows = json.loads(path.read_text())
        return {date.fromisoformat(day): _Hours(int(o), int(c)) for day, o, c in rows}
    except (OSError, ValueError, TypeError):
        found = _compute(calendar, year, month)
    rows = [[day.isoformat(), hours.open, hours.close] for day, hours in found.items()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(f".{os.getpid()}")
        unfinished.write_text(json.dumps(rows))
        unfinished.replace(path)
    except OSError as error:
        log.warning("calendar_not_kept", path=str(path), error=str(error))
    return found


def _compute(calendar: str, year: int, month: int) -> dict[date, _Hours]:
    first = date(year, month, 1)
    last = (first + timedelta(days=31)).replace(day=1) - _DAY
    library = _library_calendar(calendar)
    from pandas.errors import OutOfBoundsDatetime

    try:
        table = library.schedule(
            first.isoformat(), last.isoformat(), market_times=["market_open", "market_close"]
        )
        days = [stamp.date() for stamp in table.index]
        opens, closes = (
            table[name].dt.tz_convert("UTC").dt.as_unit("ns").astype("int64").tolist()
            for name in ("market_open", "market_close")
        )
    except (OutOfBoundsDatetime, OverflowError):
        return _weekdays(first, last)
    return {
        day: _Hours(opened, closed)
        for day, opened, closed in zip(days, cast(list[int], opens), closes, strict=True)
    }


@lru_cache
def _library_calendar(name: str) -> Any:
    import pandas_market_calendars as library

    try:
        return library.get_calendar(name)
    except RuntimeError:
        raise CalendarError(f"unknown calendar {name!r}; see pandas_market_calendars") from None


def _weekdays(first: date, last: date) -> dict[date, _Hours]:
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    return {
        day: _Hours(new_york(day - _DAY, time(18)), new_york(day, ROLL))
        for day in days
        if day.weekday() < 5
    }
