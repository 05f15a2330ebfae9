"""What a live feed hears becomes the engine's inputs.

- There is no pacing: what comes is acted on. While nothing comes, beats tell the engine how late it
  is by the source's own clock, a grace behind it, and none while ticks are missing: event time must
  not overtake ticks that are yet to come.
- What is replayed, because it was missed or came before the start, only warms the engine up: nobody
  could have traded on it when it happened. Brackets that are open see it like any other tick.
- A trading day's contract changes between days alone, when nothing is open.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from marketdata.feeds.live import Behind, Lost, NewDay, Notice, Received, Silent
from trading.pipeline.core import Beat, Input, Roll, WarmUp
from trading.pipeline.stream import GRACE_NS, SLICE_TICKS, Ticks, part

if TYPE_CHECKING:
    from marketdata.feeds.live import LiveFeed, MayRoll

Tell = Callable[[Notice | Lost | NewDay], None]


async def live_inputs(
    before: AsyncIterator[Ticks],
    feed: "LiveFeed",
    may_roll: "MayRoll",
    tell: Tell,
    *,
    started: bool = False,
    warming: bool = False,
) -> AsyncIterator[Input]:
    """First what was `before`, as warm-up; then the feed, for ever. `tell` is told at once, in the
    order of the inputs. Of a run that goes on: `started`, its first warm-up is over; `warming`, it
    was left in one."""
    async for block in before:
        if not warming:
            warming = True
            yield WarmUp(True, gap=started)
        for item in _slices(block):
            yield item
    behind = False
    async with aclosing(feed.heard(may_roll)) as heard:
        async for said in heard:
            match said:
                case Behind(on):
                    behind = on
                    if warming != on:
                        warming = on
                        yield WarmUp(on, gap=started)
                    started = started or not on
                    continue
                case Received() | Silent() if warming and not behind:
                    yield WarmUp(False, gap=started)
                    warming, started = False, True
            match said:
                case Received(ticks):
                    for item in _slices(ticks):
                        yield item
                case Silent(ts):
                    yield Beat(ts - GRACE_NS)
                case NewDay(contract=contract, before=last):
                    tell(said)
                    if contract != last:
                        yield Beat(said.start)  # closes the old contract's last bar
                        yield Roll()
                case Notice() | Lost():
                    tell(said)


def _slices(block: Ticks) -> list[Ticks]:
    count = len(block.ts)
    return [
        part(block, start, min(start + SLICE_TICKS, count))
        for start in range(0, count, SLICE_TICKS)
    ]
