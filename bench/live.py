"""Databento's live feed, from the gateway to what the engine has taken and the journal has.

The gateway is the local one, in a process of its own on another core, and the client library is
the real one, over a real socket. "Bare" is that library handing over each record, which is then
forgotten: nothing that uses it can be faster.

- Sustained: the gateway sends what it has as fast as it is taken. CPU time of this process.
- Bursts: wall time from when a burst was published to when its record was handed over (bare), or
  journalled and pushed (ours), record by record. A process that must share its core waits: p99
  shows that first. Both take turns.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench.fresh import Fresh
from bench.market import SYMBOL, Market, Unequal
from bench.setup import Setup
from bench.table import Row, compared
from bench.timing import in_turns, no_collector, percentiles, quartiles
from engine.engine import Engine
from engine.instruments import instrument
from engine.ticks import TickColumns
from marketdata.feeds import StoredTicks
from marketdata.feeds.databento_live.access import Access
from marketdata.feeds.databento_live.feed import DatabentoLive
from marketdata.feeds.databento_live.front import FrontFile
from marketdata.feeds.databento_live.opening import FrontDesk
from marketdata.feeds.databento_live.symbols import symbols
from marketdata.store import LiveJournal, TickStore

CONTRACT: Final = "ESU5"
TICKS: Final = 400_000
QUICK_TICKS: Final = 100_000
BURSTS: Final = (100, 1_000)
QUICK_BURSTS: Final = (30, 1_000)


def rows(setup: Setup) -> list[Row]:
    """Sustained rates, then latencies under bursts."""
    if len(setup.cores) < 2:
        return [Row(what="gateway to pushed", missing="needs two cores")]
    with gateway(setup) as live:
        return [*_sustained(setup, live), *_bursts(setup, live)]


class Live:
    """The gateway's process and what it said about itself."""

    def __init__(self, process: Fresh, folder: Path, market: Market) -> None:
        self._process = process
        self.market = market
        self.folder = folder
        about = process.answer()
        self.offset, self.ticks = about["offset"], about["ticks"]
        self.access = Access(key=about["key"], gateway="127.0.0.1", port=about["port"])
        wanted = symbols(SYMBOL, None)
        self.desk = FrontDesk(self.access, instrument(SYMBOL), wanted, FrontFile(None))
        self.desk.open(self.clock())
        self._stores = 0

    def clock(self) -> int:
        """The market's time."""
        return time.time_ns() + self.offset

    def burst(self, bursts: int, size: int) -> None:
        """Ask for them: they begin with the next session."""
        self._process.ask({"bursts": bursts, "size": size})
        self._process.answer()

    def calm(self) -> None:
        """Wait until there were as many as asked for."""
        self._process.answer()

    def feed(self, *, replayed: bool) -> DatabentoLive:
        since = self.desk.schedule.at(self.clock()).start if replayed else None
        return DatabentoLive(self.desk, since=since, wall=self.clock)

    def store(self) -> TickStore:
        """A new one each time."""
        self._stores += 1
        return TickStore(self.folder / f"live-{self._stores}")


@contextmanager
def gateway(setup: Setup) -> Iterator[Live]:
    """A gateway whose market is the first simulated day's beginning."""
    count = QUICK_TICKS if setup.quick else TICKS
    market = setup.market
    arguments = (SYMBOL, CONTRACT, str(market.day_files[0]), str(count), str(setup.cores[-2]))
    with Fresh("bench.live_gateway", *arguments) as process:
        yield Live(process, market.folder, market)


def _sustained(setup: Setup, live: Live) -> list[Row]:
    def bare() -> None:
        asyncio.run(_bare(live, live.ticks, lambda record: None, start=0))

    def ticks() -> None:
        _require(live, asyncio.run(_heard(live, live.ticks)))

    def pushed() -> None:
        _require(live, asyncio.run(_pushed(live, live.ticks, replayed=True)))

    first, second, third = in_turns([bare, ticks, pushed], setup.few(7))
    return [
        compared("bare client", first, first, ticks=live.ticks),
        compared("to ticks / bare client", second, first, ticks=live.ticks),
        compared("to journalled and pushed / bare client", third, first, ticks=live.ticks),
    ]


