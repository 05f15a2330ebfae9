"""Fills that nautilus_trader gives to brackets which are handed to it (in the rivals' Python)."""

from typing import Any

import numpy as np
import numpy.typing as npt
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OrderSide, OrderType
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from bench.rivals.nautilus_market import Backtest, Rules, contract, trade_ticks

DAY = 86_400 * 10**9
DAYS_A_RUN = 25
ROLES = ("entry", "stop", "target", "exit")
Fill = tuple[int, str, int, int, int, str]
"""Which bracket, role, time (ns), price (ticks), size, commission."""


class GivenBrackets(Strategy):  # type: ignore[misc]
    """Sends each bracket at its time and closes what is open at the flatten time.

    With latency the moments are timers; without it the first trade from then on, since nautilus
    fills an order that a timer sends without latency at the trade before.
    """

    def __init__(
        self,
        instrument: Any,
        brackets: list[list[int]],
        flatten_at: int,
        ends: int,
        timers: bool,
    ) -> None:
        name = str(instrument.id.symbol)
        super().__init__(StrategyConfig(strategy_id=name, order_id_tag=name, oms_type="HEDGING"))
        self.traded = instrument
        self.tick = instrument.price_increment.as_decimal()
        self.moments = [(row[0], number, row) for number, row in enumerate(brackets)]
        self.flatten_at = flatten_at
        self.ends = ends
        self.timers = timers
        self.of: dict[Any, tuple[int, str]] = {}
        self.fills: list[Fill] = []

    def on_start(self) -> None:
        self.subscribe_trade_ticks(self.traded.id)
        if not self.timers:
            return
        for ts, number, row in self.moments:
            self.clock.set_time_alert_ns(
                f"{self.traded.id}-{number}", ts, lambda _, n=number, r=row: self.enter(n, r)
            )
        if self.flatten_at:
            self.clock.set_time_alert_ns(
                f"{self.traded.id}", self.flatten_at, lambda _: self.flatten()
            )

    def on_trade_tick(self, tick: Any) -> None:
        if self.timers:
            return
        while self.moments and tick.ts_init >= self.moments[0][0]:
            _, number, row = self.moments.pop(0)
            self.enter(number, row)
        if self.flatten_at and tick.ts_init >= self.flatten_at:
            self.flatten_at = 0
            self.flatten()

    def enter(self, number: int, row: list[int]) -> None:
        _, direction, size, stop, target = row
        orders = self.order_factory.bracket(
            instrument_id=self.traded.id,
            order_side=OrderSide.BUY if direction > 0 else OrderSide.SELL,
            quantity=Quantity.from_int(size),
            entry_order_type=OrderType.MARKET,
            sl_trigger_price=self.price(stop),
            tp_order_type=OrderType.LIMIT,
            tp_price=self.price(target),
            tp_post_only=False,
        )
        for order, role in zip(orders.orders, ROLES, strict=False):
            self.of[order.client_order_id] = number, role
        self.submit_order_list(orders)

    def flatten(self) -> None:
        for position in self.cache.positions_open(instrument_id=self.traded.id):
            number, _ = self.of[position.opening_order_id]
            order = self.order_factory.market(
                instrument_id=self.traded.id,
                order_side=OrderSide.SELL if position.is_long else OrderSide.BUY,
                quantity=position.quantity,
                reduce_only=True,
            )
            self.of[order.client_order_id] = number, "exit"
            self.submit_order(order, position_id=position.id)

    def price(self, ticks: int) -> Price:
        return Price(ticks * self.tick, self.traded.price_precision)

    def on_order_filled(self, event: Any) -> None:
        if event.ts_event > self.ends:
            return  # what was still under way when the day's data ended
        number, role = self.of[event.client_order_id]
        ticks = int(event.last_px.as_decimal() / self.tick)
        commission = str(event.commission.as_decimal())
        if role == "exit":
            self.cancel_all_orders(self.traded.id)
        self.fills.append((number, role, event.ts_event, ticks, int(event.last_qty), commission))


def fills_of_days(path: str, days: list[dict[str, Any]], rules: dict[str, Any]) -> list[list[Fill]]:
    """Every fill of each day, in order; the days' ticks lie in one file at [from, to).

    A bracket is time, direction, size, stop, target; flatten_at 0 means never. A run costs much
    more than a day, so days share runs: each is a contract of its own, traded a day after the last.
    """
    with np.load(path) as file:
        columns = [file[name] for name in ("ts", "price", "size", "side")]
    found: list[list[Fill]] = []
    for start in range(0, len(days), DAYS_A_RUN):
        found += _run(columns, days[start : start + DAYS_A_RUN], Rules(**rules))
    return found


def _run(
    columns: list[npt.NDArray[Any]], days: list[dict[str, Any]], rules: Rules
) -> list[list[Fill]]:
    market = Backtest(rules)
    traders: list[GivenBrackets] = []
    for number, day in enumerate(days):
        later = number * DAY
        ts, *rest = (column[day["from"] : day["to"]] for column in columns)
        instrument = contract(f"ES{number}", "0.25", "12.50")
        market.add(instrument, trade_ticks(instrument, [ts + later, *rest]))
        brackets = [[row[0] + later, *row[1:]] for row in day["brackets"]]
        flatten_at = day["flatten_at"] + later if day["flatten_at"] else 0
        ends = int(ts[-1]) + later
        trader = GivenBrackets(instrument, brackets, flatten_at, ends, rules.latency_ns > 0)
        traders.append(trader)
        market.engine.add_strategy(trader)
    market.engine.run()
    market.engine.dispose()
    return [
        [(fill[0], fill[1], fill[2] - number * DAY, *fill[3:]) for fill in trader.fills]
        for number, trader in enumerate(traders)
    ]
