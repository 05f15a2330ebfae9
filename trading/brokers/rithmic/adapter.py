"""Rithmic as a broker: `trading.brokers.adapter.Adapter` over the two lines.

When the order line comes up, what Rithmic has is asked for before anything else: orders, the day's
history, its fills. What happens meanwhile waits. So the map from our ids to Rithmic's baskets is
whole whenever the line is `up`, and a fill that was missed is told before anything that follows it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import structlog

from engine.commands import ReportLink
from marketdata.calendars import calendar_date
from trading.brokers.adapter import (
    BrokerError,
    BrokerOrder,
    BrokerState,
    Execution,
    Order,
    Report,
    Word,
)
from trading.brokers.rithmic.access import Access
from trading.brokers.rithmic.asking import Asking
from trading.brokers.rithmic.book import Book, Known, fill_key
from trading.brokers.rithmic.contracts import EXCHANGES, Contracts
from trading.brokers.rithmic.keeping import Line
from trading.brokers.rithmic.notices import EXCHANGE, RITHMIC, Notice, read
from trading.brokers.rithmic.ordering import Ordering

if TYPE_CHECKING:
    from decimal import Decimal

log = structlog.get_logger(__name__)

ATTEMPTS: Final = 4
"""How often the state is asked for anew when something filled in between."""


class RithmicAdapter:
    """`symbols` are ours that may be traded; `contracts` says in which contracts."""

    def __init__(
        self,
        access: Access,
        contracts: Contracts,
        symbols: Iterable[str] = (),
        *,
        wall: Callable[[], int] = time.time_ns,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.access = access
        self.contracts = contracts
        self.symbols = tuple(symbols)
        self.book = Book(access.account, calendar_date(wall()))
        self._wall = wall
        self._steady = steady
        self._words: deque[Word] = deque()
        self._spoke = asyncio.Event()
        self._changed = asyncio.Event()
        self._waiting: list[Notice] | None = None  # while the line comes up
        self._told_up: bool | None = None
        self.orders = Line(
            access, self._order_plant, came=self._came, went=self._went, refusable=True,
            sleep=sleep, steady=steady,
        )  # fmt: skip
        self.money = Line(
            access, self._pnl_plant, came=self._money_came, went=self._money_went, sleep=sleep,
            steady=steady,
        )  # fmt: skip
        self.asking = Asking(self.orders, self.money, access.account)
        self.ordering = Ordering(
            self.orders, self.book, contracts, self.asking,
            changed=self._changed, say=self._say, wall=wall, steady=steady,
        )  # fmt: skip
        self._first = asyncio.Event()
        self._last_order_plant: Any = None

    @property
    def up(self) -> bool:
        return self.orders.up

    @property
    def why(self) -> str:
        """Why the line is down, or was last."""
        return self.orders.why

    def contract(self, symbol: str) -> str:
        """See `Adapter.contract`."""
        return self.contracts.known(symbol)

    # Its life

    def follow(self, contract: str) -> None:
        """See `Adapter.follow`; BrokerError if it is no outright of a known market."""
        self.contracts.follow(contract)

    async def run(self, report: Report) -> None:
        """See `Adapter.run`. May be called again when it has ended."""
        self._told_up = None
        tasks = [
            asyncio.create_task(self.orders.keep()),
            asyncio.create_task(self._keep_money()),
            asyncio.create_task(self._speak(report)),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_money(self) -> None:
        await self._first.wait()  # the order line knows who we are there
        await self.money.keep()

    async def _speak(self, report: Report) -> None:
        """A word that could not be given stays, for the next run."""
        while True:
            while self._words:
                await report(self._words[0])
                self._words.popleft()
            self._spoke.clear()
            await self._spoke.wait()

    def _say(self, word: Word) -> None:
        self._words.append(word)
        self._spoke.set()

    def _order_plant(self) -> Any:
        from trading.brokers.rithmic.plants import order_plant

        self._waiting = []
        return order_plant(self.access, self._message)

    def _pnl_plant(self) -> Any:
        from trading.brokers.rithmic.plants import pnl_plant

        # What it says unasked is not needed.
        return pnl_plant(self.access, lambda _: None, self.orders.plant or self._last_order_plant)

    async def _came(self, plant: Any) -> None:
        """The order line is there: find out what Rithmic has, then let happen what happened."""
        now = self._wall()
        self._roll(now)
        for contract in filter(None, map(self.contracts.known, self.symbols)):
            self.ordering.fit[contract] = await self.asking.unfit(contract, plant)
            if self.ordering.fit[contract]:
                log.error("contract_unfit", reason=self.ordering.fit[contract])
        told = await self.asking.history(now, plant)
        told += await self.asking.working(plant)
        told += await self.asking.executions(now, plant)
        self._tell(self.book.learn(told))
        waited, self._waiting = self._waiting or [], None
        for notice in waited:
            self._tell(self.book.take(notice))
        self._last_order_plant = plant
        self._first.set()
        self._link(up=True, reason="")
        log.info("rithmic_up", account=self.access.account, orders=len(list(self.book.all())))

    def _went(self, reason: str) -> None:
        log.warning("rithmic_down", reason=reason)
        self._link(up=False, reason=reason)
        self._changed.set()

    async def _money_came(self, plant: Any) -> None:
        log.info("rithmic_pnl_up")

    def _money_went(self, reason: str) -> None:
        log.warning("rithmic_pnl_down", reason=reason)

    def _link(self, *, up: bool, reason: str) -> None:
        """Once for each change."""
        if self._told_up is not up:
            self._told_up = up
            ts = self._wall()
            self._tell([ReportLink(id=f"link:{ts}:{up}", ts=ts, up=up, reason=reason)])

    # What Rithmic says

    def _message(self, message: Any) -> None:
        if message.template_id not in (RITHMIC, EXCHANGE):
            return
        notice = read(message)
        if notice.reason:
            notice = replace(notice, reason=self.access.without_secrets(notice.reason))
        if self._waiting is not None:
            self._waiting.append(notice)
            return
        self._roll(self._wall())
        self._tell(self.book.take(notice))

    def _tell(self, words: Iterable[Word]) -> None:
        for word in words:
            self._say(word)
        self._changed.set()

    def _roll(self, now: int) -> None:
        day = calendar_date(now)
        if day != self.book.day:
            self.book.roll(day)

    # What is asked of it

    async def place(self, order: Order) -> None:
        """See `Adapter.place`."""
        await self.ordering.place(order)

    async def flatten_all(self) -> None:
        """See `Adapter.flatten_all`."""
        await self.ordering.flatten_all()

    async def unfit(self, symbol: str) -> str:
        """See `Adapter.unfit`."""
        return await self.asking.unfit(self.contracts.of(symbol))

    async def margin(self, symbol: str) -> "Decimal":
        """See `Adapter.margin`; BrokerError where Rithmic says nothing about the symbol."""
        margins = await self.asking.margins()
        if symbol not in margins:
            raise BrokerError(f"Rithmic tells no margin for {symbol}")
        return margins[symbol]

    async def find(self, order_id: str) -> BrokerOrder | None:
        """See `Adapter.find`. Several stops or targets of a bracket are told as one."""
        now, asked_at = self._wall(), self._steady()
        told = await self.asking.working()
        told += await self.asking.history(now)
        told += await self.asking.executions(now)
        self._tell(self.book.learn(told))
        known = self.book.of(order_id)
        if known:
            self.ordering.unknown.pop(order_id, None)
            return _as_one(known)
        went = self.ordering.unknown.get(order_id)
        if went is not None:
            generation, sent_at = went
            since = max(sent_at, self.orders.up_at if generation != self.orders.generation else 0)
            if asked_at - since < self.access.timing.settle:
                raise BrokerError(f"{order_id} may still be on its way to Rithmic; ask again")
        return None

    async def state(self) -> BrokerState:
        """See `Adapter.state`. Asked anew when something filled while it was asked for."""
        for _ in range(ATTEMPTS):
            began, filled = self.book.count, self.book.fills
            state = await self._state(began)
            if self.book.fills == filled:
                return state
        raise BrokerError("so much fills that no state could be had between two fills")

    async def _state(self, began: int) -> BrokerState:
        now = self._wall()
        self._roll(now)
        listed = await self.asking.history(now)
        listed += await self.asking.working()
        done = await self.asking.executions(now)
        money = await self.asking.money()
        margins = await self.asking.margins()
        book = self.book
        self._tell(book.learn([*listed, *done]))
        baskets = {each.basket for each in listed}
        orders = [
            each.order()
            for each in book.all()
            if each.over or each.basket in baskets or each.touched > began
        ]
        return BrokerState(
            # Of several stops of one id those that work come last, as the ones that count.
            orders=tuple(sorted(orders, key=lambda each: not each.over)),
            positions=money.positions,
            executions=tuple(map(self._execution, done)),
            balance=money.balance,
            margins={name: rate for name, rate in margins.items() if name in EXCHANGES},
        )

    def _execution(self, notice: Notice) -> Execution:
        """BrokerError for one whose side is not told: what it did to the position is not known."""
        fill, known = notice.fill, self.book.get(notice.basket)
        side = notice.side or (known.side if known is not None else 0)
        if fill is None or not side:
            raise BrokerError(f"Rithmic tells a fill of basket {notice.basket} without its side")
        return Execution(
            id=fill_key(notice.basket, fill.id),
            order_id=known.id if known is not None else "",
            key=notice.basket,
            symbol=notice.contract,
            side=side,
            size=fill.size,
            price=fill.price,
            ts=notice.ts,
        )


def _as_one(known: list[Known]) -> BrokerOrder:
    """The orders with one id of ours as one: it works as long as one of them does."""
    orders = [each.order() for each in known]
    alive = [each for each in orders if not each.over]
    if len(orders) == 1:
        return orders[0]
    first = (alive or orders)[0]
    filled = sum(each.filled for each in orders)
    size = filled + sum(each.size - each.filled for each in alive)
    status = first.status
    if alive:
        status = "partial" if filled else "working"
    elif any(each.status == "filled" for each in orders):
        status = "filled"
    return BrokerOrder(
        id=first.id, key=first.key, symbol=first.symbol, role=first.role, side=first.side,
        size=size, filled=filled, status=status, price=_farthest(alive or orders),
        parent=first.parent,
        reason=first.reason,
    )  # fmt: skip


def _farthest(orders: list[BrokerOrder]) -> "Decimal | None":
    """Of stops at different prices (a change that did not reach them all) the one that is worst."""
    prices = [each.price for each in orders if each.price is not None]
    if not prices:
        return None
    return min(prices) if orders[0].side < 0 else max(prices)
