"""The warm-up: the last hours of trading before a live start, from three sources without a seam.

    store      what was journalled or downloaded
    history    Databento's historical service, for what the live feed cannot replay any more
    live       the feed itself, which begins with a replay from `Warm.since` on

- Hours are hours of trading: from open to close of each trading day, so that a weekend, a holiday
  and the hour between two days count nothing.
- Of the day that is going on, everything that the store has is taken, however long ago: the engine
  then has what the day's journal has, and a replay of the day decides the same. Nothing is put in
  front of it, as a journal only grows at its end.
- What is missing is asked of history, and comes with some ticks that are there already. A tick is
  its time, sequence, price, size and side; of what history gives, each tick that is there is taken
  out once, also where several are alike in everything.
- What history does not give is a hole that is named, and no reason not to start.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from engine.schedule import TradingDay
from engine.ticks import NS, TickColumns
from marketdata.calendars import CalendarSchedule
from marketdata.errors import MarketDataError
from marketdata.feeds import StoredTicks

OVERLAP_NS: Final = NS
"""So much of what is there already is asked for again: a tick may be received so long after it
happened, and after others that happened later. What is later than that the engine refuses."""
KEEP_NS: Final = 5 * NS
"""How much of the newest ticks the live feed gets, to know what it need not say again."""
REACH_NS: Final = 24 * 3600 * NS - 120 * NS
"""How far back the live feed replays, for certain."""

Store = Callable[[TradingDay], Iterable[StoredTicks]]
"""The stored ticks of a day and of the contract that is traded, in the order of arrival."""
History = Callable[[int, int], Iterable[StoredTicks]]
"""The ticks received from one time to before another, UTC ns. HistoryError without them."""

Row = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hole:
    """What neither source gave: from one time to another, UTC ns, and why."""

    start: int
    end: int
    reason: str


@dataclass(slots=True)
class Warm:
    """A warm-up that was read. `blocks` are ticks to push, `StoredTicks` where they are yet to be
    journalled. The live feed goes on from `since` (UTC ns) with what is not among `had`."""

    blocks: list[TickColumns | StoredTicks] = field(default_factory=list)
    since: int = 0
    had: list[StoredTicks] = field(default_factory=list)
    holes: list[Hole] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """Ticks by source: store and history."""

    @property
    def first_ts(self) -> int | None:
        """The first tick's time, UTC ns."""
        for block in self.blocks:
            return int(block[0][0])
        return None


def trading_days(
    schedule: CalendarSchedule, now: int, hours: float
) -> tuple[int, tuple[TradingDay, ...]]:
    """Where the last `hours` of trading before `now` begin (UTC ns), and the days they lie in, the
    one that is going on last. `schedule` has the market's own hours ("all")."""
    left = round(hours * 3600 * NS)
    day = schedule.at(now)
    days = [day]
    while True:
        end = min(now, day.close)
        if end - day.open >= left:
            return end - left, tuple(days)
        left -= max(end - day.open, 0)
        day = schedule.before(day.day)
        days.insert(0, day)


def warm_up(
    now: int,
    since: int,
    days: Sequence[TradingDay],
    store: Store,
    history: History,
    *,
    reach: int | None = None,
) -> Warm:
    """The ticks of the last of `days`, and from `since` on of those before it, to `now` (UTC ns).

    `reach`: what happened from here on the live feed says itself.
    """
    warm = Warm()
    reach = now - REACH_NS if reach is None else reach
    *earlier, today = days
    for day in earlier:
        _earlier(warm, day, max(since, day.start), store, history)
    _today(warm, today, max(since, today.start), now, reach, store, history)
    return warm


def _earlier(warm: Warm, day: TradingDay, start: int, store: Store, history: History) -> None:
    """A day that is over: what is stored, and what is missing before and after it."""
    held = list(_within(store(day), start, day.end))
    if not held:
        found = _ask(warm, history, start, day.end)
        _push(warm, _columns(_within(found, start, day.end)), "history")
        return
    first, last = int(held[0].ts_event[0]), _newest(held)
    known = held
    if first > max(start, day.open):
        found = _ask(warm, history, start, first)
        before = _before(list(_within(found, start, day.end)), held)
        _push(warm, _columns(before), "history")
        known = [*before, *held]
    _push(warm, _columns(held), "store")
    if last < day.close:
        found = _ask(warm, history, last - OVERLAP_NS, day.end)
        after = _new(_within(found, max(last - OVERLAP_NS, start), day.end), known)
        _push(warm, _columns(after), "history")


