"""Durations in buckets."""

from hypothesis import given
from hypothesis import strategies as st

from trading.observing.tally import MICRO, MILLI, NS, Tally


def test_a_duration_counts_in_the_bucket_that_ends_with_it_and_in_all_after():
    tally = Tally((10, 20))
    for ns in (10, 11, 20, 21):
        tally.add(ns)

    buckets, total = tally.buckets()

    assert buckets == [("1e-08", 1.0), ("2e-08", 3.0), ("+Inf", 4.0)]
    assert total == 62 / NS


def test_cleared_it_is_as_new():
    tally = Tally()
    tally.add(5)
    tally.clear()

    assert (tally.count, tally.total) == (0, 0)


@given(st.lists(st.integers(0, 10**11)), st.sampled_from([MICRO, MILLI]))
def test_buckets_never_fall_and_end_with_all(durations, bounds):
    tally = Tally(bounds)
    for ns in durations:
        tally.add(ns)
    counts = [count for _, count in tally.buckets()[0]]

    assert counts == sorted(counts)
    assert counts[-1] == tally.count == len(durations)
    for bound, count in zip(bounds, counts, strict=False):
        assert count == sum(ns <= bound for ns in durations)
