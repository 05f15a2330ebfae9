"""Trading days from Databento into the tick store: what is missing, what it costs, and getting it.

- A day that is stored, in whatever way, is skipped: a download can be repeated until it is through.
- A day that is not over yet, or that Databento does not offer to its end yet, is left out.
- A day is stored when all of it came, or not at all. Until then its pieces lie in a folder of its
  own; what is left there by a run that was stopped is not used, and the day starts again.
- A folder's lock keeps two downloads from paying for the same days.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Final

from engine.instruments import Instrument, instrument
from engine.schedule import TradingDay
from engine.ticks import NS
from marketdata.calendars import ALWAYS_OPEN, schedule
from marketdata.errors import HistoryError
from marketdata.feeds import Counts, StoredTicks
from marketdata.feeds.clean import Cleaner
from marketdata.feeds.contracts import root
from marketdata.history.api import NO_COST, Cost, HistoryApi, Span
from marketdata.history.fetch import Fetch, Fetched
from marketdata.history.front import front_months
from marketdata.history.records import stored
from marketdata.store import DayInfo, TickStore

SOURCE: Final = "databento history"
AFTER_NS: Final = 600 * NS
"""Databento selects by the time of receipt: a day's last trades may be received after its end. Ten
minutes, because its count of records is exact at full ten minutes."""


@dataclass(frozen=True, slots=True)
class Day:
    """A day to download: the trades of one contract."""

    day: date
    contract: str
    hours: TradingDay

    @property
    def span(self) -> Span:
        """What is asked for; a little more than the day."""
        return Span(self.contract, self.hours.start, self.hours.end + AFTER_NS)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a download would do. `again`: days of which an earlier run had a part."""

    symbol: str
    days: tuple[Day, ...]
    stored: tuple[date, ...]
    not_yet: tuple[date, ...]
    again: tuple[date, ...]
    cost: Cost


@dataclass(slots=True)
class Done:
    """What a download did."""

    days: list[date] = field(default_factory=list)
    empty: list[date] = field(default_factory=list)
    ticks: int = 0
    dropped: Counts = field(default_factory=Counts)
    warnings: list[str] = field(default_factory=list)


class Progress:
    """Told what is going on; does nothing with it."""

    def begins(self, day: Day, expected: int, fetch: Fetch) -> None:
        """A day, of so many records."""

    def ends(self, day: Day, records: int) -> None:
        """It is stored."""

    def say(self, day: Day, text: str) -> None:
        """Something a user should know."""


def plan(
    api: HistoryApi,
    store: TickStore,
    symbol: str,
    first: date,
    last: date,
    *,
    contract: str | None = None,
    folder: Path,
) -> Plan:
    """Look what is missing from `first` to `last`, both included, and ask what it costs."""
    spec = _on_databento(symbol)
    if first > last:
        raise HistoryError(f"--from {first} is after --to {last}")
    if contract is not None and (root(contract) != symbol or "." in contract):
        raise HistoryError(f"--contract {contract}: is no outright of {symbol}, like {symbol}Z5")
    hours = list(schedule(spec, "all").days(first, last))
    if not hours:
        raise HistoryError(f"{symbol} has no trading day from {first} to {last}")
    there = set(store.days(symbol))
    missing = [each for each in hours if each.day not in there]
    until = api.available_until() if missing else 0
    ready = [each for each in missing if each.end + AFTER_NS <= until]
    days = _contracts(api, symbol, ready, contract)
    return Plan(
        symbol=symbol,
        days=days,
        stored=tuple(each.day for each in hours if each.day in there),
        not_yet=tuple(each.day for each in missing[len(ready) :]),
        again=tuple(each.day for each in days if _folder(folder, symbol, each.day).exists()),
        cost=_cost(api, days),
    )


def download(
    api: HistoryApi,
    store: TickStore,
    plan: Plan,
    *,
    folder: Path,
    progress: Progress | None = None,
    most: Decimal | None = None,
) -> Done:
    """Get the plan's days, one after the other. `most`: dollars that a day which has to be paid
    again must not carry the sum beyond."""
    progress, done = progress or Progress(), Done()
    with _alone(folder / plan.symbol):
        budget = Budget(plan, most)
        for day in plan.days:
            if store.has(plan.symbol, day.day):  # since the plan was made
                continue
            _one(api, store, plan.symbol, day, folder, progress, budget, done)
    return done


