"""Replays are found, alike trades of a packet are kept, and new counts are followed."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from marketdata.feeds.duplicates import NEW_COUNT_AFTER, Duplicates


def kept(rows, cuts=(), *, unique=False):
    """Indices that are kept of rows (sequence, price), given in blocks."""
    duplicates = Duplicates(unique=unique)
    result = []
    edges = [0, *sorted(cuts), len(rows)]
    for start, end in pairwise(edges):
        if start == end:
            continue
        sequence, price = (
            np.array(column, np.int64) for column in zip(*rows[start:end], strict=True)
        )
        n = len(sequence)
        new = duplicates.new(
            sequence, np.zeros(n, np.int64), price, np.ones(n, np.int64), np.ones(n, np.int8)
        )
        result += [start + i for i in range(n) if new is None or new[i]]
    return result


def test_growing_sequences_are_all_new():
    assert kept([(1, 5), (2, 5), (3, 5)]) == [0, 1, 2]


def test_alike_trades_of_one_packet_are_kept():
    assert kept([(1, 5), (2, 5), (2, 5), (2, 6), (3, 5)]) == [0, 1, 2, 3, 4]


def test_a_replay_is_dropped_trade_for_trade():
    day = [(1, 5), (2, 5), (2, 5), (3, 6), (4, 7)]
    assert kept(day + day[1:] + [(5, 8)]) == [0, 1, 2, 3, 4, 9]


def test_a_trade_that_only_the_replay_has_is_kept():
    assert kept([(1, 5), (2, 5), (4, 7), (2, 5), (3, 6), (4, 7), (5, 8)]) == [0, 1, 2, 4, 6]


def test_a_new_count_is_followed():
    old = [(1000 + i, 5) for i in range(200)]
    new = [(1 + i, 6) for i in range(3 * NEW_COUNT_AFTER)]
    assert kept(old + new + new[-10:]) == list(range(len(old + new)))


def test_no_sequence_is_no_duplicate():
    assert kept([(0, 5)] * 10) == list(range(10))
    assert kept([(0, 5)] * 10, unique=True) == list(range(10))


def test_numbers_that_jump_about_are_no_sequence():
    rows = [(1 + (i * 7919) % 1009, i) for i in range(3000)]
    assert kept(rows) == list(range(3000))


def test_a_trade_id_counts_once():
    assert kept([(1, 5), (2, 5), (2, 5), (1, 5), (3, 5)], unique=True) == [0, 1, 4]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(1, 3)), min_size=1, max_size=40),
    st.data(),
)
def test_blocks_do_not_matter_and_a_reconnect_loses_and_doubles_nothing(steps, data):
    day, sequence = [], 1
    for step, price in steps:
        sequence += step
        day.append((sequence, price))
    cut = data.draw(st.integers(1, len(day)))
    back = data.draw(st.integers(0, cut - 1))
    # A replay begins with a whole packet, and goes back further than the last one.
    while back > 0 and day[back - 1][0] == day[back][0]:
        back -= 1
    if day[back][0] == day[cut - 1][0]:
        return
    rows = day[:cut] + day[back:]
    cuts = data.draw(st.lists(st.integers(0, len(rows)), max_size=4))
    result = kept(rows, cuts)
    assert [rows[i] for i in result] == day
    assert result == kept(rows)
