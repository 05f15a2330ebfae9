"""The ticks that a journal refers to, and the market of a run that goes on after them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.instruments import instrument
from engine.schedule import TradingDay
from engine.ticks import TickColumns, part
from marketdata.calendars import CalendarSchedule, schedule
from marketdata.feeds import BLOCK_TICKS
from marketdata.store import the_store
from trading.errors import ExplainError, JournalError
from trading.explain.ticks import blocks_of
from trading.journal.files import Header
from trading.journal.replaying import Replay
from trading.pipeline.market import Market, since_time
from trading.pipeline.options import Plan

if TYPE_CHECKING:
    from marketdata.feeds import Feed


def ticks_of(header: Header) -> Iterator[TickColumns]:
    """The ticks of a file's day, from the first on; JournalError when they cannot be had."""
    symbol = header.feed["symbol"]
    if header.feed["kind"] == "store" and not the_store().has(symbol, header.day):
        return
    try:
        yield from blocks_of(header.feed, trading_day(header))
    except ExplainError as error:
        raise JournalError(f"run {header.run[:8]} of {header.day}: {error}") from error


def days_of(header: Header) -> CalendarSchedule:
    """The trading days of a run."""
    return schedule(instrument(header.symbol), "rth" if header.hours == "rth" else "all")


def trading_day(header: Header) -> TradingDay:
    """The day of a file; JournalError if it is none."""
    day = days_of(header).day(header.day)
    if day is None:
        raise JournalError(f"{header.day} is no trading day of {header.symbol}")
    return day


def market_after(plan: Plan, replay: Replay, header: Header) -> Market:
    """What comes after the ticks that a run has taken. `header` is that of its last file."""
    if plan.live:
        from trading.pipeline.databento import live_market

        return live_market(plan, after=(replay.day, replay.at))
    begins = trading_day(header).start
    if plan.feed is not None:
        feed: Feed = plan.feed
        info, dropped = feed.info, lambda: feed.counts.dropped
        blocks = since_time(feed.blocks(), begins)
    else:
        from marketdata.feeds.simulator import Simulator

        origin = replay.header.feed
        simulator = Simulator(plan.symbol, origin["seed"], origin["ticks_per_day"])
        live = simulator.live(begins)
        info, dropped = live.info, lambda: live.counts.dropped
        whole = [simulator.day(replay.day)] if plan.speed is None else live.blocks(BLOCK_TICKS)
        blocks = iter(whole)
    return Market(
        info=info,
        first_ts=begins,
        blocks=_after(blocks, replay.at),
        warm_until=int(replay.header.feed["warm_until"]),
        dropped=dropped,
        origin=plan.origin,
    )


def _after(blocks: Iterator[TickColumns], count: int) -> Iterator[TickColumns]:
    """The ticks after the first `count`."""
    for block in blocks:
        if count < len(block.ts):
            yield part(block, slice(count, None))
            yield from blocks
            return
        count -= len(block.ts)