def _bursts(setup: Setup, live: Live) -> list[Row]:
    bursts, size = QUICK_BURSTS if setup.quick else BURSTS
    count = bursts * size
    bare: list[list[int]] = []
    ours: list[list[int]] = []

    with no_collector():
        for _ in range(1 + setup.few(5)):
            stamps: list[int] = []

            def seen(record: Any, stamps: list[int] = stamps) -> None:
                stamps.append(live.clock() - record.ts_recv)

            live.burst(bursts, size)
            asyncio.run(_bare(live, count, seen))
            live.calm()
            bare.append(stamps)
            spent: list[int] = []
            live.burst(bursts, size)
            asyncio.run(_pushed(live, count, replayed=False, spent=spent))
            live.calm()
            ours.append(spent)
    made = []
    what = f"bursts of {size:,}"
    for name, sides in (("bare client", bare), ("journalled and pushed", ours)):
        each = [percentiles(spent) for spent in sides[1:]]
        for k, percentile in enumerate(("p50", "p99")):
            value = median(one[k] for one in each)
            made.append(Row(what=f"{what}, {name}, {percentile}", value=value, unit=" us"))
    ratio = [percentiles(b)[1] / percentiles(a)[1] for a, b in zip(bare, ours, strict=True)][1:]
    made.append(Row(what=f"{what}, p99: ours / bare", value=median(ratio), spread=quartiles(ratio)))
    return made


async def _bare(
    live: Live,
    count: int,
    seen: Callable[[Any], None],
    *,
    start: int | None = None,
) -> None:
    """The client library alone, until it has handed over so many trades."""
    import databento_dbn
    from databento.live.protocol import DatabentoLiveProtocol

    done = asyncio.Event()
    left = count

    class Bare(DatabentoLiveProtocol):
        def received_record(self, record: Any) -> None:
            nonlocal left
            if type(record) is databento_dbn.TradeMsg:
                seen(record)
                left -= 1
                if not left:
                    done.set()

    access = live.access
    loop = asyncio.get_running_loop()
    _, client = await loop.create_connection(
        lambda: Bare(api_key=access.key, dataset=access.dataset, ts_out=True),
        access.host, access.port,
    )  # fmt: skip
    await client.authenticated
    client.subscribe("trades", f"{SYMBOL}.FUT", "parent", start)
    client.start()
    await done.wait()
    client.transport.abort()


async def _heard(live: Live, count: int) -> int:
    """The feed's ticks, forgotten."""
    from marketdata.feeds.live import Received

    heard = 0
    async with aclosing(live.feed(replayed=True).heard(_may_roll)) as items:
        async for item in items:
            if isinstance(item, Received):
                heard += len(item.ticks.ts_event)
                if heard >= count:
                    break
    return heard


async def _pushed(
    live: Live,
    count: int,
    *,
    replayed: bool,
    spent: list[int] | None = None,
) -> int:
    """All the way to engine and journal. `spent`: ns since each was published."""
    from trading.pipeline.core import Core
    from trading.pipeline.live import live_inputs

    feed = live.feed(replayed=replayed)
    market = live.market
    store = live.store()
    journal = LiveJournal(store, instrument(SYMBOL), lambda: feed.info)
    core = Core(Engine(market.config, market.schedule), journal=journal)
    inputs = live_inputs(_nothing(), feed, _may_roll, lambda said: None)
    async with aclosing(inputs) as items:  # type: ignore[type-var]
        async for item in items:
            core.act(item)
            if isinstance(item, StoredTicks):
                if spent is not None:
                    spent.extend((live.clock() - item.ts_recv).tolist())
                if journal.appended >= count:
                    break
    journal.close()
    return journal.appended


async def _may_roll() -> bool:
    return True


async def _nothing() -> AsyncIterator[TickColumns | StoredTicks]:
    return
    yield


def _require(live: Live, count: int) -> None:
    if count != live.ticks:
        raise Unequal(f"live: {count} ticks came of {live.ticks} that were sent")
