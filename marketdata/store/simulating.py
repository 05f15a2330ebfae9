"""Simulated days in the store, to try things on without a recording.

They are marked synthetic for good. A recorded day is never touched: only a simulated one gives way,
to another one, when it is asked to.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Literal

from marketdata.errors import StoreError
from marketdata.feeds import BLOCK_TICKS, split, stored
from marketdata.feeds.simulator import Simulator
from marketdata.store.info import DayInfo
from marketdata.store.store import TickStore

Came = Literal["stored", "there"]


def days_until(simulator: Simulator, last: date, count: int) -> list[date]:
    """The last `count` trading days up to `last`, sorted."""
    day, found = last + timedelta(days=1), list[date]()
    while len(found) < count:
        day = simulator.schedule.before(day).day
        found.append(day)
    return found[::-1]


def store_simulated(
    store: TickStore,
    simulator: Simulator,
    days: list[date],
    *,
    replace: bool = False,
    told: Callable[[date, Came], None] = lambda *_: None,
) -> int:
    """Make and store those days that are not there as they would be made. Returns how many.

    StoreError, before anything is made, for a day that holds other ticks: recorded ones in any
    case, simulated ones unless `replace`.
    """
    wanted = [day for day in days if not _is_there(store, simulator, day, replace=replace)]
    for day in days:
        if day not in wanted:
            told(day, "there")
            continue
        blocks = map(stored, split(simulator.day(day), BLOCK_TICKS))
        store.write(_info(simulator, day), blocks, replace=replace)
        told(day, "stored")
    return len(wanted)


def _is_there(store: TickStore, simulator: Simulator, day: date, *, replace: bool) -> bool:
    info = _info(simulator, day)
    if not store.has(info.symbol, day):
        return False
    held = store.read(info.symbol, day).info
    if held == info:
        return True
    name = f"{info.symbol} {day}: holds other ticks ({held.source})"
    if not held.synthetic:
        raise StoreError(f"{name}; recorded days are not replaced by simulated ones")
    if not replace:
        raise StoreError(f"{name}; give --replace, or other days")
    return False


def _info(simulator: Simulator, day: date) -> DayInfo:
    said, spec = simulator.info(), simulator.instrument
    return DayInfo(
        symbol=said.symbol,
        day=day,
        contract=said.contract,
        tick=spec.tick,
        lot=spec.lot,
        source=said.source,
        side=said.side,
        synthetic=said.synthetic,
    )
