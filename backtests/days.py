"""Which stored days a backtest runs, and what of the range is not there.

- A day that is being recorded, or is not over, is left out, and that is said.
- A day that is damaged, or counts in other ticks than the instrument, is an error that names the
  remedy: a result without it would be one without saying so.
- Sessions of the calendar between the first and the last day that are not stored are `missing`;
  holidays are none.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from backtests.errors import NoTicks, PlanError
from engine.instruments import Instrument, instrument
from engine.schedule import TradingDay
from marketdata.calendars import CalendarSchedule, schedule
from marketdata.errors import StoreError
from marketdata.store import DayInfo, StoredDay, TickStore
from marketdata.store.appender import being_recorded

NAMED: Final = 5
"""Days that are named one by one."""

_seen: dict[Path, tuple[tuple[int, int, int], "DayFacts"]] = {}


@dataclass(frozen=True, slots=True)
class Found:
    """Days to run, in order; sessions that are missing between them; what was left out and why;
    what whoever stored the days said of them ("partial: ends 2 h before the close")."""

    days: tuple[date, ...]
    missing: tuple[date, ...]
    left_out: tuple[tuple[date, str], ...] = ()
    remarks: tuple[tuple[date, str], ...] = ()


def find_days(
    store: TickStore,
    symbol: str,
    first: date | None = None,
    last: date | None = None,
    *,
    most: int | None = None,
    now: int,
) -> Found:
    """The stored days of a symbol from `first` to `last`, both included; `most`: no more than the
    last so many of them. `now`: UTC ns.

    NoTicks when there is none, PlanError when one cannot be used.
    """
    spec = instrument(symbol)
    if first is not None and last is not None and last < first:
        raise PlanError(f"--to {last} is before --from {first}")
    held = [d for d in store.days(symbol) if (first or d) <= d <= (last or d)]
    if not held:
        raise NoTicks(_nothing(store, symbol, first, last))
    left_out = [(day, why) for day in held if (why := _not_yet(store, spec, day, now))]
    days = [day for day in held if day not in dict(left_out)]
    if not days:
        raise NoTicks(f"{symbol}: {_why(left_out)}; no other day of the range is stored")
    days = days[-most:] if most is not None else days
    problems = [text for day in days if (text := _problem(store, spec, day))]
    if problems:
        raise PlanError(
            f"{_some(problems, '; ')}. Run `manage.py ticks repair --symbol {symbol}`, store the "
            "days anew, or take a range without them"
        )
    between = schedule(spec, "all").days(days[0], days[-1])
    there = set(days)
    missing = tuple(found.day for found in between if found.day not in there)
    remarks = [(day, text) for day in days for text in day_facts(store, symbol, day).info.warnings]
    return Found(tuple(days), missing, tuple(left_out), tuple(remarks))


def session_hours(spec: Instrument, session: str) -> CalendarSchedule:
    """The trading days of a plan's session."""
    return schedule(spec, "all" if session == "all" else "rth")


def trading_day(spec: Instrument, day: date, session: str) -> TradingDay:
    """The hours of a day; PlanError when nothing trades on it."""
    found = session_hours(spec, session).day(day)
    if found is None:
        raise PlanError(f"{spec.symbol} {day}: is no trading day of {spec.calendar}")
    return found


@dataclass(frozen=True, slots=True)
class DayFacts:
    """What is stored of a day, without its ticks. `digest` is `day_digest`'s."""

    info: DayInfo
    count: int
    digest: str


def facts_of(stored: StoredDay) -> DayFacts:
    """The facts of a day that is open."""
    return DayFacts(stored.info, stored.count, day_digest(stored))


