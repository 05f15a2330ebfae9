"""The live market of Databento: settings, the tick store and the feed, put together for a start."""

import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from django.conf import settings

from engine.instruments import instrument
from engine.ticks import NS
from marketdata.feeds.databento_live.access import Access, Timing
from trading.pipeline.before import heard_before, wanted, warmth
from trading.pipeline.market import Market
from trading.pipeline.options import Plan
from trading.pipeline.stored import ORIGIN

if TYPE_CHECKING:
    from engine.ticks import TickColumns
    from marketdata.feeds import StoredTicks
    from marketdata.store import StoredDay, TickStore

TIMING: Final = Timing()
REPLAYED_NS: Final = 24 * 3600 * NS
"""What the gateway replays; a journal that ends before that is no start to go on from."""


def access() -> Access:
    """What the settings say; FeedError without a key."""
    return Access(
        key=settings.DATABENTO_API_KEY,
        gateway=settings.DATABENTO_GATEWAY,
        port=settings.DATABENTO_PORT,
        timing=TIMING,
    )


def live_market(
    plan: Plan,
    wall: Callable[[], int] = time.time_ns,
    *,
    after: tuple[date, int] | None = None,
) -> Market:
    """Databento's market from now on. What is journalled of the trading day comes before it, and
    the gap up to now is filled in. `after`: of a run that goes on, only what is stored after so
    many ticks of that day. Asks the gateway; FeedError says why it cannot be traded."""
    from marketdata.feeds.databento_live import open_live
    from marketdata.quality.record import Recorder
    from marketdata.store import LiveJournal, the_store

    now = wall()
    spec = instrument(plan.symbol)
    store = the_store()
    held = journalled(store, plan.symbol, now)
    want = wanted(plan.symbol, now)
    feed = open_live(
        access(),
        spec,
        plan.contract,
        front=Path(settings.DATA_DIR) / "front" / f"{spec.symbol}.json",
        since=None if want is None else want.since,
        had=held.blocks() if held is not None else (),
        decided={held.info.day: held.info.contract} if held is not None else {},
        wall=wall,
    )

    def cleared(day: date, contract: str) -> int | None:
        return feed.desk.news.cleared.get(day, {}).get(contract)

    before: Iterator[TickColumns | StoredTicks] = iter(())
    first, warm_from = feed.begins, {}
    again, stored = True, 0
    if after is not None:
        before, stored = _stored_after(store, plan.symbol, *after), after[1]
    elif held is not None and held.info.contract == feed.contract:
        before = held.columns()
        first = int(next(held.blocks(1)).ts_event[0])
        warm_from = {"from_store": held.count, "from_history": 0, "missing": []}
    elif held is None and want is not None:
        warm = heard_before(plan, feed.contract, now, want, store)
        feed.trades.seed(warm.had)
        before, first = iter(warm.blocks), warm.first_ts or first
        warm_from, again = warmth(warm), False
    if after is None and (held is None or held.info.contract != feed.contract):
        stored = count_of(store, plan, first)
    return Market(
        info=feed.info,
        first_ts=first,
        blocks=before,
        warm_until=0,
        dropped=lambda: feed.counts.dropped,
        origin=ORIGIN,
        journal=LiveJournal(store, spec, lambda: feed.info, compacted=Recorder(store, cleared)),
        live=feed,
        warmth=warm_from,
        again=again,
        stored=stored,
    )


def _stored_after(
    store: "TickStore", symbol: str, day: date, count: int
) -> "Iterator[TickColumns]":
    """The ticks that are stored after the first `count` of a day."""
    from engine.ticks import part

    for each in store.days(symbol):
        if each < day:
            continue
        for block in store.read(symbol, each).columns():
            if count < len(block.ts):
                yield part(block, slice(count, None))
            count = max(0, count - len(block.ts))


def count_of(store: "TickStore", plan: Plan, ts: int) -> int:
    """How many ticks are stored of the day of `ts`."""
    day = plan.schedule.at(ts).day
    return store.read(plan.symbol, day).count if store.has(plan.symbol, day) else 0


def journalled(store: "TickStore", symbol: str, now: int) -> "StoredDay | None":
    """The stored day that the gateway's replay goes on from; None when there is none."""
    for day in reversed(store.days(symbol)):
        held = store.read(symbol, day)
        if held.last is not None:
            ours = held.info.source.startswith("databento") and not held.info.synthetic
            return held if ours and now - REPLAYED_NS < held.last[0] <= now else None
    return None
