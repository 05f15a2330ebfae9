"""A live pipeline in a process of its own, for `bench.orders`: it enters, and each entry is closed.

Everything is the product's, as `manage.py trade --mode live` puts it together: tick journal, input
journal, engine, database, page's frames, dispatcher, reconciliation and the adapter with the real
client library. Ours are the market (one bar an entry, its event time as fast as orders are done),
and functions put around the product's that read the clock. Python's collector is on, as there.

Its argument is JSON: the broker's `url`, `ca` and `control`, how many `entries`, and the `folder`
for its log. It answers with the stamps of each entry, ns of a clock that only goes forward.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import django
from django.core.management import call_command

from engine.account_rules import Tier
from engine.config import EngineConfig
from engine.events import OrderIntent
from engine.ticks import NS, TickColumns, columns
from engine.warm import compile_engine
from marketdata.feeds import Counts, FeedInfo, StoredTicks, stored
from marketdata.feeds.live import MayRoll, Received
from tests.engine.drive import BUY_BAR, easy
from tests.oracle.ladder import ladder, tick_array
from tests.servers.rithmic.control import Remote

CONTRACT: Final = "MESZ6"
ACCOUNT: Final = "SIM-1"
DAY: Final = date(2025, 11, 19)
BAR_S: Final = 60
TICKS_AWAY: Final = 8
ENTERED_AT: Final = 4_800
CLOSED_AT: Final = (ENTERED_AT + TICKS_AWAY + 1, ENTERED_AT - TICKS_AWAY)
"""Target and stop in turn, so that the account stays what it is."""
WITHOUT: Final = ((), ("margin",), (), ("disk",), (), ("margin", "disk"))
"""What the entries leave out, in turn."""
BRACKET_ORDER: Final = 330
LOOK_S: Final = 0.001
PATIENCE_S: Final = 20.0


@dataclass
class Stamps:
    """When what happened to the entry that is on its way, and all that were."""

    entries: list[dict[str, Any]] = field(default_factory=list)

    def begin(self, without: tuple[str, ...]) -> None:
        self.entries.append({"without": without, "received": time.perf_counter_ns()})

    def at(self, name: str) -> None:
        """The first time counts."""
        if self.entries:
            self.entries[-1].setdefault(name, time.perf_counter_ns())

    def leaves_out(self, what: str) -> bool:
        return bool(self.entries) and what in self.entries[-1]["without"]

    def has(self, name: str) -> bool:
        return name in self.entries[-1]

    # Around the product's functions

    def before(self, owner: Any, name: str, stamp: str, of: Callable[..., bool]) -> None:
        inner = getattr(owner, name)

        def stamped(*given: Any) -> Any:
            if of(*given):
                self.at(stamp)
            return inner(*given)

        setattr(owner, name, stamped)

    def after(self, owner: Any, name: str, stamp: str, of: Callable[..., bool]) -> None:
        inner = getattr(owner, name)

        def stamped(*given: Any) -> Any:
            result = inner(*given)
            if of(*given):
                self.at(stamp)
            return result

        setattr(owner, name, stamped)

    def after_waiting(self, owner: Any, name: str, stamp: str, of: Callable[..., bool]) -> None:
        inner = getattr(owner, name)

        async def stamped(*given: Any) -> Any:
            result = await inner(*given)
            if of(*given):
                self.at(stamp)
            return result

        setattr(owner, name, stamped)

    def unless_left_out(self, owner: Any, name: str, what: str, instead: Any) -> None:
        inner = getattr(owner, name)

        async def maybe(*given: Any) -> Any:
            return instead if self.leaves_out(what) else await inner(*given)

        setattr(owner, name, maybe)


class Entries:
    """A live feed whose every bar enters when the next begins, once the last trade is over."""

    def __init__(self, count: int, first_ts: int, remote: Remote, stamps: Stamps) -> None:
        self.info = FeedInfo(symbol="MES", contract=CONTRACT, source="bench", synthetic=True)
        self.counts = Counts()
        self._count = count
        self._first_ts = first_ts
        self._remote = remote
        self._stamps = stamps
        self.engine: Any = None
        self.broker: Any = None

    async def heard(self, may_roll: MayRoll) -> AsyncGenerator[Received]:
        stamps = self._stamps
        self._market_at(ENTERED_AT)
        for number in range(self._count + 1):
            ticks = self._bar(number)
            first, rest = ticks.part(slice(1)), ticks.part(slice(1, None))
            if number:
                await self._until(self._at_rest)
                stamps.begin(WITHOUT[(number - 1) % len(WITHOUT)])
            yield Received(first)
            if number:
                await self._until(lambda: stamps.has("answered") and self._protected())
                self._market_at(CLOSED_AT[number % 2])
                await self._until(lambda: not self.engine.orders().positions)
                self._market_at(ENTERED_AT)
            yield Received(rest)

    def _bar(self, number: int) -> StoredTicks:
        start = self._first_ts + number * BAR_S * NS
        return stored(columns(tick_array(ladder(BUY_BAR, start, BAR_S))))

    def _market_at(self, ticks: int) -> None:
        self._remote.do("trade", symbol=CONTRACT, price=ticks)

    def _at_rest(self) -> bool:
        broker = self.broker
        return (
            broker.facts()["up"] and not broker.not_ready() and not broker.dispatcher.queue.waiting
        )

    def _protected(self) -> bool:
        """The entry is filled, and its stop and target work."""
        working = [order for order in self.broker.adapter.book.all() if not order.over]
        return len(working) == 2 and self.engine.orders().positions == {"MES": 1}

    async def _until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():
                await asyncio.sleep(LOOK_S)


def main() -> None:
    asked = json.loads(sys.argv[1])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tradebot.settings")
    django.setup()
    from tradebot.logging import configure

    with (
        (Path(asked["folder"]) / "orders.log").open("w") as written,
        Remote(asked["control"]) as remote,
    ):
        configure(level="INFO", style="json", stream=written)
        call_command("migrate", verbosity=0)
        stamps = Stamps()
        trade(asked, remote, stamps)
    print(json.dumps(stamps.entries), flush=True)


def rules() -> EngineConfig:
    """Every bar enters one lot, and no limit of the account is near."""
    config = easy(
        "MES", stop_ticks=TICKS_AWAY, target_ticks=TICKS_AWAY, max_drawdown=Decimal(40_000),
        loss_limit=Decimal(40_000), profit_target=Decimal(40_000),
        tiers=(Tier("bench", Decimal(0), "", 1, 1, Decimal(40_000)),),
    )  # fmt: skip
    return replace(
        config,
        bars=replace(config.bars, seconds=BAR_S),
        account=replace(config.account, balance=Decimal(50_000)),
    )


def trade(asked: dict[str, Any], remote: Remote, stamps: Stamps) -> None:
    """From a plan to the end of the session."""
    from marketdata.store import LiveJournal, the_store
    from trading.journal.beginning import record
    from trading.pipeline.market import Market
    from trading.pipeline.options import Options, plan
    from trading.pipeline.run import make_engine, set_aside_what_stays
    from trading.pipeline.start import begin, open_account

    made = plan(Options(symbol="MES", session="all", speed="max", account="bench"))
    made = replace(made, config=rules(), tiers_given=True)
    day = made.schedule.day(DAY)
    assert day is not None
    first_ts = max(day.open, day.entries_from) + BAR_S * NS
    feed = Entries(asked["entries"], first_ts, remote, stamps)
    market = Market(
        info=feed.info, first_ts=first_ts, blocks=iter(()), warm_until=0,
        dropped=lambda: feed.counts.dropped, origin={"kind": "bench"},
        journal=LiveJournal(the_store(), made.config.instrument, lambda: feed.info), live=feed,
    )  # fmt: skip
    start = begin(made, open_account(made), market)
    start = replace(start, journal=record(made, market, start))
    compile_engine(made.config)
    engine = make_engine(made, start, False)
    set_aside_what_stays()
    asyncio.run(traded(asked, made, market, start, engine, feed, stamps))


async def traded(
    asked: dict[str, Any], plan: Any, market: Any, start: Any, engine: Any, feed: Entries,
    stamps: Stamps,
) -> None:  # fmt: skip
    from trading.brokers.real import RealBroker
    from trading.brokers.rithmic.access import Access, Timing
    from trading.brokers.rithmic.adapter import RithmicAdapter
    from trading.brokers.rithmic.contracts import Contracts
    from trading.brokers.rules import Rules
    from trading.pipeline.supervisor import Pipeline

    access = Access(
        user="trader", password="secret", system="Rithmic Test", url=asked["url"],
        account=ACCOUNT, ca_file=asked["ca"], timing=Timing(queries=10_000),
    )  # fmt: skip
    adapter = RithmicAdapter(access, Contracts(CONTRACT), ("MES",))
    patient = Rules(
        per_second=10_000, per_minute=10_000, per_day=10_000, balance_tolerance=Decimal(50_000),
        entry_age_s=PATIENCE_S, sync_s=PATIENCE_S,
    )  # fmt: skip
    broker = RealBroker(adapter, patient, armed=True)

    async def send(frame: Any) -> None:
        """Nobody looks at the page."""

    pipeline = Pipeline(plan, market, start, engine, broker, send=send)
    feed.engine, feed.broker = engine, broker
    put_stamps(stamps, pipeline, broker, adapter)
    outcome = await pipeline.run(asyncio.Event())
    if outcome.error:
        raise SystemExit(outcome.error)


def put_stamps(stamps: Stamps, pipeline: Any, broker: Any, adapter: Any) -> None:
    """Clocks around what an entry passes, in its order."""
    core, dispatcher = pipeline.core, broker.dispatcher

    def ticks(item: Any, *_: Any) -> bool:
        return isinstance(item, StoredTicks | TickColumns)

    def entry(order: Any) -> bool:
        return isinstance(order, OrderIntent) and order.role == "entry"

    def outgoing(out: Any) -> bool:
        return bool(out.is_entry)

    def any_(*_: Any) -> bool:
        return True

    stamps.before(core, "act", "taken", ticks)
    stamps.after(core.inputs, "keep", "journalled", ticks)
    stamps.after(core.engine, "push_columns", "decided", ticks)
    stamps.before(dispatcher, "send", "ordered", entry)
    stamps.after_waiting(dispatcher, "_passes", "guarded", outgoing)
    stamps.unless_left_out(dispatcher._sync, "done", "disk", "")
    stamps.after_waiting(dispatcher._sync, "done", "on_disk", any_)
    stamps.unless_left_out(adapter, "margin", "margin", Decimal(40))
    stamps.after_waiting(adapter, "margin", "margin", any_)
    stamps.after_waiting(adapter, "place", "answered", entry)

    make = adapter.orders._make

    def plant() -> Any:
        made = make()
        stamps.after_waiting(made, "_send", "written", lambda _, kind=0: kind == BRACKET_ORDER)
        return made

    adapter.orders._make = plant


if __name__ == "__main__":
    main()