def day_facts(store: TickStore, symbol: str, day: date) -> DayFacts:
    """The facts of a stored day. A file that was not touched since this process looked at it is not
    opened again. StoreError without the day, or when it is damaged."""
    path = store.path(symbol, day)
    try:
        stat = path.stat()
    except FileNotFoundError:
        return facts_of(store.read(symbol, day))
    if store.journal_path(symbol, day).exists():
        return facts_of(store.read(symbol, day))
    touched = stat.st_ino, stat.st_size, stat.st_mtime_ns
    known = _seen.get(path)
    if known is None or known[0] != touched:
        known = _seen[path] = touched, facts_of(store.read(symbol, day))
    return known[1]


def data_digest(store: TickStore, symbol: str, days: Iterable[date]) -> str:
    """What names the ticks of these days, in order."""
    return digest_of((day, day_facts(store, symbol, day).digest) for day in days)


def digest_of(days: Iterable[tuple[date, str]]) -> str:
    """16 hex digits of days that have these digests."""
    text = "".join(f"{day} {digest}\n" for day, digest in days)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def day_digest(stored: StoredDay) -> str:
    """16 hex digits that name a day's ticks and what is said of them: they change when the day is
    repaired, replaced, or goes on being recorded. Of the checksums that its file has; of a journal
    every frame is read."""
    info = stored.info
    facts: dict[str, object] = {
        "symbol": info.symbol,
        "day": info.day.isoformat(),
        "contract": info.contract,
        "tick": str(info.tick),
        "lot": str(info.lot),
        "side": info.side,
        "synthetic": info.synthetic,
    }
    if stored.file is not None:
        facts["file"] = stored.file.digest
    if stored.journalled and stored.journal is not None:
        facts["journal"] = [stored.journal.id, stored.skip, stored.journal.count]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def check_grid(info: DayInfo, spec: Instrument) -> None:
    """PlanError when a day counts in other ticks or lots than the instrument."""
    if (info.tick, info.lot) != (spec.tick, spec.lot):
        raise PlanError(
            f"{info.symbol} {info.day}: is stored in ticks of {info.tick} and lots of {info.lot}, "
            f"not {spec.tick} and {spec.lot}"
        )


def _not_yet(store: TickStore, spec: Instrument, day: date, now: int) -> str:
    """Why a day cannot be run yet; "" when it can."""
    journal = store.journal_path(spec.symbol, day)
    try:
        if journal.exists() and being_recorded(journal):
            return "is being recorded"
    except FileNotFoundError:
        return ""  # compacted at this very moment
    found = schedule(spec, "all").day(day)
    return "is not over" if found is not None and found.end > now else ""


def _problem(store: TickStore, spec: Instrument, day: date) -> str:
    try:
        trading_day(spec, day, "all")
        facts = day_facts(store, spec.symbol, day)
        check_grid(facts.info, spec)
    except (StoreError, PlanError) as error:
        return str(error)
    return "" if facts.count else f"{spec.symbol} {day}: holds no tick"


def _nothing(store: TickStore, symbol: str, first: date | None, last: date | None) -> str:
    held = store.days(symbol)
    if held:
        span = f"{first or held[0]} to {last or held[-1]}"
        return (
            f"{symbol}: nothing is stored from {span}; the tick store has {held[0]} to {held[-1]}. "
            f"{_remedy(symbol, first, last)}"
        )
    others = ", ".join(store.symbols())
    has = f"of {others}" if others else "nothing yet"
    return f"{symbol}: the tick store has no day of it ({has}). {_remedy(symbol, first, last)}"


def _remedy(symbol: str, first: date | None, last: date | None) -> str:
    to = f" --to {last}" if last else ""
    begin = f" --from {first}" if first else " --from DAY"
    days = begin if first else " --days 60"
    return (
        f"To try it on a simulated market: manage.py ticks simulate --symbol {symbol}{days}{to}. "
        f"For the real one: manage.py ticks download --symbol {symbol}{begin}{to or ' --to DAY'}"
    )


def _why(left_out: list[tuple[date, str]]) -> str:
    return _some([f"{day} {why}" for day, why in left_out], ", ")


def _some(texts: list[str], between: str) -> str:
    """The first few of them, and how many more there are."""
    more = f"{between}and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return between.join(texts[:NAMED]) + more
