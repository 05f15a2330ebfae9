"""The supervisor: connects, goes on after a gap, and tells everything in the order it happened.

- A connection that is lost is tried again for ever, soon at first and then less often.
- After each the subscription begins before the newest trade that was heard, and what was heard
  before is taken out again (`resume.py`). Until the replay has caught up, ticks are `Behind`.
- A trading day has one contract (`front.py`). The next day begins with its first trade, or when the
  gateway's clock has passed the end of the day before.
"""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Final

import structlog

from engine.schedule import TradingDay
from engine.ticks import NS
from marketdata.feeds import Counts, FeedInfo, StoredTicks
from marketdata.feeds.databento_live.clock import GatewayClock
from marketdata.feeds.databento_live.connection import (
    Connection,
    ConnectionLost,
    Subscription,
    connected,
)
from marketdata.feeds.databento_live.symbols import Symbols
from marketdata.feeds.databento_live.trades import TradeFilter
from marketdata.feeds.databento_live.watch import Watch
from marketdata.feeds.live import Behind, Heard, Lost, MayRoll, NewDay, Notice, Received, Silent

if TYPE_CHECKING:
    from marketdata.feeds.databento_live.opening import FrontDesk
    from marketdata.feeds.databento_live.protocol import Record, Trades

log = structlog.get_logger(__name__)

LOOK_NS: Final = NS
SAVE_NS: Final = 60 * NS
REPLAY_NS: Final = 24 * 3600 * NS - 60 * NS
"""How far back the gateway replays; a minute less, for the clocks."""
LIVE_NS: Final = NS
"""A trade that was sent so soon after it was received is no replayed one."""
AFTER_DAY_NS: Final = 5 * NS


