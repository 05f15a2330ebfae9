"""Everything is closed at the broker itself, without an engine.

The broker takes back every order of the account and closes every position, whoever opened it; its
own state has to say that nothing is left.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from trading.brokers.adapter import Adapter, BrokerError, BrokerState
from trading.brokers.asking import lined_up

LINE_S: Final = 30.0
FLAT_S: Final = 60.0
LOOK_S: Final = 1.0
AGAIN: Final = 10
"""Looks after which the broker is told once more."""
PROVEN: Final = "flat at the broker, verified"


async def close_everything(
    adapter: Adapter,
    *,
    line_s: float = LINE_S,
    flat_s: float = FLAT_S,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> str:
    """Flatten the account and see that it is flat; how long that took, in words. BrokerError says
    what is left, or that it is not known."""
    async with lined_up(adapter, within_s=line_s):
        began, looks, left = clock(), 0, "not known what is left"
        while True:
            try:
                if looks % AGAIN == 0:
                    await adapter.flatten_all()
                left = open_(await adapter.state())
                if not left:
                    return f"{PROVEN}, after {clock() - began:.0f} s"
            except BrokerError as error:
                left = f"not known what is left: {error}"
            looks += 1
            if clock() - began >= flat_s:
                raise BrokerError(f"not flat after {flat_s:g} s: {left}")
            await sleep(LOOK_S)


def open_(state: BrokerState) -> str:
    """What is held and what works, in words; "" when nothing does."""
    held = [f"{lots:+d} {contract}" for contract, lots in state.positions.items()]
    works = [f"order {order.id or order.key}" for order in state.orders if not order.over]
    return ", ".join(held + works)
