"""Our questions to Rithmic: what it has, whole or not at all. None of them changes anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from engine.ticks import NS
from marketdata.calendars import NEW_YORK, ROLL, calendar_date, new_york
from trading.brokers.adapter import BrokerError, NotSent, OutcomeUnknown
from trading.brokers.rithmic.contracts import exact, exchange, traded
from trading.brokers.rithmic.keeping import Line
from trading.brokers.rithmic.notices import Notice, execution, read
from trading.brokers.rithmic.pace import Pace
from trading.brokers.rithmic.requests import POSITIONS, Declined

SHOW_ORDERS, ORDER_HISTORY, FILL_HISTORY = 320, 324, 3512
PRODUCT_RISK, REFERENCE = 306, 14
INSTRUMENT, ACCOUNT = 450, 451
NOT_TRADABLE: Final = ("false", "f", "no", "n", "0")
AHEAD_S: Final = 3600
"""Of our clock, for fills of a server whose clock is ahead."""


@dataclass(frozen=True, slots=True)
class Money:
    """What the PnL plant says: signed lots by contract, without zeros, and the balance."""

    positions: Mapping[str, int]
    balance: Decimal | None


class Asking:
    """Questions over the two lines."""

    def __init__(self, orders: Line, money: Line, account: str) -> None:
        self._orders = orders
        self._money = money
        self._account = account
        self._pace = Pace(orders.access.timing.queries)

    async def working(self, plant: Any = None) -> list[Notice]:
        """The orders that work."""
        return _notices(await self._ask(plant, SHOW_ORDERS))

    async def history(self, now: int, plant: Any = None) -> list[Notice]:
        """The orders of the trading day of `now` (UTC ns), over or not. In the evening that is
        tomorrow's date for the exchange, and both are asked for."""
        local = datetime.fromtimestamp(now // NS, UTC).astimezone(NEW_YORK)
        dates = {calendar_date(now), local.date()}
        told = []
        for day in sorted(dates):
            told += _notices(await self._ask(plant, ORDER_HISTORY, date=day.strftime("%Y%m%d")))
        return told

    async def executions(self, now: int, plant: Any = None) -> list[Notice]:
        """The fills of the trading day of `now` (UTC ns), up to then."""
        begins = new_york(calendar_date(now) - timedelta(days=1), ROLL) // NS
        rows = await self._ask(
            plant, FILL_HISTORY, index_format="ssboe", start_index=begins,
            finish_index=now // NS + AHEAD_S,
        )  # fmt: skip
        return [execution(row) for row in rows if row.basket_id and self._ours(row)]

    async def money(self) -> Money:
        """Positions and balance."""
        rows = await self._ask(await self._money.there(), POSITIONS)
        positions, balance = {}, None
        for row in rows:
            if row.template_id not in (INSTRUMENT, ACCOUNT) or not self._ours(row):
                continue
            if row.template_id == INSTRUMENT and row.net_quantity:
                positions[row.symbol] = int(row.net_quantity)
            elif row.template_id == ACCOUNT:
                balance = _amount(row.account_balance)
        return Money(positions, balance)

    async def margins(self) -> dict[str, Decimal]:
        """Dollars per contract by product, of those that Rithmic has any for; the higher of buying
        and selling."""
        rows = await self._ask(None, PRODUCT_RISK)
        margins = {}
        for row in rows:
            rate = max(exact(row.buy_margin_rate), exact(row.sell_margin_rate))
            if self._ours(row) and rate > 0:
                margins[row.product_code] = rate
        return margins

    async def unfit(self, contract: str, plant: Any = None) -> str:
        """Why a contract is not what we take it for; "" when it is."""
        market, ours = exchange(contract), traded(contract)
        try:
            found = await self._ask(
                plant, REFERENCE, symbol=contract, exchange=market, account_id=None
            )
        except BrokerError as error:
            if isinstance(error.__cause__, Declined):
                return f"Rithmic does not know {contract} at {market}: {error}"
            raise
        if not found or ours is None:
            return f"Rithmic does not know {contract} at {market}"
        data = found[0]
        tick, point = exact(data.min_qprice_change), exact(data.single_point_value)
        if tick != ours.tick or point != ours.value_per_point:
            return (
                f"{contract} has ticks of {tick} and {point} a point at Rithmic, and "
                f"{ours.tick} and {ours.value_per_point} here"
            )
        if data.is_tradable.strip().lower() in NOT_TRADABLE:
            return f"{contract} cannot be traded at Rithmic"
        return ""

    def _ours(self, row: Any) -> bool:
        return row.account_id in ("", self._account)

    async def _ask(self, plant: Any, template: int, **fields: Any) -> list[Any]:
        """Rithmic's answer; BrokerError without one."""
        await self._pace.turn()
        plant = plant if plant is not None else self._orders.need()
        try:
            answer: list[Any] = await plant.ask(template, **fields)
        except (NotSent, OutcomeUnknown, Declined) as error:
            # Whoever places an order must not take these for what became of it.
            raise BrokerError(str(error)) from error
        return answer


def _notices(messages: list[Any]) -> list[Notice]:
    return [read(message) for message in messages if message.template_id in (351, 352)]


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
