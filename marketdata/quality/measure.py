"""What can be counted in a day's ticks, in one pass over them.

- Trading hours are the market's, from its open to its close (session "all"). A running day counts
  as far as it has come.
- A gap is a pause within them of at least MIN_GAP in which the usual pace would have had at least
  MISSED trades. The time before the first tick and after the last one is a pause too. Coverage is
  the share of trading hours outside of gaps.
- Out of order: a tick whose time is before the greatest one so far. The engine takes it as it
  comes, up to a second late.
- Bad ticks are those that the engine would drop, by its own rules and reasons.
- Duplicates are found by sequence (`marketdata.feeds.duplicates`). A feed removes them before they
  are stored, so one that is found here came past it.
- Latency is ts_recv - ts_event, of ticks that have both. It holds the difference of two clocks.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.schedule import TradingDay
from engine.ticks import MAX_JUMP, MAX_LATE_NS, NS
from marketdata.feeds import StoredTicks
from marketdata.feeds.duplicates import Duplicates
from marketdata.quality.pace import QUARTER, QUARTERS, Ints, Pace, edges, missed, own

if TYPE_CHECKING:
    from engine.footprint import ScanState
    from engine.gate import Gate

MIN_GAP: Final = 30 * NS
MISSED: Final = 100
"""On recorded tapes (ES of 2013, ESH4, GC) the longest natural pause missed 82, the shortest hole
126."""
FAR_PAST: Final = -(2**62)
FAR: Final = 2**62
WHOLE_TIME: Final = TradingDay(
    date.min, -FAR, -FAR, -FAR, -FAR, -FAR, -FAR, FAR
)  # jumps count whatever the day; where it ends, other rules decide


@dataclass(frozen=True, slots=True)
class Latency:
    """ns from the exchange to us, of `count` ticks; `negative`: received before they happened."""

    count: int
    median: int
    p99: int
    most: int
    negative: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A day's figures. Times UTC ns, volumes lots; `quarters` are trades by quarter of an hour."""

    until: int
    ticks: int = 0
    volume: int = 0
    buy_volume: int = 0
    sell_volume: int = 0
    unknown_ticks: int = 0
    first: int | None = None
    last: int | None = None
    outside: int = 0
    gaps: tuple[tuple[int, int], ...] = ()
    hours: int = 0
    duplicates: int = 0
    out_of_order: int = 0
    latest: int = 0
    bad: Counter[str] = field(default_factory=Counter)
    latency: Latency | None = None
    quarters: tuple[int, ...] = ()

    @property
    def unknown_volume(self) -> int:
        """Lots whose aggressor is not known."""
        return self.volume - self.buy_volume - self.sell_volume

    @property
    def gap_time(self) -> int:
        """ns within gaps."""
        return sum(end - start for start, end in self.gaps)

    @property
    def coverage(self) -> float:
        """The share of trading hours outside of gaps; 0 for a day without ticks."""
        if not self.ticks or not self.hours:
            return 0.0
        return 1 - self.gap_time / self.hours


def measure(
    day: TradingDay,
    blocks: Iterable[StoredTicks],
    pace: Pace | None = None,
    *,
    until: int | None = None,
) -> Measured:
    """Measure a day's ticks; `pace` is the usual one, without it the day's own. `until`: how far a
    running day has come; else it is over."""
    meter = _Meter(day, day.close if until is None else min(max(until, day.open), day.close))
    for block in blocks:
        if len(block.ts_event):
            meter.take(block)
    return meter.measured(pace)


