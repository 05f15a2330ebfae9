"""nautilus_trader over a day of trades, timed (in the rivals' Python).

`footprints` does in nautilus's way the least of what our engine does: footprint bars of five
minutes, diagonal imbalances at their close, and a bracket on the strongest one while flat. `empty`
subscribes to the same trades and does nothing. Timed is the run, not the making of its objects.
"""

import gc
import time
from typing import Any

import numpy as np
from nautilus_trader.config import StrategyConfig
from nautilus_trader.model.enums import OrderSide, OrderType
from nautilus_trader.model.objects import Price, Quantity
from nautilus_trader.trading.strategy import Strategy

from bench.rivals.nautilus_market import Backtest, Rules, contract, trade_ticks

LENGTH = 300 * 10**9
BID, UNKNOWN, ASK = range(3)
COLUMN = {1: ASK, 2: BID, 0: UNKNOWN}  # AggressorSide: BUYER, SELLER, NO_AGGRESSOR
RATIO, MIN_VOLUME = 3, 10
STOP_TICKS, TARGET_TICKS = 16, 24
RULES = Rules(50_000_000, 1, "2.25", at_market=True, through=True)

held: dict[str, Any] = {}


class Empty(Strategy):  # type: ignore[misc]
    """Takes the trades and does nothing."""

    def __init__(self, instrument: Any) -> None:
        super().__init__(StrategyConfig())
        self.traded = instrument

    def on_start(self) -> None:
        self.subscribe_trade_ticks(self.traded.id)

    def on_trade_tick(self, tick: Any) -> None:
        pass


class Footprints(Empty):
    """Five-minute footprints, and a bracket on a bar's strongest imbalance."""

    def __init__(self, instrument: Any) -> None:
        super().__init__(instrument)
        self.tick = instrument.price_increment.as_decimal()
        self.tick_raw = instrument.price_increment.raw
        self.lot_raw = instrument.size_increment.raw
        self.bar_start = 0
        self.levels: dict[int, list[int]] = {}
        self.last = 0
        self.bars: list[tuple[int, dict[int, list[int]]]] = []
        self.brackets = 0

    def on_trade_tick(self, tick: Any) -> None:
        if tick.ts_event >= self.bar_start + LENGTH:
            if self.levels:
                self.close_bar()
            self.bar_start = tick.ts_event // LENGTH * LENGTH
            self.levels = {}
        price = self.last = tick.price.raw // self.tick_raw
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = [0, 0, 0]
        level[COLUMN[tick.aggressor_side]] += tick.size.raw // self.lot_raw

    def on_stop(self) -> None:
        if self.levels:
            self.bars.append((self.bar_start, self.levels))

    def close_bar(self) -> None:
        self.bars.append((self.bar_start, self.levels))
        none = [0, 0, 0]
        best, direction = 0.0, 0
        low, high = min(self.levels), max(self.levels)
        for price, level in self.levels.items():
            if price > low and level[ASK] >= MIN_VOLUME:
                ratio = level[ASK] / max(self.levels.get(price - 1, none)[BID], 1)
                if ratio >= RATIO and ratio > best:
                    best, direction = ratio, 1
            if price < high and level[BID] >= MIN_VOLUME:
                ratio = level[BID] / max(self.levels.get(price + 1, none)[ASK], 1)
                if ratio >= RATIO and ratio > best:
                    best, direction = ratio, -1
        if direction and not self.cache.positions_open_count() and not self.cache.orders_open():
            self.enter(direction)

    def enter(self, direction: int) -> None:
        self.brackets += 1
        stop, target = self.last - direction * STOP_TICKS, self.last + direction * TARGET_TICKS
        self.submit_order_list(
            self.order_factory.bracket(
                instrument_id=self.traded.id,
                order_side=OrderSide.BUY if direction > 0 else OrderSide.SELL,
                quantity=Quantity.from_int(1),
                entry_order_type=OrderType.MARKET,
                sl_trigger_price=Price(stop * self.tick, self.traded.price_precision),
                tp_order_type=OrderType.LIMIT,
                tp_price=Price(target * self.tick, self.traded.price_precision),
                tp_post_only=False,
            )
        )


STRATEGIES = {"footprints": Footprints, "empty": Empty}


def prepare(path: str) -> None:
    """Make nautilus's objects of the ticks in a file, once."""
    with np.load(path) as file:
        columns = [file[name] for name in ("ts", "price", "size", "side")]
    held["instrument"] = instrument = contract("ES", "0.25", "12.50")
    held["ticks"] = trade_ticks(instrument, columns)


def run(strategy: str) -> dict[str, float]:
    """One run from a new engine on: seconds of it alone, brackets sent, brackets closed."""
    backtest = Backtest(RULES)
    backtest.add(held["instrument"], held["ticks"])
    held["strategy"] = trader = STRATEGIES[strategy](held["instrument"])
    backtest.engine.add_strategy(trader)
    gc.collect()
    gc.disable()
    start = time.thread_time()
    backtest.engine.run()
    spent = time.thread_time() - start
    gc.enable()
    closed = backtest.engine.cache.positions_closed_count()
    backtest.engine.dispose()
    return {"seconds": spent, "sent": getattr(trader, "brackets", 0), "closed": closed}


def save_footprints(path: str) -> None:
    """The last run's bars as rows: start, price, bid, unknown, ask; sorted."""
    rows = [
        (start, price, *volumes)
        for start, levels in held["strategy"].bars
        for price, volumes in levels.items()
    ]
    np.save(path, np.array(sorted(rows), np.int64))
