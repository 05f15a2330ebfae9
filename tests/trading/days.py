"""Small simulated days, and plans and pipelines over them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from engine.engine import Engine
from engine.events import Event
from engine.ticks import TickColumns
from marketdata.calendars import schedule
from marketdata.feeds import Counts, FeedInfo, split
from marketdata.feeds.simulator import Simulator
from trading.brokers import broker
from trading.models import Account, Session
from trading.pipeline.core import Output
from trading.pipeline.market import Market, recorded
from trading.pipeline.options import Options, Plan, plan
from trading.pipeline.run import make_engine
from trading.pipeline.start import Start, begin, open_account
from trading.pipeline.supervisor import Outcome, Pipeline

DAY = date(2024, 6, 12)
NEXT_DAY = date(2024, 6, 13)
LOSSES = {"risk.loss_limit": "5000", "risk.profit_target": "5000"}


@lru_cache
def ticks(day: date = DAY, symbol: str = "MES") -> TickColumns:
    """A thin simulated day: every pattern, a few trades, a tenth of a second to run."""
    return Simulator(symbol, seed=5, ticks_per_day=30_000).day(day)


@dataclass
class TickFeed:
    """Ticks in memory as a feed; `fails` is raised after them."""

    blocks_: Sequence[TickColumns]
    info: FeedInfo = field(
        default_factory=lambda: FeedInfo(symbol="MES", contract="MESM4", source="memory")
    )
    fails: Exception | None = None
    counts: Counts = field(default_factory=lambda: Counts(dropped=Counter(duplicate=2)))
    progress: float = 0.0
    size: int = 5_000

    def blocks(self, max_ticks: int = 1 << 16) -> Iterator[TickColumns]:
        for block in self.blocks_:
            yield from split(block, min(self.size, max_ticks))
        if self.fails is not None:
            raise self.fails


def planned(feed: Any, settings: dict[str, str] | None = None, **words: Any) -> Plan:
    """A plan over a feed in memory, as fast as possible."""
    made = plan(Options(symbol="MES", speed="max", settings=LOSSES | (settings or {}), **words))
    return replace(made, feed=feed)


def started(plan_: Plan) -> tuple[Market, Start]:
    """Account and session as a start finds or makes them."""
    assert plan_.feed is not None
    account = open_account(plan_)
    market = recorded(plan_.feed, plan_.origin)
    return market, begin(plan_, account, market)


@dataclass
class Run:
    """A pipeline that ran, and what it sent to the page: frames, and messages beside them."""

    outcome: Outcome
    frames: list[dict[str, Any]]
    beside: list[dict[str, Any]]
    events: list[Event]
    pipeline: Pipeline


class Listener:
    """An output that keeps everything."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def take(self, events: Sequence[Event], status: object) -> None:
        self.events.extend(events)


async def trade(
    plan_: Plan,
    market: Market,
    start: Start,
    *outputs: Output,
    stop: asyncio.Event | None = None,
    dead_page: bool = False,
    made: Callable[[Pipeline], None] | None = None,
) -> Run:
    """Run a pipeline to its end, with more outputs beside its own. `made` sees it before."""
    frames: list[dict[str, Any]] = []
    beside: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        if dead_page:
            raise ConnectionError("no channel layer")
        (frames if message["type"] == "frame" else beside).append(message)

    engine = make_engine(plan_, start, True)
    pipeline = Pipeline(plan_, market, start, engine, broker("paper"), send=send)
    if made is not None:
        made(pipeline)
    listener = Listener()
    pipeline.core.outputs = [*outputs, *pipeline.core.outputs, listener]
    outcome = await pipeline.run(stop or asyncio.Event())
    return Run(outcome, frames, beside, listener.events, pipeline)


def run_day(*days: date, **words: Any) -> Run:
    """Start and run a pipeline over simulated days, as `manage.py trade` does."""
    plan_ = planned(TickFeed([ticks(day) for day in days or (DAY,)]), **words)
    market, start = started(plan_)
    return asyncio.run(trade(plan_, market, start))


def said(start: Start, *days: date) -> list[Event]:
    """What an engine of its own says of the same days."""
    engine = Engine(start.config, schedule(start.config.instrument, "rth"), carry=start.carry)
    events: list[Event] = []
    for day in days or (DAY,):
        events += engine.push_columns(ticks(day))
    return [*events, *engine.finish()]


def session_row(account: str = "paper-MES", **values: Any) -> Session:
    """A session that no pipeline made."""
    owner, _ = Account.objects.get_or_create(name=account, defaults={"balance": 2500, "peak": 2500})
    from django.utils import timezone

    defaults: dict[str, Any] = {
        "account": owner, "day": DAY, "instrument_id": "MES", "timeframe": 300,
        "source": "memory", "started_at": timezone.now(), "starts": 1,
    }  # fmt: skip
    return Session.objects.create(**defaults | values)