def _today(
    warm: Warm,
    day: TradingDay,
    start: int,
    now: int,
    reach: int,
    store: Store,
    history: History,
) -> None:
    """The day that is going on: what is stored, and what is too old for the live feed."""
    known = list(_within(store(day), day.start, day.end))
    _push(warm, _columns(known), "store")
    begins = _newest(known) - OVERLAP_NS if known else start
    if max(begins, day.open) < min(reach, now):
        end = min(reach + OVERLAP_NS, now)
        found = list(_new(_within(_ask(warm, history, begins, end), begins, end), known))
        _push(warm, found, "history")
        known += found
    if known:
        newest = _newest(known)
        warm.had = list(_within(known, newest - KEEP_NS))
        begins = newest - OVERLAP_NS
    warm.since = max(begins, reach)


def _ask(warm: Warm, history: History, start: int, end: int) -> list[StoredTicks]:
    """What happened from `start` to `end`, and some more; a hole when history fails."""
    try:
        return list(history(start, end + OVERLAP_NS))
    except MarketDataError as error:
        warm.holes.append(Hole(start, end, str(error)))
        return []


def _before(found: Sequence[StoredTicks], held: Sequence[StoredTicks]) -> list[StoredTicks]:
    """What was received before the first of the held. Of ticks that are like it, as many as history
    has more of."""
    first = _row(held[0], 0)
    more = _alike(found, first) - _alike(held, first)
    ahead: list[StoredTicks] = []
    for block in found:
        for i in np.flatnonzero(block.ts_event == first[0]).tolist():
            if _row(block, i) != first:
                continue
            if more <= 0:
                return [*ahead, block.part(slice(i))] if i else ahead
            more -= 1
        ahead.append(block)
    return ahead


def _new(found: Iterable[StoredTicks], held: Sequence[StoredTicks]) -> Iterator[StoredTicks]:
    """What is not among the held, which are taken out once each."""
    near = list(_within(held, _newest(held) - 2 * KEEP_NS)) if held else []
    there = Counter(_row(block, i) for block in near for i in range(len(block.ts_event)))
    latest = max(there, default=(0,))[0]
    for block in found:
        new = np.ones(len(block.ts_event), np.bool_)
        for i in np.flatnonzero(block.ts_event <= latest).tolist():
            row = _row(block, i)
            if there[row] > 0:
                there[row] -= 1
                new[i] = False
        if new.any():
            yield block.part(new)


def _alike(blocks: Iterable[StoredTicks], row: Row) -> int:
    """How many ticks are this one."""
    return sum(
        _row(block, i) == row
        for block in blocks
        for i in np.flatnonzero(block.ts_event == row[0]).tolist()
    )


def _push(warm: Warm, blocks: Iterable[TickColumns | StoredTicks], source: str) -> None:
    for block in blocks:
        warm.blocks.append(block)
        warm.counts[source] += len(block[0])


def _columns(blocks: Iterable[StoredTicks]) -> Iterator[TickColumns]:
    return (block.columns for block in blocks)


def _within(blocks: Iterable[StoredTicks], start: int, end: int = 1 << 62) -> Iterator[StoredTicks]:
    """The ticks from `start` to before `end`, in blocks that are not empty."""
    for block in blocks:
        some = (block.ts_event >= start) & (block.ts_event < end)
        if some.any():
            yield block if some.all() else block.part(some)


def _newest(blocks: Sequence[StoredTicks]) -> int:
    return max(int(block.ts_event.max()) for block in blocks)


def _row(block: StoredTicks, i: int) -> Row:
    return (
        int(block.ts_event[i]), int(block.sequence[i]), int(block.price[i]), int(block.size[i]),
        int(block.side[i]),
    )  # fmt: skip