@dataclass(slots=True)
class Budget:
    """Keeps what is paid within `most` dollars, at the plan's price of a record."""

    plan: Plan
    most: Decimal | None
    more: int = 0
    """Records that were paid beyond the plan."""

    def check(self, records: int) -> None:
        """HistoryError when paying for so many records again would be too much."""
        self.more += records
        if self.most is None or not self.plan.cost.records:
            return
        share = Decimal(self.more) / self.plan.cost.records
        cost = self.plan.cost.dollars * (1 + share)
        if cost > self.most:
            raise HistoryError(
                f"to ask again would make it {dollars(cost)}, above --max-cost {self.most}"
            )


def dollars(amount: Decimal) -> str:
    """Rounded up to a cent, or to a hundredth of one below a dollar."""
    step = Decimal("0.01") if amount >= 1 or not amount else Decimal("0.0001")
    return f"${amount.quantize(step, ROUND_CEILING):,}"


def _one(
    api: HistoryApi,
    store: TickStore,
    symbol: str,
    day: Day,
    folder: Path,
    progress: Progress,
    budget: Budget,
    done: Done,
) -> None:
    expected = api.records(day.span)
    if not expected:
        done.empty.append(day.day)
        progress.say(day, "no trades; nothing is stored")
        return
    pieces = _folder(folder, symbol, day.day)
    if pieces.exists():
        shutil.rmtree(pieces)
    pieces.mkdir(parents=True)
    fetch = Fetch(api, day.span, pieces, lambda text: progress.say(day, text), again=budget.check)
    progress.begins(day, expected, fetch)
    fetched = fetch.run(expected)
    spec, counts = instrument(symbol), Counts()
    info = DayInfo(
        symbol=symbol,
        day=day.day,
        contract=day.contract,
        tick=spec.tick,
        lot=spec.lot,
        source=SOURCE,
        side="aggressor",
        synthetic=False,
        warnings=tuple(fetched.warnings),
    )
    done.ticks += store.write(info, _ticks(fetched, spec, day, counts))
    shutil.rmtree(pieces)
    done.days.append(day.day)
    done.dropped.dropped.update(counts.dropped)
    done.warnings += [f"{day.day}: {text}" for text in fetched.warnings]
    progress.ends(day, expected)


def _ticks(fetched: Fetched, spec: Instrument, day: Day, counts: Counts) -> Iterator[StoredTicks]:
    clean = Cleaner(spec, counts, unique=None)
    for found in fetched.records():
        ticks = stored(found, clean, day.hours.start, day.hours.end)
        if len(ticks.ts_event):
            yield ticks


def _contracts(
    api: HistoryApi,
    symbol: str,
    hours: Sequence[TradingDay],
    contract: str | None,
) -> tuple[Day, ...]:
    fronts = (
        front_months(api, symbol, [each.day for each in hours])
        if contract is None
        else dict.fromkeys((each.day for each in hours), contract)
    )
    return tuple(Day(each.day, fronts[each.day], each) for each in hours)


def _cost(api: HistoryApi, days: Sequence[Day]) -> Cost:
    """Of all days; those that follow each other with one contract are asked for together."""
    total, spans = NO_COST, list[Span]()
    for day in days:
        last = spans[-1] if spans else None
        if last is not None and last.contract == day.contract and last.end == day.hours.start:
            spans[-1] = Span(last.contract, last.start, day.hours.end)
        else:
            spans.append(Span(day.contract, day.hours.start, day.hours.end))
    for span in spans:
        total += api.cost(span)
    return total


def _on_databento(symbol: str) -> Instrument:
    spec = instrument(symbol)
    if spec.calendar == ALWAYS_OPEN:
        raise HistoryError(
            f"{symbol} is not traded at CME; Databento's history is of futures there"
        )
    return spec


def _folder(folder: Path, symbol: str, day: date) -> Path:
    return folder / symbol / day.isoformat()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise HistoryError(
                f"{folder.name} is being downloaded by another process; wait for it, or stop it"
            ) from None
        yield
    finally:
        os.close(file)
