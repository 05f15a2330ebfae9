"""Blocks become inputs in order and in time. The clock is the test's."""

import asyncio

import numpy as np
import pytest

from engine.ticks import NS, TickColumns
from trading.pipeline.core import Beat, WarmUp
from trading.pipeline.stream import GRACE_NS, SLICE_TICKS, EventClock, inputs, part, read_ahead

T0 = 1_718_200_000 * NS


class Wall:
    """A wall clock that sleeping moves on."""

    def __init__(self):
        self.ns = 5_000 * NS
        self.slept = []

    def __call__(self):
        return self.ns

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.ns += int(seconds * NS)


def columns(seconds):
    ts = T0 + (np.asarray(seconds, dtype=np.float64) * NS).astype(np.int64)
    n = len(ts)
    return TickColumns(ts, np.full(n, 20_000, np.int32), np.ones(n, np.int32), np.ones(n, np.int8))


def collect(blocks, *, speed=None, warm_until=0, wall=None):
    """(wall seconds since the start, input) for all inputs."""
    wall = wall or Wall()
    clock = None if speed is None else EventClock(speed, wall=wall)
    began = wall.ns

    async def go():
        stream = inputs(read_ahead(iter(blocks)), clock, warm_until=warm_until, sleep=wall.sleep)
        return [((wall.ns - began) / NS, item) async for item in stream]

    return asyncio.run(go())


def tick_seconds(items):
    """Seconds after T0 of all ticks, in the order in which they came."""
    parts = [item.ts for _, item in items if isinstance(item, TickColumns)]
    return list((np.concatenate(parts) - T0) / NS) if parts else []


def test_max_gives_everything_at_once_in_slices():
    seconds = np.linspace(0, 3600, SLICE_TICKS + 5)
    items = collect([columns(seconds)])
    assert [len(item.ts) for _, item in items] == [SLICE_TICKS, 5]
    assert {at for at, _ in items} == {0}


@pytest.mark.parametrize("speed", [1, 10, 1000])
def test_ticks_come_when_they_are_due(speed):
    seconds = [0, 0.5, 3, 3, 7.25]
    items = collect([columns(seconds[:2]), columns(seconds[2:])], speed=speed)
    assert tick_seconds(items) == seconds
    for at, item in items:
        if isinstance(item, TickColumns):
            due = (item.ts[-1] - T0) / NS / speed
            assert due - 1e-9 <= at <= due + 0.003


def test_beats_tell_the_time_while_nothing_trades():
    items = collect([columns([0, 10])], speed=1)
    beats = [(at, (item.ts - T0) / NS) for at, item in items if isinstance(item, Beat)]
    assert len(beats) >= 35
    for at, ts in beats:
        assert ts == pytest.approx(at - GRACE_NS / NS, abs=1e-6)


def test_no_beat_is_later_than_a_tick_that_follows():
    rng = np.random.default_rng(3)
    seconds = np.sort(rng.uniform(0, 60, 400))
    items = collect([columns(seconds[:150]), columns(seconds[150:])], speed=7)
    latest = 0
    for _, item in items:
        if isinstance(item, Beat):
            latest = item.ts
        else:
            assert item.ts[0] >= latest


def test_a_block_that_is_slow_to_come_is_not_overtaken_by_beats():
    wall = Wall()

    def blocks():
        yield columns([0, 1])
        wall.ns += 60 * NS  # a minute of decoding
        yield columns([2, 3, 200])

    items = collect(blocks(), speed=1, wall=wall)
    assert tick_seconds(items) == [0, 1, 2, 3, 200]
    order = [item for _, item in items if isinstance(item, Beat | TickColumns)]
    late = next(i for i, item in enumerate(order) if isinstance(item, TickColumns) and
                (item.ts[-1] - T0) / NS == 3)  # fmt: skip
    assert all((b.ts - T0) / NS < 3 for b in order[:late] if isinstance(b, Beat))


def test_there_are_no_beats_at_max():
    items = collect([columns([0, 1000])])
    assert not any(isinstance(item, Beat) for _, item in items)


def test_the_day_so_far_comes_at_once_and_then_the_clock_starts():
    seconds = [0, 100, 200, 300, 300.5, 302]
    for cut in (1, 3, 5):
        blocks = [columns(seconds[:cut]), columns(seconds[cut:])]
        items = collect(blocks, speed=1, warm_until=T0 + 300 * NS)
        kinds = [item for _, item in items if not isinstance(item, Beat)]
        assert kinds[0] == WarmUp(True)
        off = kinds.index(WarmUp(False))
        assert tick_seconds([(0, k) for k in kinds[1:off]]) == [0, 100, 200]
        assert tick_seconds([(0, k) for k in kinds[off:]]) == [300, 300.5, 302]
        at = {(item.ts[0] - T0) / NS: when for when, item in items if isinstance(item, TickColumns)}
        assert at[0] == 0
        assert at[302] == pytest.approx(2, abs=0.003)


def test_a_market_that_ends_within_its_warm_up_ends_warming():
    items = collect([columns([0, 1])], speed=1, warm_until=T0 + 300 * NS)
    assert [item for _, item in items if isinstance(item, WarmUp)] == [WarmUp(True), WarmUp(False)]


def test_times_that_step_back_within_a_block_are_kept_in_order_of_arrival():
    items = collect([columns([0, 2, 1.5, 3])], speed=1)
    assert tick_seconds(items) == [0, 2, 1.5, 3]


def test_a_laptop_that_slept_catches_up():
    wall = Wall()
    clock = EventClock(1, wall=wall)

    async def sleep(seconds):
        wall.ns += 3600 * NS

    async def go():
        return [
            item
            async for item in inputs(read_ahead(iter([columns([0, 1, 2, 3])])), clock, sleep=sleep)
        ]

    items = asyncio.run(go())
    assert tick_seconds([(0, item) for item in items]) == [0, 1, 2, 3]


def test_a_feed_that_breaks_says_so_after_what_it_gave():
    def blocks():
        yield columns([0, 1])
        raise ValueError("damaged")

    got = []

    async def go():
        async for item in inputs(read_ahead(blocks()), None):
            got.append((0, item))

    with pytest.raises(ValueError, match="damaged"):
        asyncio.run(go())
    assert tick_seconds(got) == [0, 1]


def test_a_part_is_a_view():
    whole = columns([0, 1, 2])
    assert np.shares_memory(part(whole, 1, 3).ts, whole.ts)
