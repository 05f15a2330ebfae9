"""What is wrong in a day is found, counted, and nothing else is."""

from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ticks import NS
from marketdata.feeds import StoredTicks, stored
from marketdata.feeds.files import open_file
from marketdata.quality.measure import MIN_GAP, MISSED, Measured, measure
from marketdata.quality.pace import QUARTER, QUARTERS, edges, missed, own, usual
from tests.marketdata.quality.made import MINUTE, hours, steady, without

DAY = hours()
WHOLE = steady(DAY)
NOON = DAY.open + 18 * 60 * MINUTE


def joined(*parts: StoredTicks) -> StoredTicks:
    return StoredTicks(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def pieces(ticks: StoredTicks, cuts: list[int]) -> list[StoredTicks]:
    ends = [*sorted(cuts), len(ticks.ts_event)]
    return [ticks.part(slice(a, b)) for a, b in zip([0, *ends], ends, strict=False)]


def test_a_whole_day_has_nothing_wrong():
    found = measure(DAY, [WHOLE])
    assert found.ticks == found.volume == 23 * 1800
    assert (found.buy_volume, found.sell_volume, found.unknown_volume) == (20_700, 20_700, 0)
    assert (found.first, found.last) == (DAY.open, DAY.close - 2 * NS)
    assert (found.gaps, found.coverage, found.hours) == ((), 1.0, 23 * 60 * MINUTE)
    assert (found.duplicates, found.out_of_order, found.outside) == (0, 0, 0)
    assert found.bad == Counter()
    assert found.latency is None
    assert len(found.quarters) == QUARTERS
    assert found.quarters == (0,) * 4 + (450,) * 92


@pytest.mark.parametrize("seconds", [202, 300, 3600, 4 * 3600])
def test_a_hole_is_a_gap_from_the_last_tick_to_the_next(seconds):
    found = measure(DAY, [without(WHOLE, NOON, NOON + seconds * NS)])
    assert found.gaps == ((NOON - 2 * NS, NOON + seconds * NS),)
    assert found.coverage == pytest.approx(1 - (seconds + 2) / (23 * 3600))


def test_a_pause_that_costs_fewer_trades_than_that_is_none():
    just = MISSED * 2 * NS
    assert measure(DAY, [without(WHOLE, NOON, NOON + just - 4 * NS)]).gaps == ()
    assert len(measure(DAY, [without(WHOLE, NOON, NOON + just)]).gaps) == 1


def test_a_short_pause_is_no_gap_however_busy_the_market():
    busy = steady(DAY, NS // 10)
    assert measure(DAY, [without(busy, NOON, NOON + MIN_GAP - NS)]).gaps == ()
    assert len(measure(DAY, [without(busy, NOON, NOON + MIN_GAP)]).gaps) == 1


def test_a_late_start_and_an_early_end_are_gaps():
    found = measure(DAY, [without(without(WHOLE, 0, NOON), NOON + 60 * MINUTE, DAY.end)])
    assert found.gaps == ((DAY.open, NOON), (NOON + 60 * MINUTE - 2 * NS, DAY.close))
    assert found.coverage == pytest.approx(1 / 23, rel=0.01)


def test_a_day_without_ticks_is_one_gap():
    found = measure(DAY, [])
    assert (found.ticks, found.gaps, found.coverage) == (0, ((DAY.open, DAY.close),), 0.0)
    assert (found.first, found.last) == (None, None)


def test_a_running_day_counts_as_far_as_it_has_come():
    so_far = without(WHOLE, NOON, DAY.end)
    assert measure(DAY, [so_far], until=NOON).gaps == ()
    assert measure(DAY, [so_far], until=NOON).coverage == 1.0
    later = measure(DAY, [so_far], until=NOON + 60 * MINUTE)
    assert later.gaps == ((NOON - 2 * NS, NOON + 60 * MINUTE),)
    before = measure(DAY, [], until=DAY.start)
    assert (before.hours, before.gaps, before.coverage) == (0, (), 0.0)


def test_the_close_of_a_half_day_ends_its_hours():
    half = hours(date(2024, 11, 29))
    found = measure(half, [steady(half)])
    assert (found.hours, found.gaps, found.coverage) == (half.close - half.open, (), 1.0)
    assert found.hours == (19 * 60 + 15) * MINUTE
    late = steady(half).part(slice(0, 1))
    late = late._replace(ts_event=np.array([half.close + MINUTE]))
    assert measure(half, [steady(half), late]).outside == 1


def test_the_usual_pace_knows_the_night_from_the_day():
    """At night a trade a minute, by day one a second: nine minutes of nothing are nothing at night
    and a gap by day."""
    night = steady(DAY, MINUTE)
    day = without(steady(DAY, NS), 0, DAY.open + 15 * 60 * MINUTE)
    ticks = joined(without(night, DAY.open + 15 * 60 * MINUTE, DAY.end), day)
    pace = usual([measure(DAY, [ticks]).quarters] * 3)
    assert pace is not None
    for start, gaps in ((DAY.open + 8 * 60 * MINUTE, 0), (NOON, 1)):
        holed = without(ticks, start, start + 9 * MINUTE)
        assert len(measure(DAY, [holed], pace).gaps) == gaps
        assert len(measure(DAY, [holed]).gaps) == gaps


def test_a_pace_needs_three_days_and_is_their_median():
    assert usual([[1] * QUARTERS] * 2) is None
    assert usual([[1] * 5] * 9) is None
    pace = usual([[9] * QUARTERS, [1] * QUARTERS, [4] * QUARTERS])
    assert pace is not None
    assert pace.tolist() == [4.0] * QUARTERS


def test_missed_trades_add_up_over_quarters():
    pace = np.arange(QUARTERS, dtype=float)
    start = edges(DAY)[40]
    assert missed(pace, DAY, int(start), int(start) + 2 * QUARTER) == pytest.approx(81)
    assert missed(pace, DAY, int(start) + QUARTER // 2, int(start) + QUARTER) == pytest.approx(20)
    assert own(np.zeros(QUARTERS, np.int64), DAY, DAY.close).tolist() == [0.0] * QUARTERS


def test_a_replay_is_counted_as_duplicates():
    again = WHOLE.part(slice(1000, 1100))
    found = measure(
        DAY, pieces(joined(WHOLE.part(slice(1100)), again, WHOLE.part(slice(1100, None))), [1100])
    )
    assert found.duplicates == 100
    assert found.ticks == len(WHOLE.ts_event) + 100


def test_trades_of_one_packet_are_no_duplicates():
    twin = WHOLE._replace(sequence=WHOLE.sequence // 2 + 1)
    assert measure(DAY, [twin]).duplicates == 0


def test_order_and_lateness():
    ts = WHOLE.ts_event.copy()
    ts[100], ts[5000] = ts[99] - NS // 2, ts[4999] - 7 * NS
    found = measure(DAY, pieces(WHOLE._replace(ts_event=ts), [100, 5000]))
    assert (found.out_of_order, found.latest) == (2, 7 * NS)
    assert found.bad == {"late": 1}


def test_spikes_are_bad_and_a_new_level_is_not():
    price = WHOLE.price.copy()
    price[500] = 25_000
    price[9000:] = 30_000
    found = measure(DAY, pieces(WHOLE._replace(price=price), [500, 9001, 9002]))
    assert found.bad == {"jump": 1 + 4}


def test_sides_that_nobody_knows():
    side = WHOLE.side.copy()
    side[:30] = 0
    found = measure(DAY, [WHOLE._replace(side=side, size=WHOLE.size * 3)])
    assert (found.unknown_ticks, found.unknown_volume) == (30, 90)


def test_latency_by_rank():
    ticks = steady(DAY, 100 * NS, received=NS)
    recv = ticks.ts_recv.copy()
    recv[:8] = ticks.ts_event[:8] + 5 * NS
    recv[8] = ticks.ts_event[8] - 3
    recv[9] = 0
    found = measure(DAY, [ticks._replace(ts_recv=recv)]).latency
    assert found is not None
    assert (found.count, found.negative) == (827, 1)
    assert (found.median, found.p99, found.most) == (NS, NS, 5 * NS)
    recv[9] = ticks.ts_event[9] + 5 * NS
    again = measure(DAY, [ticks._replace(ts_recv=recv)]).latency
    assert again is not None
    assert (again.count, again.p99) == (828, 5 * NS)


@settings(max_examples=15)
@given(
    st.lists(st.integers(1, 8279), max_size=6),
    st.lists(st.tuples(st.integers(0, 8279), st.integers(1, 900)), max_size=4),
    st.lists(st.integers(1, 8278), max_size=3),
)
def test_however_the_ticks_are_cut_into_blocks_the_figures_are_the_same(cuts, holes, spikes):
    ticks = steady(DAY, 10 * NS, received=1000)
    price, ts = ticks.price.copy(), ticks.ts_event.copy()
    for i in spikes:
        price[i] = 40_000
        ts[i] -= 30 * NS
    ticks = ticks._replace(price=price, ts_event=ts)
    keep = np.ones(len(ts), np.bool_)
    for start, length in holes:
        keep[start : start + length] = False
    ticks = ticks.part(keep)
    whole = measure(DAY, [ticks])
    assert measure(DAY, pieces(ticks, [c for c in cuts if c < len(ticks.ts_event)])) == whole
    clean = not any(i < len(keep) and keep[i] for i in spikes)
    if clean:
        assert whole.gaps == expected_gaps(ticks.ts_event, whole)


def expected_gaps(ts, found: Measured) -> tuple[tuple[int, int], ...]:
    """By another way: each pause on its own, its missed trades summed quarter by quarter."""
    pace = own(np.array(found.quarters), DAY, found.until)
    times = [DAY.open, *ts.tolist(), DAY.close]
    gaps = []
    for start, end in pairwise(times):
        lost = 0.0
        for quarter, begin in enumerate(edges(DAY)[:-1].tolist()):
            lost += pace[quarter] * max(0, min(end, begin + QUARTER) - max(start, begin)) / QUARTER
        if end - start >= MIN_GAP and lost >= MISSED:
            gaps.append((start, end))
    return tuple(gaps)


@pytest.mark.data
def test_the_real_tape_of_labor_day_2013_has_no_gap(recorded_data: Path):
    """The longest natural pause of 55,799 trades misses 78; a hole cut into them is found."""
    feed = open_file(
        recorded_data / "es/es_20130901_500k_noside.csv.gz", "ES", side="tick-rule",
        timezone="America/Chicago",
    )  # fmt: skip
    day = hours(date(2013, 9, 2), "ES")
    ticks = joined(*map(stored, feed.blocks()))
    ticks = ticks.part(ticks.ts_event < day.end)
    found = measure(day, [ticks])
    assert (found.ticks, found.volume) == (55_799, 188_609)
    assert (found.gaps, found.coverage, found.outside) == ((), 1.0, 0)
    assert (found.out_of_order, found.bad) == (0, Counter())
    hole = day.open + 9 * 60 * MINUTE
    (gap,) = measure(day, [without(ticks, hole, hole + 5 * MINUTE)]).gaps
    assert gap[0] < hole < hole + 5 * MINUTE <= gap[1]


@pytest.mark.data
def test_the_hour_after_christmas_and_its_latency(recorded_data: Path):
    from databento import DBNStore

    path = recorded_data / "es/esh4-glbx-mdp3-20231225.mbo.dbn.zst"
    records = DBNStore.from_file(path).to_ndarray()
    trades = records[records["action"] == b"T"]
    day = hours(date(2023, 12, 26), "ES")
    feed = open_file(path)
    ticks = joined(*feed.stored())
    found = measure(day, [ticks], until=day.open + 60 * MINUTE)
    assert (found.ticks, found.volume, found.unknown_ticks) == (2_973, 9_892, 1)
    assert (found.gaps, found.coverage) == ((), 1.0)
    late = np.sort((trades["ts_recv"] - trades["ts_event"]).astype(np.int64))
    assert found.latency is not None
    assert found.latency.count == 2_973
    assert found.latency.median == np.percentile(late, 50, method="lower")
    assert found.latency.most == late[-1]
    assert found.latency.p99 == late[-(-99 * len(late) // 100) - 1]
    (rest,) = measure(day, [ticks]).gaps
    assert rest == (int(ticks.ts_event[-1]), day.close)
