"""What is found out before the first tick: whether the key is good, which contract the day has, and
whether its tick is ours. A start that cannot work is refused here, in one line."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import stamina

from engine.instruments import Instrument
from engine.schedule import TradingDay
from engine.ticks import NS
from marketdata.calendars import CalendarSchedule, schedule
from marketdata.errors import FeedError
from marketdata.feeds import StoredTicks
from marketdata.feeds.databento_live.access import Access
from marketdata.feeds.databento_live.connection import ConnectionLost, Subscription, connected
from marketdata.feeds.databento_live.exchange_news import News
from marketdata.feeds.databento_live.front import DayVolumes, FrontFile, front_month
from marketdata.feeds.databento_live.listing import Listing
from marketdata.feeds.databento_live.symbols import Symbols, symbols

if TYPE_CHECKING:
    from marketdata.feeds.databento_live.feed import DatabentoLive

ATTEMPTS: Final = 3
WARM_NS: Final = 3600 * NS
"""On the first day ever the contracts' volumes of so long before the start decide, if need be."""


def open_live(
    access: Access,
    instrument: Instrument,
    contract: str | None = None,
    *,
    front: Path | None = None,
    since: int | None = None,
    had: Iterable[StoredTicks] = (),
    decided: Mapping[date, str] | None = None,
    wall: Callable[[], int] = time.time_ns,
) -> "DatabentoLive":
    """The feed, its contract decided. Asks the gateway, so it may take seconds; not in a loop.

    `front`: the file with the days' contracts. `since` (UTC ns): what is heard begins there, at
    most with the trading day; None: now. `had`: the newest ticks that are journalled; then what
    follows them is heard, and none of them again. `decided`: contracts that days have already,
    because they are journalled so. FeedError when it cannot be traded.
    """
    from marketdata.feeds.databento_live.feed import DatabentoLive

    wanted = symbols(instrument.symbol, contract)
    file = FrontFile(front if wanted.stype == "parent" else None)
    if wanted.stype == "parent":
        for day, name in (decided or {}).items():
            file.day(day).contract, file.day(day).reason = name, "is journalled"
    desk = FrontDesk(access, instrument, wanted, file)
    desk.open(wall())
    return DatabentoLive(desk, since=since, had=had, wall=wall)


