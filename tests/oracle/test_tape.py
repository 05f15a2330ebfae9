"""Large trades, sweeps and zero prints, on trades few enough to follow by eye."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import engine_config
from engine.ticks import NS
from tests.oracle.days import ALL_DAY, DAY
from tests.oracle.ladder import ladder
from tests.oracle.tape import (
    MS,
    LargeTrades,
    Sweep,
    Sweeps,
    class_of,
    read_tape,
    value_of,
    zero_prints,
)


def large(sizes: list[int], fixed: int = 0, share: float = 0.995, after: int = 0) -> list[int]:
    """Which of the trades are large, counted from 0."""
    tape = LargeTrades(fixed, share, after)
    return [i for i, size in enumerate(sizes) if tape.take((i, 4800, size, 1))]


def thresholds(sizes: list[int], share: float) -> list[int | None]:
    """What each trade is measured by."""
    tape = LargeTrades(0, share, 0)
    found = []
    for size in sizes:
        found.append(tape.threshold())
        tape.take((0, 4800, size, 1))
    return found


# Size classes


@pytest.mark.parametrize(
    ("size", "value"),
    [
        (1, 1),
        (1023, 1023),
        (1024, 1024),
        (1025, 1024),
        (1026, 1026),
        (2047, 2046),
        (2048, 2048),
        (2051, 2048),
        (2052, 2052),
        (2**31 - 1, 1023 << 21),
    ],
)
def test_size_s_class_is_named_by_its_smallest(size: int, value: int) -> None:
    assert value_of(class_of(size)) == value


@given(st.integers(1, 2**31 - 1))
def test_class_has_the_ten_leading_digits(size: int) -> None:
    value = value_of(class_of(size))
    assert bin(value)[2:12] == bin(size)[2:12]
    assert value <= size
    assert bin(value)[12:].strip("0") == ""
    assert class_of(size + 1) - class_of(size) in (0, 1)


# Large trades


def test_fixed_size_counts_from_the_first_trade() -> None:
    assert large([9, 10, 11, 1], fixed=10, after=1000) == [1, 2]


def test_nothing_is_large_before_enough_trades_of_the_day() -> None:
    assert large([9] * 5, after=3) == [3, 4]


def test_threshold_is_of_the_trades_before() -> None:
    assert thresholds([5, 3, 4, 9, 9, 1], share=0.5) == [2, 5, 3, 4, 4, 5]


def test_threshold_is_two_lots_at_least() -> None:
    assert large([1] * 10 + [2, 1]) == [10]


def test_share_is_the_decimal_number() -> None:
    """Of 1,000 trades 995 are exactly 0.995; of 1,001 they are less."""
    sizes = [10] * 995 + [50] * 5 + [10]
    assert thresholds([*sizes, 10, 10], share=0.995)[1000:] == [10, 10, 10]
    sizes = [10] * 994 + [50] * 6
    assert thresholds([*sizes, 10, 10], share=0.995)[1000:] == [50, 50]


def test_sizes_of_one_class_are_as_one() -> None:
    assert thresholds([2051, 2050, 2049], share=1)[1:] == [2048, 2048]


@given(st.lists(st.integers(1, 5000), max_size=60), st.sampled_from([0.5, 0.9, 0.995, 1]))
def test_threshold_by_sorting(sizes: list[int], share: float) -> None:
    for i, threshold in enumerate(thresholds(sizes, share)):
        classes = sorted(value_of(class_of(size)) for size in sizes[:i])
        expected = next(
            (v for k, v in enumerate(classes, 1) if k * 1000 >= round(share * 1000) * i), 0
        )
        assert threshold == max(expected, 2)


# Sweeps


def sweeps(*trades: tuple[int, int, int], bar_end: int = 10_000, ms: int = 50) -> list[Sweep]:
    """Of trades (ms, price, side), one lot each."""
    tape = Sweeps(ms, 3)
    found = [tape.take((at * MS, price, 1, side)) for at, price, side in trades]
    found.append(tape.end_bar(bar_end * MS))
    return [one for one in found if one]


def brief(*trades: tuple[int, int, int], **options: int) -> list[tuple[int, ...]]:
    """Their times in ms (when over, start, end) and number of trades."""
    return [
        (one.ts // MS, one.start // MS, one.end // MS, one.trades)
        for one in sweeps(*trades, **options)
    ]


def test_three_prices_within_the_time_are_a_sweep() -> None:
    (found,) = sweeps((0, 4800, 1), (10, 4801, 1), (50, 4804, 1))
    assert found == (50 * MS, 0, 50 * MS, 1, 4800, 4804, 3, 3, 3)
    assert sweeps((0, 4800, 1), (10, 4801, 1), (51, 4802, 1)) == []
    assert sweeps((0, 4800, 1), (10, 4801, 1)) == []


def test_sellers_sweep_downwards() -> None:
    (found,) = sweeps((0, 4800, -1), (1, 4799, -1), (2, 4798, -1))
    assert (found.side, found.first, found.last) == (-1, 4800, 4798)
    assert sweeps((0, 4800, -1), (1, 4801, -1), (2, 4802, -1)) == []


def test_several_trades_at_a_price_are_one_price() -> None:
    trades = (0, 4800, 1), (10, 4800, 1), (20, 4801, 1), (60, 4802, 1)
    assert brief(*trades) == [(60, 10, 60, 4)]


def test_price_leaves_the_front_with_its_trades() -> None:
    trades = (0, 4800, 1), (5, 4801, 1), (60, 4802, 1), (61, 4803, 1), (62, 4804, 1)
    assert brief(*trades) == [(110, 60, 62, 3)]


@pytest.mark.parametrize("other", [(3, 4803, -1), (3, 4801, 1), (3, 4803, 0)])
def test_any_other_trade_ends_it(other: tuple[int, int, int]) -> None:
    trades = (0, 4800, 1), (1, 4801, 1), (2, 4802, 1), other
    assert brief(*trades, (4, 4804, 1)) == [(3, 0, 2, 3)]


def test_trades_at_the_last_moment_are_still_taken() -> None:
    begun = (0, 4800, 1), (1, 4801, 1), (2, 4802, 1)
    assert brief(*begun, (50, 4803, 1)) == [(50, 0, 50, 4)]
    assert brief(*begun, (51, 4803, 1)) == [(50, 0, 2, 3)]


def test_trade_that_ends_it_begins_the_next_run() -> None:
    begun = (0, 4800, 1), (1, 4801, 1), (2, 4802, 1)
    again = (51, 4803, 1), (52, 4804, 1), (53, 4805, 1)
    assert brief(*begun, *again) == [(50, 0, 2, 3), (101, 51, 53, 3)]
    down = (3, 4802, -1), (4, 4801, -1), (5, 4800, -1)
    assert brief(*begun, *down) == [(3, 0, 2, 3), (53, 3, 5, 3)]


def test_bar_s_end_ends_it() -> None:
    begun = (0, 4800, 1), (1, 4801, 1), (2, 4802, 1)
    assert brief(*begun, bar_end=30) == [(30, 0, 2, 3)]
    tape = Sweeps(50, 3)
    for at, price in ((0, 4800), (1, 4801)):
        assert tape.take((at, price, 1, 1)) is None
    assert tape.end_bar(2) is None
    assert tape.take((3, 4802, 1, 1)) is None
    assert tape.end_bar(100) is None


def test_every_sweep_is_one_by_its_definition() -> None:
    rnd = random.Random(1)
    ts, price, trades = 0, 4800, []
    for _ in range(3_000):
        ts += rnd.choice((0, 1, 7, 30))
        price += rnd.choice((-1, 0, 0, 1, 1, 2))
        trades.append((ts, price, rnd.choice((1, 1, 1, 1, -1, 0))))
    found = sweeps(*trades, bar_end=ts)
    assert len(found) > 50
    for one in found:
        inside = [p for at, p, _ in trades if one.start <= at * MS <= one.end]
        assert one.end - one.start <= 50 * MS
        assert one.end <= one.ts <= one.start + 50 * MS
        assert len(set(inside)) >= one.prices >= 3
        assert one.side * (one.last - one.first) >= one.prices - 1
        assert one.volume == one.trades >= one.prices


# Zero prints


def test_zero_prints_are_inside_the_bar_and_of_one_side() -> None:
    levels = [[1, 5, 0, 0], [2, 5, 0, 1], [3, 0, 0, 4], [4, 0, 2, 0], [5, 1, 1, 0], [6, 0, 2, 0]]
    assert zero_prints(levels) == ([2], [4])
    assert zero_prints(levels[:2]) == ([], [])


# All of it


def test_tape_of_two_days() -> None:
    config = engine_config("ES").override({"tape.large_trade_after": "2"})
    picture = "4803 | 1 x 9\n4802 | 0 x 5\n4801 | 4 x 0\n4800 | 1 x 0"
    ticks = [*ladder(picture, DAY - 300 * NS), *ladder("4800 | 3 x 0", DAY)]
    ticks += [(DAY + 10 * NS + i * MS, 4800 + i, 4, 1) for i in range(3)]
    tape = read_tape(config, ALL_DAY, ticks)
    # From the first bar's third trade on; then the day begins anew.
    assert [(one.size, one.threshold) for one in tape.large_trades] == [
        (5, 4), (9, 5), (4, 4), (4, 4),
    ]  # fmt: skip
    assert [(one.ts, one.volume) for one in tape.sweeps] == [(DAY + 10 * NS + 50 * MS, 12)]
    assert tape.zero_prints == [([4801], [4802]), ([], [4801])]
