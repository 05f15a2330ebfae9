"""The first reading of a file: what is in it, and whether it can be vouched for.

Nothing is stored until the whole file was read once and nothing was found against it. It is refused
when

    time     a time is before 1970 or in the future: no trading day could be told
    order    a tick belongs to a trading day before the one reached, or more than MAX_SHARE of the
             ticks are more than a second late within their day
    price    more than MAX_SHARE of the trades have no price, or none above 0
    grid     more than MAX_SHARE of the trades have a price that is off the grid
    text     more than MAX_SHARE of the lines cannot be read
    hours    more than MAX_CLOSED of the trades lie where the market was closed: the time zone is
             probably wrong
    scale    all prices differ by multiples of WIDE_STEP ticks or more: they are probably written in
             another unit
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.schedule import TradingDay
from engine.ticks import MAX_LATE_NS, NS
from marketdata.calendars import CalendarSchedule
from marketdata.errors import ImportRefused
from marketdata.feeds import Counts, StoredTicks
from marketdata.feeds.files.recording import Recording
from marketdata.imports.days import by_day
from marketdata.imports.progress import Advance

MAX_SHARE: Final = 1 / 1000
MAX_CLOSED: Final = 1 / 50
WIDE_STEP: Final = 10
FEW_PRICES: Final = 20
"""So many different prices at least, or their step says nothing."""

Ints = npt.NDArray[np.int64]


@dataclass(slots=True)
class DayScan:
    """What a trading day holds. Times in UTC ns, `volume` in lots."""

    day: TradingDay
    ticks: int = 0
    volume: int = 0
    first: int = 0
    last: int = 0
    closed: int = 0
    """Ticks while the market was closed."""
    late: int = 0
    """Ticks more than a second after a later one."""
    sideless: int = 0

    def add(self, ticks: StoredTicks) -> None:
        """Count a piece of the day."""
        ts = ticks.ts_event
        first, last = int(ts.min()), int(ts.max())
        self.first = min(self.first, first) if self.ticks else first
        self.last = max(self.last, last)
        self.ticks += len(ts)
        self.volume += int(ticks.size.sum(dtype=np.int64))
        self.sideless += len(ts) - int(np.count_nonzero(ticks.side))
        if first < self.day.open or last >= self.day.close:
            self.closed += int(np.count_nonzero((ts < self.day.open) | (ts >= self.day.close)))


@dataclass(slots=True)
class Scan:
    """A whole file."""

    counts: Counts
    days: dict[TradingDay, DayScan] = field(default_factory=dict)
    prices: set[int] = field(default_factory=set)
    """The first FEW_PRICES different ones, ticks."""
    step: int = 0
    """The greatest common divisor of all differences between prices, ticks; 0: one price."""

    @property
    def ticks(self) -> int:
        """Of all days."""
        return sum(day.ticks for day in self.days.values())


def scan(
    recording: Recording, schedule: CalendarSchedule, now: int, advance: Advance | None = None
) -> Scan:
    """Read it once. `now` is UTC ns. FeedError when it is damaged, ImportRefused for order."""
    found = Scan(recording.counts)
    reached = 0
    reached_day: TradingDay | None = None
    for day, ticks in by_day(_plausible(recording, now), schedule):
        ts = ticks.ts_event
        late = _late(ts, reached)
        if reached_day is not None and day.start < reached_day.start and late:
            raise ImportRefused(
                f"{recording.path}: goes back from {said(reached)} to {said(int(ts.min()))}, "
                "another trading day; sort it by time, or take it apart if it is several recordings"
            )
        entry = found.days.setdefault(day, DayScan(day))
        entry.add(ticks)
        entry.late += late
        if (top := int(ts.max())) >= reached:
            reached, reached_day = top, day
        _prices(found, ticks.price)
        if advance is not None:
            advance(recording.progress)
    found.counts = recording.counts
    return found


def check(recording: Recording, found: Scan, *, any_hours: bool = False) -> None:
    """ImportRefused, with the remedy, when what was found speaks against the file."""
    path, symbol = recording.path, recording.instrument.symbol
    counts = found.counts
    dropped = {reason: n for reason, n in counts.dropped.items() if n}
    rows = counts.used + sum(n for reason, n in dropped.items() if reason != "other_contract")
    where = "".join(f"; line {line}: {reason}" for line, reason in counts.examples[:1])
    if (low := dropped.get("price", 0)) > rows * MAX_SHARE:
        raise ImportRefused(
            f"{path}: {low:,} of {rows:,} trades have no price above 0{where}; such days cannot be "
            "stored"
        )
    if (off := dropped.get("off_grid", 0)) > rows * MAX_SHARE:
        raise ImportRefused(
            f"{path}: {off:,} of {rows:,} prices are not on the grid of {symbol} "
            f"({recording.instrument.tick}){where}; is that the symbol?{recording.hint}"
        )
    if (unread := dropped.get("unparsable", 0)) > rows * MAX_SHARE:
        raise ImportRefused(f"{path}: {unread:,} of {rows:,} lines cannot be read{where}")
    if not found.ticks:
        lost = ", ".join(f"{n:,} {reason}" for reason, n in dropped.items())
        raise ImportRefused(
            f"{path}: holds no trade of {recording.info.contract or symbol}"
            + f" that could be used (dropped: {lost})" * bool(lost)
        )
    if (late := sum(day.late for day in found.days.values())) > found.ticks * MAX_SHARE:
        raise ImportRefused(
            f"{path}: {late:,} of {found.ticks:,} trades are more than a second after later ones; "
            "sort it by time (an hour twice: a zone's change to winter time; export it in UTC)"
        )
    closed = sum(day.closed for day in found.days.values())
    if closed > found.ticks * MAX_CLOSED and not any_hours:
        raise ImportRefused(
            f"{path}: {closed:,} of {found.ticks:,} trades lie where {symbol} was closed, the file "
            f"begins {said(min(day.first for day in found.days.values()))}; is the time zone "
            "right? --any-hours takes them"
        )
    if found.step >= WIDE_STEP and len(found.prices) >= FEW_PRICES:
        raise ImportRefused(
            f"{path}: all prices are whole steps of {recording.instrument.price(found.step)}, "
            f"which is {found.step} ticks of {symbol}; are they in another unit?{recording.hint}"
        )


def said(ts: int) -> str:
    """A time for people."""
    return f"{datetime.fromtimestamp(ts // NS, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _plausible(recording: Recording, now: int) -> Iterator[StoredTicks]:
    for ticks in recording.stored():
        for ts in (int(ticks.ts_event.min()), int(ticks.ts_event.max())):
            if not 0 < ts <= now + 86_400 * NS:
                raise ImportRefused(
                    f"{recording.path}: has a time of {ts} ns, which is no past time: its trading "
                    "day cannot be told; write times as ISO 8601 or UTC epoch numbers"
                )
        yield ticks


def _late(ts: Ints, reached: int) -> int:
    """How many are more than MAX_LATE_NS before a time that came earlier."""
    if ts[0] >= reached and (ts[1:] >= ts[:-1]).all():
        return 0
    before = np.maximum(np.maximum.accumulate(ts), reached)
    return int(np.count_nonzero(ts < before - MAX_LATE_NS))


def _prices(found: Scan, price: npt.NDArray[np.int32]) -> None:
    """The step of the prices; once it is narrow enough nothing more is asked."""
    if len(found.prices) < FEW_PRICES:
        found.prices.update(np.unique(price)[:FEW_PRICES].tolist())
    if found.step == 1:
        return
    base = next(iter(found.prices))
    steps = np.unique(np.abs(price.astype(np.int64) - base))
    found.step = int(np.gcd.reduce(steps, initial=found.step))