class FrontDesk:
    """Decides the days' contracts; knows what the gateway has said about them."""

    def __init__(
        self, access: Access, instrument: Instrument, wanted: Symbols, file: FrontFile
    ) -> None:
        self.access = access
        self.instrument = instrument
        self.wanted = wanted
        self.file = file
        self.listing = Listing(instrument)
        self.news = News(instrument)
        self.schedule: CalendarSchedule = schedule(instrument, "all")
        self.informed = False
        """Whether what the exchange said before the start is known."""

    def open(self, now: int) -> None:
        """Ask the gateway, and decide the contract of the day that `now` falls into."""
        day = self.schedule.at(now)
        known = self.wanted.stype == "parent" and bool(self.file.day(day.day).contract)
        try:
            asyncio.run(self._survey())
        except ConnectionLost as lost:
            if lost.kind == "auth" or not known:
                raise FeedError(f"Databento: {lost}") from None
        if not known:
            self._decide_first(day, now)

    def decide(self, day: TradingDay, *, before: str = "", holding: bool) -> tuple[str, str]:
        """A day's contract and why, decided now unless it was before; FeedError without one.
        `before`: what a continuous symbol stood for until now."""
        entry = self.file.day(day.day)
        if self.wanted.stype == "raw_symbol":
            entry.contract, entry.reason = self.wanted.name, "asked for"
            if self.listing.expires.get(self.wanted.name, day.end) < day.end:
                raise FeedError(f"{self.wanted.name} has expired; trade another contract")
        elif self.wanted.stype == "continuous":
            name = before if holding else self.listing.rules.get(self.wanted.name, before)
            if not name:
                raise FeedError(f"the gateway does not say what {self.wanted.name} stands for")
            entry.contract, entry.reason = name, f"is {self.wanted.name}"
            if holding:
                entry.reason = "a position is open"
        elif not entry.contract:
            self._decide(day, entry, holding=holding)
        self.file.save(durable=True)
        return entry.contract, entry.reason

    def _decide(
        self,
        day: TradingDay,
        entry: DayVolumes,
        *,
        holding: bool = False,
        today: Mapping[str, int] | None = None,
    ) -> None:
        before = self.file.day(self.schedule.before(day.day).day)
        volumes, of = self._volumes(day)
        entry.contract, entry.reason = front_month(
            day.end,
            self.listing.expires,
            volumes=volumes,
            of=of,
            before=before.contract,
            heard_today=today,
            holding=holding,
        )

    def _decide_first(self, day: TradingDay, now: int) -> None:
        entry = self.file.day(day.day)
        if self.wanted.stype == "parent":
            today: Mapping[str, int] = {}
            before = self.file.day(self.schedule.before(day.day).day)
            if not any(self._volumes(day)[0].values()) and not before.contract:
                today = asyncio.run(self._warm_volumes(now))
            self._decide(day, entry, today=today)
        self.decide(day, holding=False)

    def _volumes(self, day: TradingDay) -> tuple[Mapping[str, int], str]:
        """Of the day before, and whose count it is."""
        before = self.schedule.before(day.day)
        counted = self.file.day(before.day)
        regular = schedule(self.instrument, "rth").day(before.day)
        if regular is not None and counted.covers(regular.open, regular.close - 60 * NS):
            return counted.volumes, "counted"
        cleared = self.news.cleared.get(before.day, {})
        if any(cleared.values()):
            return cleared, "cleared"
        return counted.volumes, "counted in part"

    async def _survey(self) -> None:
        """Definitions and statistics; ConnectionLost when the gateway cannot be had."""

        def again(error: Exception) -> bool:
            return isinstance(error, ConnectionLost) and error.kind != "auth"

        async for attempt in stamina.retry_context(on=again, attempts=ATTEMPTS, wait_initial=0.3):
            with attempt:
                await self._ask(
                    [
                        Subscription("definition", self.wanted, 0),
                        Subscription("statistics", self.wanted, 0),
                        Subscription("status", self.wanted, 0),
                    ]
                )
        self.informed = True

    async def _warm_volumes(self, now: int) -> Mapping[str, int]:
        from marketdata.feeds import Counts
        from marketdata.feeds.databento_live.trades import TradeFilter

        heard = TradeFilter(self.instrument, self.listing, Counts())
        entry = DayVolumes()
        try:
            await self._ask([Subscription("trades", self.wanted, now - WARM_NS)], (heard, entry))
        except ConnectionLost:
            return {}
        return entry.volumes

    async def _ask(
        self,
        subscriptions: list[Subscription],
        volumes: "tuple[TradeFilter, DayVolumes] | None" = None,
    ) -> None:
        """Hear what there is of these until it is over, or for as long as a survey takes."""
        from marketdata.feeds.databento_live.protocol import Trades

        left = len(subscriptions)
        try:
            async with (
                asyncio.timeout(self.access.timing.survey),
                connected(self.access, subscriptions) as connection,
            ):
                while left > 0:
                    item = await connection.get()
                    if isinstance(item, Trades):
                        if volumes is not None:
                            heard, entry = volumes
                            heard.renamed()
                            heard.count(heard.outrights(item.records), entry)
                    elif item is not None:
                        left -= self._hear(item.record, item.wall, left)
        except TimeoutError:
            return

    def _hear(self, record: object, wall: int, left: int) -> int:
        """Take a record in; how many of the `left` replays are over with it."""
        import databento_dbn as dbn

        match record:
            case dbn.SymbolMappingMsg():
                self.listing.mapped(record)
            case dbn.InstrumentDefMsg():
                self.listing.defined(record)
            case dbn.StatMsg():
                name = self.listing.ids.get(record.instrument_id, "")
                if name in self.listing.expires:
                    list(self.news.statistic(record, name, wall))
            case dbn.StatusMsg():
                name = self.listing.ids.get(record.instrument_id, "")
                if name in self.listing.expires:
                    list(self.news.status(record, name, wall))
            case dbn.ErrorMsg():
                text = self.access.without_key(record.err)
                raise FeedError(f"Databento refuses {self.wanted.name}: {text}")
            case dbn.SystemMsg():
                if record.is_heartbeat():
                    return left
                return int(record.code == dbn.SystemCode.REPLAY_COMPLETED)
        return 0


if TYPE_CHECKING:
    from marketdata.feeds.databento_live.trades import TradeFilter
