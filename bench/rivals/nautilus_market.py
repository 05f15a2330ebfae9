"""A nautilus_trader backtest of one futures contract and its trade ticks (in the rivals' Python).

With `trade_execution` off, its default, nautilus takes each trade's price for bid and ask alike,
which is what our simulated exchange assumes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.backtest.models import FillModel, LatencyModel, PerContractFeeModel
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import BookOrder, TradeTick
from nautilus_trader.model.enums import (
    AccountType,
    AggressorSide,
    AssetClass,
    BookType,
    OmsType,
    OrderSide,
    OrderType,
)
from nautilus_trader.model.identifiers import InstrumentId, Symbol, TradeId, Venue
from nautilus_trader.model.instruments import FuturesContract
from nautilus_trader.model.objects import Money, Price, Quantity

VENUE = Venue("GLBX")
AGGRESSORS = {1: AggressorSide.BUYER, -1: AggressorSide.SELLER, 0: AggressorSide.NO_AGGRESSOR}
ENDLESS = 1_000_000_000
FAR_FUTURE = 1 << 62


@dataclass(frozen=True)
class Rules:
    """What is assumed: `latency_ns` and `slippage_ticks` as in our fill rules.

    `at_market`: a stop fills at the market it triggered in, in any size; else nautilus's default,
    at the stop, as far as the trade's size goes. `through`: a touch does not fill a limit.
    `quotes`: bid and ask from the trades' aggressors (`trade_execution`).
    """

    latency_ns: int = 0
    slippage_ticks: int = 0
    fee: str = "0"
    at_market: bool = False
    through: bool = False
    quotes: bool = False
    reduce_only: bool = True


class SlippedFills(FillModel):  # type: ignore[misc]
    """Market and stop orders fill whole, ticks worse than the market; limits at their price."""

    def __init__(self, slippage_ticks: int, prob_fill_on_limit: float) -> None:
        super().__init__(prob_fill_on_limit=prob_fill_on_limit)
        self.slippage_ticks = slippage_ticks

    def get_orderbook_for_fill_simulation(
        self, instrument: Any, order: Any, best_bid: Price, best_ask: Price
    ) -> OrderBook | None:
        if order.order_type == OrderType.LIMIT:
            return None
        worse = instrument.price_increment.as_decimal() * self.slippage_ticks
        book = OrderBook(instrument.id, BookType.L2_MBP)
        sides = ((OrderSide.BUY, best_bid, -worse), (OrderSide.SELL, best_ask, worse))
        for number, (side, best, away) in enumerate(sides, start=1):
            price = Price(best.as_decimal() + away, instrument.price_precision)
            book.add(BookOrder(side, price, Quantity.from_int(ENDLESS), number), 0, 0)
        return book


def contract(symbol: str, tick: str, tick_value: str) -> FuturesContract:
    """A futures contract that never expires; tick and its value in dollars."""
    return FuturesContract(
        instrument_id=InstrumentId(Symbol(symbol), VENUE),
        raw_symbol=Symbol(symbol),
        asset_class=AssetClass.INDEX,
        currency=USD,
        price_precision=max(-Decimal(tick).as_tuple().exponent, 0),
        price_increment=Price.from_str(tick),
        multiplier=Quantity.from_str(str((Decimal(tick_value) / Decimal(tick)).normalize())),
        lot_size=Quantity.from_int(1),
        underlying=symbol,
        activation_ns=0,
        expiration_ns=FAR_FUTURE,
        ts_event=0,
        ts_init=0,
    )


def trade_ticks(
    instrument: FuturesContract, columns: Sequence[npt.NDArray[Any]]
) -> list[TradeTick]:
    """Columns ts, price (ticks), size, side as nautilus's objects."""
    tick = instrument.price_increment.as_decimal()
    digits = instrument.price_precision
    prices = {int(p): Price(int(p) * tick, digits) for p in np.unique(columns[1])}
    sizes = {int(s): Quantity.from_int(int(s)) for s in np.unique(columns[2])}
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return [
        TradeTick(
            instrument.id, prices[price], sizes[size], AGGRESSORS[side], TradeId(str(k)), ts, ts
        )
        for k, (ts, price, size, side) in enumerate(rows)
    ]


class Backtest:
    """An engine with one venue under `rules`. Each bracket is a position of its own."""

    def __init__(self, rules: Rules) -> None:
        logging = LoggingConfig(bypass_logging=True)
        self.engine = BacktestEngine(BacktestEngineConfig(logging=logging, run_analysis=False))
        limits = 0.0 if rules.through else 1.0
        own = SlippedFills(rules.slippage_ticks, limits)
        self.engine.add_venue(
            venue=VENUE,
            oms_type=OmsType.HEDGING,
            account_type=AccountType.MARGIN,
            starting_balances=[Money(1_000_000_000, USD)],
            base_currency=USD,
            fill_model=own if rules.at_market else FillModel(prob_fill_on_limit=limits),
            fee_model=PerContractFeeModel(Money(Decimal(rules.fee), USD)),
            latency_model=LatencyModel(rules.latency_ns) if rules.latency_ns else None,
            book_type=BookType.L1_MBP,
            trade_execution=rules.quotes,
            use_reduce_only=rules.reduce_only,
        )

    def add(self, instrument: FuturesContract, ticks: list[TradeTick]) -> None:
        self.engine.add_instrument(instrument)
        self.engine.add_data(ticks)