class _Meter:
    def __init__(self, day: TradingDay, until: int) -> None:
        self.day = day
        self.until = until
        self.ticks = self.volume = self.buys = self.sells = self.unknown = 0
        self.outside = self.duplicates = self.out_of_order = self.latest = 0
        self.first: int | None = None
        self.newest = FAR_PAST
        self.bad: Counter[str] = Counter()
        self.pauses: list[tuple[int, int]] = []
        self._reached = day.open
        self._quarters = np.zeros(QUARTERS, np.int64)
        self._edges = edges(day)
        self._duplicates = Duplicates()
        self._gate = _Gate()
        self._latencies: list[Ints] = []

    def take(self, block: StoredTicks) -> None:
        ts = block.ts_event
        self.ticks += len(ts)
        self.first = int(ts[0]) if self.first is None else self.first
        size = block.size.astype(np.int64)
        self.volume += int(size.sum())
        self.buys += int(size[block.side == 1].sum())
        self.sells += int(size[block.side == -1].sum())
        self.unknown += int(np.count_nonzero(block.side == 0))
        self.outside += int(np.count_nonzero((ts < self.day.open) | (ts >= self.day.close)))
        new = self._duplicates.new(
            block.sequence, ts, block.price.astype(np.int64), size, block.side
        )
        self.duplicates += 0 if new is None else int(np.count_nonzero(~new))
        reached = np.maximum.accumulate(np.concatenate([[self.newest], ts]))
        late = reached[:-1] - ts
        behind = late > 0
        if behind.any():
            self.out_of_order += int(np.count_nonzero(behind))
            self.latest = max(self.latest, int(late.max()))
        self.bad += self._gate.faults(block, worst=int(late.max()))
        self.newest = int(reached[-1])
        self._pauses(reached[1:])
        place = (ts - self._edges[0]) // QUARTER
        np.add.at(self._quarters, np.clip(place, 0, QUARTERS - 1), 1)
        known = block.ts_recv > 0
        if known.any():
            self._latencies.append((block.ts_recv - ts)[known])

    def _pauses(self, reached: Ints) -> None:
        """Between ticks, from the open on."""
        times = np.clip(np.concatenate([[self._reached], reached]), self.day.open, self.until)
        for i in np.flatnonzero(np.diff(times) >= MIN_GAP).tolist():
            self.pauses.append((int(times[i]), int(times[i + 1])))
        self._reached = int(times[-1])

    def measured(self, pace: Pace | None) -> Measured:
        day = self.day
        if self.until - self._reached >= MIN_GAP:
            self.pauses.append((self._reached, self.until))
        pace = own(self._quarters, day, self.until) if pace is None else pace
        gaps = [each for each in self.pauses if missed(pace, day, *each) >= MISSED]
        if not self.ticks:
            gaps = [(day.open, self.until)] if self.until > day.open else []
        return Measured(
            until=self.until,
            ticks=self.ticks,
            volume=self.volume,
            buy_volume=self.buys,
            sell_volume=self.sells,
            unknown_ticks=self.unknown,
            first=self.first,
            last=self.newest if self.ticks else None,
            outside=self.outside,
            gaps=tuple(gaps),
            hours=self.until - day.open,
            duplicates=self.duplicates,
            out_of_order=self.out_of_order,
            latest=self.latest,
            bad=self.bad,
            latency=self._latency(),
            quarters=tuple(self._quarters.tolist()),
        )

    def _latency(self) -> Latency | None:
        if not self._latencies:
            return None
        ns = np.sort(np.concatenate(self._latencies))
        rank = -(-99 * len(ns) // 100) - 1
        return Latency(
            count=len(ns),
            median=int(ns[(len(ns) - 1) // 2]),
            p99=int(ns[rank]),
            most=int(ns[-1]),
            negative=int(np.count_nonzero(ns < 0)),
        )


class _Gate:
    """The engine's own rules, asked tick by tick where a block has anything they could mean."""

    def __init__(self) -> None:
        self._price = 0
        self._clock = FAR_PAST
        self._rules: tuple[ScanState, Gate] | None = None

    def faults(self, block: StoredTicks, *, worst: int) -> Counter[str]:
        """Bad ticks of a block by reason; `worst`: how late the latest of them is, ns."""
        found: Counter[str] = Counter()
        prices = np.concatenate([[self._price or block.price[0]], block.price]).astype(np.int64)
        before, after = prices[:-1], prices[1:]
        jumps = np.abs(after - before) > np.abs(before) // MAX_JUMP
        odd = (block.price <= 0) | (block.size <= 0) | (np.abs(block.side) > 1) | jumps
        if worst <= MAX_LATE_NS and not odd.any():
            self._price = int(block.price[-1])
            self._clock = max(self._clock, int(block.ts_event.max()))
            return found
        state, gate = self._rules = self._rules or _rules()
        state.last_price, state.clock = self._price, self._clock
        columns = (block.ts_event, block.price, block.size, block.side)
        for ts, price, size, side in zip(*(each.tolist() for each in columns), strict=True):
            reason = gate.fault(ts, price, size, side, WHOLE_TIME)
            if reason:
                found[reason] += 1
                continue
            state.last_price, state.clock = price, max(state.clock, ts)
            state.ticks += 1
        self._price, self._clock = state.last_price, state.clock
        return found


def _rules() -> "tuple[ScanState, Gate]":
    from engine.footprint import ScanState
    from engine.gate import Gate

    state = ScanState()
    return state, Gate(state)
