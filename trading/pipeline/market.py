"""The ticks of one run, from the first on: a recorded file's, or a simulated market's.

Simulated time never goes back for an account: a market that was left at 11:20 goes on at 11:20, or
on the next trading day when no entry was possible any more. The day so far comes first, as warm-up,
so that the engine and the page know it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from engine.ticks import NS, TickColumns, part
from trading.errors import StartError
from trading.pipeline.options import Plan

if TYPE_CHECKING:
    from engine.schedule import TradingDay
    from marketdata.feeds import Feed, FeedInfo, StoredTicks
    from marketdata.feeds.live import LiveFeed
    from marketdata.store.live import LiveJournal

AFTER_OPEN_NS: Final = 3600 * NS
"""Where a fresh simulated day begins: patterns and regime want some bars."""


@dataclass(frozen=True, kw_only=True)
class Market:
    """`blocks` may be read once; ticks before `warm_until` (UTC ns) only warm the engine up.
    `origin` says where the same ticks can be had again; it becomes a part of `Session.feed`.
    `journal` keeps the ticks of a source that is heard only once, which are `StoredTicks`. With a
    `live` feed, `blocks` are what came before it."""

    info: "FeedInfo"
    first_ts: int
    blocks: "Iterator[TickColumns] | Iterator[StoredTicks] | Iterator[TickColumns | StoredTicks]"
    warm_until: int
    dropped: Callable[[], Mapping[str, int]]
    origin: Mapping[str, Any]
    journal: "LiveJournal | None" = None
    live: "LiveFeed | None" = None
    warmth: Mapping[str, Any] = field(default_factory=dict)
    """Where the blocks before a live feed come from, for the audit."""
    again: bool = True
    """Whether the source can be asked for the same `TickColumns` again."""
    stored: int = 0
    """How many ticks of the first day the tick store had, and `blocks` do not begin with."""


def recorded(
    feed: "Feed", origin: Mapping[str, Any] | None = None, *, continued: tuple[int, int] = (0, 0)
) -> Market:
    """The market in a file. `continued`: where a day that is gone on with began, and from which
    time on it is traded (UTC ns); what is before the day is left out."""
    since, warm_until = continued
    blocks = since_time(feed.blocks(), since) if since else feed.blocks()
    return _opened(feed.info, blocks, warm_until, lambda: feed.counts.dropped, origin or {})


def since_time(blocks: Iterator[TickColumns], ts: int) -> Iterator[TickColumns]:
    """The ticks from the first on that is not before `ts`."""
    for block in blocks:
        late = block.ts >= ts
        if late.any():
            yield part(block, slice(int(late.argmax()), len(block.ts)))
            break
    yield from blocks


def simulated(plan: Plan, *, now: int, last_tick: int) -> Market:
    """A simulated market that goes on for ever; at speed `max` one trading day of it."""
    from marketdata.feeds import split
    from marketdata.feeds.simulator import Simulator

    simulator = Simulator(plan.symbol, plan.seed)
    start = simulated_start(plan, now=now, last_tick=last_tick)
    origin = {
        "kind": "simulator",
        "seed": simulator.seed,
        "ticks_per_day": simulator.ticks_per_day,
    }
    if plan.speed is None:
        day = plan.schedule.at(start).day
        history = simulator.history(day)
        return _opened(history.info, history.blocks(), 0, lambda: history.counts.dropped, origin)
    live = simulator.live(start)
    blocks = chain(split(live.so_far(), 1 << 16), live.blocks())
    return _opened(live.info, blocks, start, lambda: live.counts.dropped, origin)


def simulated_start(plan: Plan, *, now: int, last_tick: int) -> int:
    """The event time at which a simulated run begins; see the module's rule."""
    from marketdata.feeds.simulator import live_start

    start = live_start(plan.symbol, now)
    if plan.speed is None:
        day = plan.schedule.at(start)
        while day.end <= last_tick or day.start <= last_tick:
            day = plan.schedule.at(day.end)
        return _busy(day)
    if last_tick <= start:
        return start
    day = plan.schedule.at(last_tick)
    if last_tick < day.entries_to:
        return max(last_tick + 1, day.start)
    return _busy(plan.schedule.at(day.end))


def _busy(day: "TradingDay") -> int:
    return min(day.open + AFTER_OPEN_NS, max(day.open, day.entries_to))


def _opened(
    info: "FeedInfo",
    blocks: Iterator[TickColumns],
    warm_until: int,
    dropped: Callable[[], Mapping[str, int]],
    origin: Mapping[str, Any],
) -> Market:
    first = next(blocks, None)
    if first is None:
        raise StartError(f"{info.source}: has no ticks to trade on")
    return Market(
        info=info,
        first_ts=int(first.ts[0]),
        blocks=chain([first], blocks),
        warm_until=warm_until,
        dropped=dropped,
        origin=origin,
    )
