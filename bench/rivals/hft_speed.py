"""hftbacktest over a day of trades, timed (in the rivals' Python).

Its compiled loop wakes every `step_ns`, takes the trades since, and adds them to five-minute
footprints in a dense array. There are no orders: with trades alone it has no book to fill them in.
"""

import time
from typing import Any

import numpy as np
import numpy.typing as npt
from hftbacktest import (
    BUY_EVENT,
    EXCH_EVENT,
    LOCAL_EVENT,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

LENGTH = 300 * 10**9
TICK = 0.25
BID, UNKNOWN, ASK = range(3)

held: dict[str, Any] = {}


@njit  # type: ignore[untyped-decorator]
def footprints(
    hbt: Any, step_ns: int, first_bar: int, low: int, found: npt.NDArray[np.int64]
) -> None:
    """Fill found[bar, price, side] from the trades."""
    more = True
    while more:
        more = hbt.elapse(step_ns) == 0
        for trade in hbt.last_trades(0):
            bar = trade.exch_ts // LENGTH - first_bar
            side = UNKNOWN
            if trade.ev & BUY_EVENT == BUY_EVENT:
                side = ASK
            elif trade.ev & SELL_EVENT == SELL_EVENT:
                side = BID
            found[bar, round(trade.px / TICK) - low, side] += int(trade.qty)
        hbt.clear_last_trades(0)


def prepare(path: str) -> None:
    """Make hftbacktest's events of the ticks in a file, once."""
    with np.load(path) as file:
        ts, price, size, side = (file[name] for name in ("ts", "price", "size", "side"))
    events = np.zeros(len(ts), event_dtype)
    events["ev"] = TRADE_EVENT | EXCH_EVENT | LOCAL_EVENT
    events["ev"][side > 0] |= BUY_EVENT
    events["ev"][side < 0] |= SELL_EVENT
    events["exch_ts"] = events["local_ts"] = ts
    events["px"], events["qty"] = price * TICK, size
    held["events"] = events
    held["first_bar"], held["low"] = int(ts[0]) // LENGTH, int(price.min())
    bars = int(ts[-1]) // LENGTH - held["first_bar"] + 1
    held["shape"] = bars, int(price.max()) - held["low"] + 1, 3
    _run(held["events"][:2], LENGTH)  # compiles


def _run(events: Any, step_ns: int) -> float:
    asset = BacktestAsset()
    asset.data(events).linear_asset(50.0).constant_order_latency(0, 0)
    asset.risk_adverse_queue_model().no_partial_fill_exchange().trading_qty_fee_model(0.0, 0.0)
    asset.tick_size(TICK).lot_size(1.0).last_trades_capacity(len(held["events"]))
    hbt = HashMapMarketDepthBacktest([asset])
    held["found"] = found = np.zeros(held["shape"], np.int64)
    start = time.thread_time()
    footprints(hbt, step_ns, held["first_bar"], held["low"], found)
    spent = time.thread_time() - start
    hbt.close()
    return spent


def run(step_ns: int) -> dict[str, float]:
    """One run: seconds of the loop alone."""
    return {"seconds": _run(held["events"], step_ns)}


def save_footprints(path: str) -> None:
    """The last run's bars as rows: start, price, bid, unknown, ask; sorted."""
    found = held["found"]
    bar, price = np.nonzero(found.any(axis=2))
    starts = (bar + held["first_bar"]) * LENGTH
    np.save(path, np.column_stack([starts, price + held["low"], found[bar, price]]))
