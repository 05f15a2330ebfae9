"""Giving orders to Rithmic: entries with their brackets, changes, cancellations, exits, all flat.

One after the other, as Rithmic refuses a change while another is under way. An outcome is what the
acknowledgement says or, where it is empty or missing, what the notifications have told by then.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final

import structlog

from engine.commands import ReportCancelled
from engine.events import OrderAmend, OrderCancel, OrderIntent
from trading.brokers.adapter import BrokerError, NotSent, Order, OutcomeUnknown, Refused, Word
from trading.brokers.rithmic import ids
from trading.brokers.rithmic.asking import Asking
from trading.brokers.rithmic.book import Book, Known
from trading.brokers.rithmic.contracts import Contracts, exchange, traded
from trading.brokers.rithmic.keeping import Line
from trading.brokers.rithmic.notices import STOP_LIMIT
from trading.brokers.rithmic.requests import Declined

log = structlog.get_logger(__name__)

BUSY: Final = "atomic order operation in progress"
BUSY_TIMES: Final = 5


class Ordering:
    """`changed` is set with every notice; `say` tells a word."""

    def __init__(
        self,
        line: Line,
        book: Book,
        contracts: Contracts,
        asking: Asking,
        *,
        changed: asyncio.Event,
        say: Callable[[Word], None],
        wall: Callable[[], int],
        steady: Callable[[], float],
    ) -> None:
        self.line = line
        self.book = book
        self.contracts = contracts
        self.asking = asking
        self.fit: dict[str, str] = {}
        """Contracts that were looked at, and what speaks against them."""
        self.unknown: dict[str, tuple[int, float]] = {}
        """Orders that were not answered: the line they went out on (its generation), and when."""
        self._changed = changed
        self._say = say
        self._wall = wall
        self._steady = steady
        self._one = asyncio.Lock()

    async def place(self, order: Order) -> None:
        """See `trading.brokers.adapter.Adapter.place`."""
        async with self._one:
            self.line.need(NotSent)
            if isinstance(order, OrderAmend):
                await self._amend(order)
            elif isinstance(order, OrderCancel):
                await self._cancel(order)
            elif order.role == "entry":
                await self._enter(order)
            elif order.role == "exit":
                await self._exit(order)
            else:
                raise Refused(f"{order.id}: Rithmic makes a bracket's stop and target itself")

    # Entries

    async def _enter(self, order: OrderIntent) -> None:
        """One server-side bracket. `stop_market_on_reject`: where the exchange does not take the
        stop, what is held is closed at market, as it would be without any stop."""
        contract = self._contract(order.symbol)
        if self.fit.get(contract) != "":
            await self.look(contract)
        if self.fit[contract]:
            raise Refused(self.fit[contract])
        await self._send(
            order.id,
            contract,
            lambda plant: plant.submit_order(
                order_id=order.id,
                symbol=contract,
                exchange=exchange(contract),
                qty=order.size,
                transaction_type=_transaction(order.side),
                order_type=_market(),
                stop_ticks=order.stop_ticks,
                target_ticks=order.target_ticks,
                stop_market_on_reject=True,
            ),
        )

    async def look(self, contract: str, plant: Any = None) -> None:
        """Find out whether a contract is what we take it for; NotSent when that cannot be had."""
        try:
            self.fit[contract] = await self.asking.unfit(contract, plant)
        except BrokerError as error:
            raise NotSent(f"{contract} could not be looked up: {error}") from None
        if self.fit[contract]:
            log.error("contract_unfit", contract=contract, reason=self.fit[contract])

    def _contract(self, symbol: str) -> str:
        try:
            return self.contracts.of(symbol)
        except BrokerError as error:
            raise Refused(str(error)) from None

    async def _send(
        self, order_id: str, contract: str, submit: Callable[[Any], Awaitable[list[Any]]]
    ) -> None:
        """Give a new order once and see what becomes of it."""
        plant, book = self.line.need(NotSent), self.book
        market = exchange(contract)
        if not any(route.exchange == market for route in plant.trade_routes):
            raise Refused(f"Rithmic gives this login no way to trade at {market}")
        book.sent(order_id)
        began = self.line.generation, self._steady()
        refused = missing = ""
        answers: list[Any] = []
        with book.awaiting(order_id, "rejected"):
            try:
                answers = await submit(plant)
            except Declined as error:
                refused = error.words
            except OutcomeUnknown as error:
                missing = str(error)
            except asyncio.CancelledError:
                self._not_known(order_id, began)
                raise
            refused = book.refusal(order_id) or refused
        if refused:
            book.told_of_refusal(order_id)
            raise Refused(refused)
        if not any(answer.basket_id for answer in answers) and not book.of(order_id):
            self._not_known(order_id, began)
            raise OutcomeUnknown(f"{order_id}: {missing or 'Rithmic acknowledged nothing'}")

    def _not_known(self, order_id: str, began: tuple[int, float]) -> None:
        """Whoever placed it asks for it, and says how that ended."""
        self.unknown[order_id] = began
        self.book.told_of_refusal(order_id)

    # Exits

    async def _exit(self, order: OrderIntent) -> None:
        """Stop and target first, then what is held by then, by the broker's fills."""
        book, trade = self.book, order.trade_id
        await self._stand_down(trade)
        entry = next((each for each in book.all() if each.trade == trade), None)
        if entry is None:
            raise Refused(f"{order.id}: Rithmic has no order of {trade} today")
        size = min(order.size, book.held(trade) - book.leaving(trade))
        if size <= 0:
            self._say(
                ReportCancelled(
                    id=f"{order.id}:nothing", ts=self._wall(), order_id=order.id,
                    reason="nothing is held any more",
                )
            )  # fmt: skip
            return
        await self._send(
            order.id,
            entry.contract,
            lambda plant: plant.submit_order(
                order_id=order.id,
                symbol=entry.contract,
                exchange=exchange(entry.contract),
                qty=size,
                transaction_type=_transaction(order.side),
                order_type=_market(),
            ),
        )

    async def _stand_down(self, trade: str) -> None:
        """Take the bracket's stops and targets back and wait until they are over. NotSent when
        that cannot be had: what is held stays protected by what is left of them."""
        book = self.book

        def legs() -> list[Known]:
            stop, target = ids.child(trade, "stop"), ids.child(trade, "target")
            return [*book.working(stop), *book.working(target)]

        for leg in legs():
            if leg.over:  # with one that was taken back before
                continue
            try:
                await self._take_back(leg)
            except Refused:
                continue  # it may just have filled: what counts is whether it is over
            except OutcomeUnknown:
                break
        if not await self._until(lambda: not legs(), self.line.access.timing.stand_down):
            left = ", ".join(leg.id for leg in legs())
            raise NotSent(f"{left} could not be taken back in time: the exit was not sent")

    async def _until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Whether it comes true while notices arrive. Without the line none will."""
        try:
            async with asyncio.timeout(seconds):
                while not true() and self.line.up:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        return true()

    # Changes

    async def _cancel(self, order: OrderCancel) -> None:
        if not self.book.of(order.id):
            raise Refused(f"{order.id} is not at Rithmic")
        for known in self.book.working(order.id):
            if not known.over:
                await self._take_back(known)

    async def _take_back(self, known: Known) -> None:
        def ask(plant: Any) -> Awaitable[list[Any]]:
            asked: Awaitable[list[Any]] = plant.cancel_order(
                basket_id=known.basket, account_id=self.book.account
            )
            return asked

        await self._change(known, ask)

    async def _amend(self, order: OrderAmend) -> None:
        """Move every stop (or target) of the bracket that is not there yet. Once the entry filled,
        each is an order of its own and is moved as one; sizes follow the fills at the server."""
        ours, book = ids.parse(order.id), self.book
        if ours is None or ours.role not in ("stop", "target"):
            raise Refused(f"{order.id}: only a bracket's stop and target can be changed")
        # A fill is told before the stop and the target that it brings.
        covered = lambda: _lots(book.working(order.id)) >= book.held(ours.trade)  # noqa: E731
        await self._until(covered, self.line.access.timing.legs)
        legs = book.working(order.id)
        if not legs:
            raise Refused(f"{order.id} does not work at Rithmic")
        for leg in legs:
            instrument = traded(leg.contract)
            if instrument is None:
                raise Refused(f"{order.id}: {leg.contract} is none of our contracts")
            if not leg.over:
                await self._move(leg, instrument.price(order.price))

    async def _move(self, leg: Known, price: Decimal) -> None:
        """Give a stop or target another price."""
        if leg.price == price:
            return
        as_it_is = SimpleNamespace(
            account_id=self.book.account, basket_id=leg.basket, symbol=leg.contract,
            exchange=leg.exchange or exchange(leg.contract), quantity=leg.size,
            price_type=leg.price_type, price=float(leg.price or 0),
        )  # fmt: skip
        moved = {"trigger_price" if leg.role == "stop" else "price": float(price)}
        if leg.price_type == STOP_LIMIT and leg.limit is not None and leg.price is not None:
            moved["price"] = float(price + leg.limit - leg.price)

        def ask(plant: Any) -> Awaitable[list[Any]]:
            asked: Awaitable[list[Any]] = plant.modify_order(order=as_it_is, **moved)
            return asked

        await self._change(leg, ask)

    async def _change(self, known: Known, ask: Callable[[Any], Awaitable[list[Any]]]) -> None:
        """Change an order that is there. Refused as busy, it was not done, and is asked again."""
        book, name = self.book, known.id
        for attempt in range(1, BUSY_TIMES + 1):
            plant = self.line.need(NotSent)
            with book.awaiting(name, "not_modified", "not_cancelled"):
                try:
                    await ask(plant)
                except Declined as error:
                    reason = book.refusal(name) or error.words
                else:
                    reason = book.refusal(name)
            if not reason:
                return
            if BUSY not in reason.lower() or attempt == BUSY_TIMES:
                raise Refused(reason)
            await asyncio.sleep(self.line.access.timing.atomic)

    # Everything

    async def flatten_all(self) -> None:
        """Take every order back, whoever gave it, then close every position. Not behind the lock:
        an exit that waits must not hold this up."""
        plant, account = self.line.need(), self.book.account
        problems = [await self._wish(plant.cancel_all_orders(account_id=account))]
        over = lambda: all(each.over for each in self.book.all())  # noqa: E731
        await self._until(over, self.line.access.timing.stand_down)
        try:
            held = list((await self.asking.money()).positions)
        except BrokerError as error:
            log.warning("positions_unknown", reason=str(error))
            problems.append(await self._wish(plant.exit_position(account_id=account)))
        else:
            for contract in held:
                market = self._exchange(contract)
                wish = plant.exit_position(account_id=account, symbol=contract, exchange=market)
                problems.append(await self._wish(wish))
        if any(problems):
            raise BrokerError("not all could be closed: " + "; ".join(filter(None, problems)))

    def _exchange(self, contract: str) -> str:
        """Of any contract that is held, one that we do not trade too."""
        for known in self.book.all():
            if known.contract == contract and known.exchange:
                return known.exchange
        return exchange(contract)

    async def _wish(self, asked: Awaitable[list[Any]]) -> str:
        """What went wrong with it, "" for nothing: the next is to be tried all the same."""
        try:
            await asked
        except BrokerError as error:
            return str(error)
        return ""


def _lots(orders: list[Known]) -> int:
    return sum(each.size - each.filled for each in orders)


def _transaction(side: int) -> Any:
    from async_rithmic import TransactionType

    return TransactionType.BUY if side > 0 else TransactionType.SELL


def _market() -> Any:
    from async_rithmic import OrderType

    return OrderType.MARKET