class DatabentoLive:
    """A `marketdata.feeds.live.LiveFeed`."""

    def __init__(
        self,
        desk: "FrontDesk",
        *,
        since: int | None = None,
        had: Iterable[StoredTicks] = (),
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.desk = desk
        self.access = desk.access
        self.instrument = desk.instrument
        self.counts = Counts()
        self.trades = TradeFilter(desk.instrument, desk.listing, self.counts)
        self.clock = GatewayClock()
        self.watch = Watch(self.access.timing, self.clock)
        self.trades.seed(had)
        self.begins = self._begins(wall(), since)
        """What is heard begins here (UTC ns); now, unless something is to be heard again."""
        self.day: TradingDay = desk.schedule.at(self.begins)
        self.contract, _ = desk.decide(self.day, holding=False)
        self.connections = 0
        self._counted = desk.file.day(self.day.day).until
        self._since = None if since is None else self.begins
        self._by_name = False
        self._wall, self._steady, self._sleep = wall, steady, sleep
        self._lost_at = 0  # steady; 0: it is not lost
        self._filled = 0
        self._failures = 0
        self._looked = self._saved = 0
        self._left = 0  # replays that are not over
        self._behind = False

    @property
    def info(self) -> FeedInfo:
        return FeedInfo(
            symbol=self.instrument.symbol,
            contract=self.contract,
            source="databento live",
            side="aggressor",
        )

    def _begins(self, now: int, since: int | None) -> int:
        newest = self.trades.resume.start
        if newest is not None:
            return max(newest, now - REPLAY_NS)
        return now if since is None else max(since, self.desk.schedule.at(now).start)

    async def heard(self, may_roll: MayRoll) -> AsyncGenerator[Heard]:
        """Everything, for ever; FeedError when a contract's tick is not ours, or none is left."""
        try:
            while True:
                connected_at = 0
                try:
                    subscriptions = list(self._subscriptions())
                    for notice in self._cut_off(subscriptions[0].start):
                        yield notice
                    async with connected(self.access, subscriptions) as connection:
                        connected_at = self._steady()
                        async with aclosing(self._listen(connection, may_roll)) as items:
                            async for item in items:
                                yield item
                except ConnectionLost as lost:
                    if connected_at and self._steady() - connected_at > self._settled:
                        self._failures = 0
                    for item in self._lost(lost):
                        yield item
                    await self._sleep(self._wait())
        finally:
            self.desk.file.save()

    # What is asked for

    def _subscriptions(self) -> Iterator[Subscription]:
        """Trades first. Within a day a continuous symbol's contract is asked for by its name."""
        wanted, start = self.desk.wanted, self._start()
        self._by_name = wanted.stype == "continuous" and self._wall() < self.day.end
        if self._by_name:
            wanted = Symbols(self.contract, "raw_symbol")
        if start is not None:
            self.trades.resume.replay(start)
        self._behind = start is not None
        news = start if self.desk.informed else 0
        rest = [
            Subscription("definition", wanted, 0),
            Subscription("statistics", wanted, news),
            Subscription("status", wanted, news),
        ]
        self._left = sum(each.start is not None for each in rest) + self._behind
        yield Subscription("trades", wanted, start)
        yield from rest

    def _start(self) -> int | None:
        start = self.trades.resume.start
        if start is None:
            start = self._since
        return None if start is None else max(start, self._wall() - REPLAY_NS)

    def _cut_off(self, start: int | None) -> Iterator[Notice]:
        newest = self.trades.resume.start
        if newest is not None and start is not None and start > newest:
            hours = (self._wall() - newest) / NS / 3600
            yield Notice(
                ts=self._wall(),
                kind="gap",
                level="error",
                text=f"The last tick is {hours:.0f} hours old and Databento replays 24: the rest "
                "of the gap stays; fetch it with manage.py ticks download",
                details={"hours": round(hours, 1)},
            )

    # One connection

    async def _listen(self, connection: Connection, may_roll: MayRoll) -> AsyncGenerator[Heard]:
        from marketdata.feeds.databento_live.protocol import Trades

        self.connections += 1
        self.clock.forget()
        self.desk.listing.ids.clear()
        self.desk.listing.rules.clear()
        self.trades.renamed()
        if not self._lost_at:
            yield self._notice("connected", f"Connected to Databento: {self.contract}")
        if self._behind:
            yield Behind(True)
        while True:
            item = await connection.get()
            steady = self._steady()
            if isinstance(item, Trades):
                async with aclosing(self._take(item, may_roll)) as taken:
                    async for heard in taken:
                        yield heard
            elif item is not None:
                for heard in self._record(item):
                    yield heard
            if self._since is None and self.clock.known:
                self._since = self.clock.at(steady)  # a loss before the first trade is a gap too
            if not self._behind and self._lost_at:
                yield self._restored()
            if steady - self._looked > LOOK_NS or item is None:
                self._looked = steady
                receiver = connection.receiver
                wall = self._wall()
                for notice in self.watch.look(wall, steady, receiver.waiting, receiver.pauses):
                    yield notice
                self._save(steady)
            if item is None and not self._behind and connection.idle and self.clock.known:
                now = self.clock.at(steady)
                if now > self.day.end + AFTER_DAY_NS:
                    if self._by_name:
                        return  # to ask anew what the continuous symbol stands for
                    yield await self._next_day(now, may_roll)
                yield Silent(now)

    async def _take(self, item: "Trades", may_roll: MayRoll) -> AsyncGenerator[Heard]:
        """Trades become ticks, day by day."""
        records = item.records
        sent = "ts_out" in (records.dtype.names or ())
        if sent:
            self.clock.see(int(records["ts_out"][-1]), item.steady)
        live = not sent or int(records["ts_out"][-1]) - int(records["ts_recv"][-1]) < LIVE_NS
        if not self._behind and len(records):
            self.watch.trade(int(records["ts_recv"][-1]), item.steady)
        records = self.trades.outrights(records)
        while len(records):
            later = records["ts_event"] >= self.day.end
            count = int(later.argmax()) if later.any() else len(records)
            now, records = records[:count], records[count:]
            if count:
                now = self.trades.late(now, self.day.start)
                entry = self.desk.file.day(self.day.day)
                if len(now) and not entry.since:
                    entry.since = int(now["ts_event"].min())
                self.trades.count(now, entry, self._counted)
                ticks = self.trades.ticks(now, self.contract)
                if len(ticks.ts_event):
                    self._filled += len(ticks.ts_event) if self._behind else 0
                    yield Received(ticks)
            if len(records):
                yield await self._next_day(int(records["ts_event"][0]), may_roll)
        if self._behind and live:
            yield self._caught_up()

    def _record(self, item: "Record") -> Iterator[Heard]:
        """Everything else that comes."""
        import databento_dbn as dbn

        record, desk = item.record, self.desk
        sent = int(record.ts_out)
        if 0 < sent < 1 << 62:
            self.clock.see(sent, item.steady)
        match record:
            case dbn.SymbolMappingMsg():
                desk.listing.mapped(record)
                self.trades.renamed()
            case dbn.InstrumentDefMsg():
                desk.listing.defined(record)
                self.trades.renamed()
            case dbn.StatusMsg():
                if (name := desk.listing.ids.get(record.instrument_id)) == self.contract:
                    yield from desk.news.status(record, name, item.wall)
            case dbn.StatMsg():
                name = desk.listing.ids.get(record.instrument_id, "")
                if name in desk.listing.expires:
                    said = desk.news.statistic(record, name, item.wall)
                    yield from (each for each in said if name == self.contract)
            case dbn.SystemMsg():
                yield from self._system(record)
            case dbn.ErrorMsg():
                text = self.access.without_key(record.err)
                yield self._notice("error", f"Databento: {text}", "error", code=str(record.code))

    def _system(self, record: Any) -> Iterator[Heard]:
        import databento_dbn as dbn

        if record.code == dbn.SystemCode.SLOW_READER_WARNING:
            text = f"Databento: we read too slowly ({self.access.without_key(record.msg)})"
            yield self._notice("slow_reader", text, "warning")
            return
        over = record.code == dbn.SystemCode.REPLAY_COMPLETED
        self._left -= over
        if record.is_heartbeat() or (over and (self._left <= 0 or "trades" in record.msg)):
            self.desk.informed = True
            if self._behind:
                yield self._caught_up()

    def _caught_up(self) -> Behind:
        self._behind = False
        return Behind(False)

    async def _next_day(self, ts: int, may_roll: MayRoll) -> NewDay:
        """The trading day of `ts` begins. Its contract changes only where that is allowed."""
        day = self.desk.schedule.at(ts)
        self.desk.file.save()
        holding = not await may_roll()
        before, day_before = self.contract, self.day.day
        contract, reason = self.desk.decide(day, before=before, holding=holding)
        self._counted = 0
        self.day, self.contract = day, contract
        log.info(
            "front_month", day=day.day.isoformat(), contract=contract, before=before,
            day_before=day_before.isoformat(), reason=reason,
        )  # fmt: skip
        return NewDay(day=day.day, start=day.start, contract=contract, before=before, reason=reason)

    # When it is lost

    @property
    def _settled(self) -> int:
        return int(self.access.timing.settled * NS)

    def _wait(self) -> float:
        """Seconds to the next attempt: doubled each time, and a quarter more or less."""
        timing = self.access.timing
        wait = min(timing.longest_wait, timing.first_wait * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return wait * random.uniform(0.75, 1.25)  # noqa: S311 (spreads attempts)

    def _lost(self, lost: ConnectionLost) -> Iterator[Heard]:
        first = not self._lost_at
        if first:
            self._lost_at = self._steady()
            self._filled = 0
        attempts = self._failures + 1
        if first or attempts & (attempts - 1) == 0:
            kind = "silence" if lost.kind == "silence" else "lost"
            level: Any = "error" if lost.kind in ("auth", "garbage") else "warning"
            text = f"Databento is lost: {lost}" if first else f"Still without Databento: {lost}"
            yield self._notice(kind, text, level, reason=lost.kind, attempts=attempts)
        if first:
            yield Lost()

    def _restored(self) -> Notice:
        seconds = (self._steady() - self._lost_at) / NS
        self._lost_at, filled = 0, self._filled
        return self._notice(
            "restored",
            f"Databento is back after {seconds:.1f} s: {filled:,} ticks filled in",
            seconds=round(seconds, 3),
            ticks=filled,
        )

    def _notice(self, kind: str, text: str, level: Any = "info", **details: Any) -> Notice:
        return Notice(ts=self._wall(), kind=kind, level=level, text=text, details=details)

    def _save(self, steady: int) -> None:
        """The day's volumes, now and then: a restart goes on counting from there."""
        if steady - self._saved > SAVE_NS:
            self._saved = steady
            self.desk.file.save()
