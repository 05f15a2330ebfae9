"""A market behind the local gateway, and a listener that writes down what the feed says of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from engine.instruments import instrument
from marketdata.feeds import StoredTicks
from marketdata.feeds.databento_live import Access, Timing, open_live
from marketdata.feeds.databento_live.feed import DatabentoLive
from marketdata.feeds.live import Heard, Notice, Received
from tests.servers.databento_gateway import KEY, Gateway, Listed, Records, trades

NS = 1_000_000_000
TICK = 250_000_000
MES = instrument("MES")

BEGIN = int(datetime(2025, 11, 19, 15, tzinfo=UTC).timestamp()) * NS  # 10:00 New York
DEC = int(datetime(2025, 12, 19, 14, 30, tzinfo=UTC).timestamp()) * NS
MAR = int(datetime(2026, 3, 20, 13, 30, tzinfo=UTC).timestamp()) * NS

Z5, H6 = Listed(11, "MESZ5", DEC), Listed(12, "MESH6", MAR)
SPREAD = Listed(13, "MESZ5-MESH6", DEC, tick=50_000_000, spread=True)
LISTED = (Z5, H6, SPREAD)

QUICK = Timing(
    connect=2.0, heartbeat=5, silence=0.6, look=0.02, first_wait=0.02, longest_wait=0.05,
    settled=0.5, survey=3.0,
)  # fmt: skip


class Clock:
    """It is `BEGIN`, and time goes on; it can be moved."""

    def __init__(self, begin: int = BEGIN) -> None:
        self.offset = begin - time.time_ns()

    def __call__(self) -> int:
        return time.time_ns() + self.offset

    def move(self, ns: int) -> None:
        self.offset += ns


@dataclass
class Tape:
    """Makes trades of a contract that follow each other: sequences grow, and up to three trades
    share a packet's time and sequence, some of them alike in everything."""

    clock: Clock
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    sequence: int = 1000
    price: int = 27_000

    def next(self, count: int, number: int = Z5.number, *, ts: int | None = None) -> Records:
        packets = self.random.integers(1, 4, count).cumsum()
        packet = np.repeat(np.arange(count), 3)[:count] if count else packets
        sequence = self.sequence + packet
        self.sequence = int(sequence[-1]) + 1
        start = self.clock() if ts is None else ts
        return trades(
            number,
            start + packet * 1_000,
            (self.price + self.random.integers(-2, 3, count)) * TICK,
            self.random.integers(1, 3, count),
            bytes(self.random.choice(list(b"ABN"), count).astype(np.uint8)),
            sequence,
        )


def access(gateway: Gateway, **values: Any) -> Access:
    return Access(
        **{"key": KEY, "gateway": "127.0.0.1", "port": gateway.port, "timing": QUICK} | values
    )


def opened(gateway: Gateway, clock: Clock, contract: str | None = None, **words: Any) -> Any:
    chosen = words.pop("access", None) or access(gateway)
    return open_live(chosen, MES, contract, wall=clock, **words)


async def flat() -> bool:
    return True


@dataclass
class Heardall:
    """Everything a feed said."""

    items: list[Heard] = field(default_factory=list)
    ticks: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, item: Heard) -> None:
        self.items.append(item)
        if isinstance(item, Received):
            self.ticks.extend(rows(item.ticks))

    @property
    def notices(self) -> list[Notice]:
        return [item for item in self.items if isinstance(item, Notice)]

    def kinds(self) -> list[str]:
        return [notice.kind for notice in self.notices]

    def of(self, kind: type) -> list[Any]:
        return [item for item in self.items if isinstance(item, kind)]


def rows(ticks: StoredTicks) -> Iterator[tuple[int, ...]]:
    return zip(*(column.tolist() for column in ticks), strict=True)


def expected(records: Records, *numbers: int) -> list[tuple[int, ...]]:
    """What the feed must say of these trades: those of the contract, as ticks."""
    sides = {ord("B"): 1, ord("A"): -1, ord("N"): 0}
    return [
        (
            int(r["ts_event"]), int(r["ts_recv"]), int(r["price"]) // TICK, int(r["size"]),
            sides[int(r["side"])], int(r["sequence"]),
        )
        for r in records
        if int(r["instrument_id"]) in (numbers or (Z5.number,))
    ]  # fmt: skip


Until = Callable[[Heardall], bool]


def listen(
    feed: DatabentoLive,
    *steps: tuple[Until, Callable[[], Any]],
    until: Until,
    may_roll: Callable[[], Awaitable[bool]] = flat,
    within: float = 20.0,
) -> Heardall:
    """Hear the feed until `until`; each step is done once, when its condition holds."""
    heard = Heardall()

    async def go() -> None:
        left = list(steps)
        async with asyncio.timeout(within), aclosing(feed.heard(may_roll)) as items:
            async for item in items:
                heard.add(item)
                while left and left[0][0](heard):
                    left.pop(0)[1]()
                if not left and until(heard):
                    return

    try:
        asyncio.run(go())
    except TimeoutError:
        said = [f"{notice.kind}: {notice.text}" for notice in heard.notices]
        raise AssertionError(f"not heard in time; {len(heard.ticks)} ticks, {said}") from None
    return heard


def traded_from(gateway: Gateway, settings: Any, monkeypatch: Any, *, warm_up: int) -> None:
    """What `--feed databento` hears from now on: this gateway, after so many hours of warm-up."""
    settings.DATABENTO_API_KEY = KEY
    settings.DATABENTO_GATEWAY = "127.0.0.1"
    settings.DATABENTO_PORT = gateway.port
    settings.WARMUP_HOURS = warm_up
    monkeypatch.setattr("trading.pipeline.databento.TIMING", QUICK)
