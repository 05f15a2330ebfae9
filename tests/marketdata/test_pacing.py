"""Pacing in event time, with a clock that only sleeping moves."""

import asyncio

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ticks import NS, TickColumns
from marketdata.errors import FeedError
from marketdata.feeds.pacing import MAX, Pacer

MS = 1_000_000
START = 1_718_199_000 * NS


class Clock:
    """Wall time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.wall = 0
        self.slept: list[float] = []

    def __call__(self) -> int:
        return self.wall

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.wall += round(seconds * NS)
        await asyncio.sleep(0)


def block(*times_ms: int) -> TickColumns:
    n = len(times_ms)
    ts = START + np.array(times_ms, np.int64) * MS
    return TickColumns(ts, np.arange(1, n + 1, dtype=np.int32), np.ones(n, np.int32),
                       np.ones(n, np.int8))  # fmt: skip


async def play(blocks, speed=1.0, **options):
    """The groups as (wall ms, event ms of the ticks)."""
    clock = Clock()
    pacer = Pacer(blocks, speed, clock=clock, sleep=clock.sleep, **options)
    groups = []
    async for ticks in pacer:
        groups.append((clock.wall // MS, ((ticks.ts - START) // MS).tolist()))
        assert pacer.now() >= int(ticks.ts.max())
    return groups, pacer, clock


async def test_real_time_gives_each_tick_when_it_is_due():
    groups, _, _ = await play([block(0, 100, 1000)])
    assert groups == [(0, [0]), (100, [100]), (1000, [1000])]


async def test_ten_times_real_time():
    groups, _, _ = await play([block(0, 1000, 5000)], 10)
    assert groups == [(0, [0]), (100, [1000]), (500, [5000])]


async def test_dense_ticks_come_in_groups_of_twenty_milliseconds():
    groups, _, _ = await play([block(*range(1000))])
    assert len(groups) == 51
    assert sum(len(ticks) for _, ticks in groups) == 1000


async def test_max_speed_never_waits_but_lets_others_run():
    groups, pacer, clock = await play([block(*range(0, 10**6, 100))] * 3, MAX)
    assert [len(ticks) for _, ticks in groups] == [10_000] * 3
    assert clock.wall == 0
    assert clock.slept == [0, 0, 0]
    assert pacer.now() == START + 999_900 * MS


async def test_a_late_start_gives_what_is_due_in_one_group():
    clock = Clock()
    pacer = Pacer([block(0, 10, 20, 5000)], clock=clock, sleep=clock.sleep, start=START)
    clock.wall = 30 * MS
    first = await anext(aiter(pacer))
    assert len(first.ts) == 3


async def test_a_start_before_the_first_tick_waits_for_it():
    groups, _, _ = await play([block(500)], start=START)
    assert groups == [(500, [500])]


async def test_a_long_silence_is_cut():
    groups, _, _ = await play([block(0, 100, 3_600_000), block(3_600_500)], max_gap_s=2)
    assert [wall for wall, _ in groups] == [0, 100, 2100, 2600]


async def test_without_a_limit_a_silence_is_kept():
    groups, _, _ = await play([block(0, 60_000)])
    assert groups[-1][0] == 60_000


async def test_event_time_does_not_run_past_a_tick_that_waits():
    clock = Clock()
    pacer = Pacer([block(0, 10_000)], clock=clock, sleep=clock.sleep)
    groups = aiter(pacer)
    await anext(groups)
    clock.wall += 4 * NS
    assert pacer.now() == START + 4 * NS
    clock.wall += 60 * NS
    assert pacer.now() == START + 10 * NS
    await groups.aclose()


async def test_the_speed_can_be_changed_and_time_does_not_jump():
    clock = Clock()
    pacer = Pacer([block(0, 1000, 2000, 3000)], clock=clock, sleep=clock.sleep)
    seen = []
    async for ticks in pacer:
        seen.append((clock.wall // MS, ((ticks.ts - START) // MS).tolist()))
        before = pacer.now()
        if len(seen) == 2:
            pacer.set_speed(10)
        if len(seen) == 3:
            pacer.set_speed(MAX)
        assert pacer.now() == before
    assert seen == [(0, [0]), (1000, [1000]), (1100, [2000]), (1100, [3000])]


async def test_a_pause_gives_nothing_until_it_ends():
    clock = Clock()
    pacer = Pacer([block(0, 1000)], clock=clock, sleep=clock.sleep)
    groups = aiter(pacer)
    await anext(groups)
    pacer.set_speed(0)
    task = asyncio.create_task(anext(groups))
    while clock.wall < 60 * NS:
        await asyncio.sleep(0)
    assert not task.done()
    assert pacer.now() == START
    pacer.set_speed(1)
    paused = clock.wall
    assert len((await task).ts) == 1
    assert clock.wall - paused >= NS
    await groups.aclose()


async def test_ticks_out_of_order_keep_their_order_of_arrival():
    groups, _, _ = await play([block(0, 500, 300, 600)])
    assert [ticks for _, ticks in groups] == [[0], [500, 300], [600]]


async def test_a_broken_source_is_raised_after_what_came_before_it():
    def blocks():
        yield block(0, 10)
        raise FeedError("cut off")

    groups = aiter(Pacer(blocks(), MAX))
    assert len((await anext(groups)).ts) == 2
    with pytest.raises(FeedError, match="cut off"):
        await anext(groups)


def test_an_impossible_speed_is_refused():
    for speed in (-1.0, float("nan")):
        with pytest.raises(FeedError, match="not possible"):
            Pacer([], speed)


@given(
    st.lists(st.lists(st.integers(0, 3000), min_size=1, max_size=20), min_size=1, max_size=4),
    st.sampled_from([0.5, 1.0, 7.0, 100.0, MAX]),
    st.sampled_from([None, 1.0]),
)
def test_every_tick_comes_once_in_order_at_any_speed(blocks, speed, gap):
    made = [block(*times) for times in blocks]
    groups, _, _ = asyncio.run(play(made, speed, max_gap_s=gap))
    assert [t for _, ticks in groups for t in ticks] == [t for times in blocks for t in times]
