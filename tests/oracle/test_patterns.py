"""Every row of the pattern table on a drawn ladder, at its thresholds and just under them.

Defaults are ES's: ratio 3, min_volume 10, min_absorption 150.
"""

import pytest

from engine.config import PatternRules
from engine.names import Direction, Pattern
from tests.oracle.ladder import ladder, ladders
from tests.oracle.patterns import Found, Unfinished, find_patterns, peaks
from tests.oracle.test_bars import bars_of

RULES = PatternRules()
LONG, SHORT = Direction.LONG, Direction.SHORT


def patterns_of(
    picture: str,
    rules: PatternRules = RULES,
    row_ticks: int = 1,
    unfinished: list[Unfinished] | None = None,
) -> list[Found]:
    """All patterns of one bar."""
    (bar,) = bars_of(ladder(picture))
    return find_patterns(bar, [], [] if unfinished is None else unfinished, rules, row_ticks)


def only(pattern: Pattern, signals: list[Found]) -> list[Found]:
    return [signal for signal in signals if signal.pattern == pattern]


def last_bar(*pictures: str) -> list[Found]:
    """The patterns of the last of several bars of a day."""
    bars = bars_of(ladders(*pictures))
    return find_patterns(bars[-1], bars[:-1], [], RULES, 1)


# Imbalances


def test_buy_imbalance_compares_ask_with_the_bid_one_below() -> None:
    signals = patterns_of("""
        4802 |  1 x  1
        4801 |  0 x 30
        4800 | 10 x  0
    """)
    assert only(Pattern.BUY_IMBALANCE, signals) == [
        Found(
            Pattern.BUY_IMBALANCE,
            LONG,
            4801,
            0.3,
            {"volume": 30, "against": 10, "ratio": 3.0, "count": 1},
        )
    ]


def test_sell_imbalance_compares_bid_with_the_ask_one_above() -> None:
    signals = patterns_of("""
        4802 |  0 x 10
        4801 | 45 x  0
        4800 |  1 x  1
    """)
    assert only(Pattern.SELL_IMBALANCE, signals) == [
        Found(
            Pattern.SELL_IMBALANCE,
            SHORT,
            4801,
            0.45,
            {"volume": 45, "against": 10, "ratio": 4.5, "count": 1},
        )
    ]


@pytest.mark.parametrize(
    ("ask", "bid_below", "is_one"),
    [
        (30, 10, True),
        (29, 10, False),
        (10, 0, True),  # nothing against it counts as 1
        (9, 0, False),
        (9, 3, False),  # ratio 3, but under min_volume
        (10, 3, True),
        (10, 4, False),
    ],
)
def test_imbalance_thresholds_on_both_sides(ask: int, bid_below: int, is_one: bool) -> None:
    (bar,) = bars_of(ladder(f"4802 | 0 x 1\n4801 | 0 x {ask}\n4800 | {bid_below} x 1"))
    find_patterns(bar, [], [], RULES, 1)
    assert bar.buy_imbalances == ((4801,) if is_one else ())
    (bar,) = bars_of(ladder(f"4802 | 1 x {bid_below}\n4801 | {ask} x 0\n4800 | 1 x 0"))
    find_patterns(bar, [], [], RULES, 1)
    assert bar.sell_imbalances == ((4801,) if is_one else ())


def test_nothing_against_counts_as_one_lot() -> None:
    rules = PatternRules(min_volume=1)
    for volume, is_one in ((3, True), (2, False)):
        (bar,) = bars_of(ladder(f"4802 | 0 x {volume}\n4799 | {volume} x 0"))
        find_patterns(bar, [], [], rules, 1)
        assert bar.buy_imbalances == ((4802,) if is_one else ())
        assert bar.sell_imbalances == ((4799,) if is_one else ())


def test_no_buy_imbalance_at_the_low_and_no_sell_imbalance_at_the_high() -> None:
    (bar,) = bars_of(ladder("4801 | 90 x 1\n4800 | 1 x 90"))
    assert not {0, 1, 2, 3} & {one.pattern for one in find_patterns(bar, [], [], RULES, 1)}
    (bar,) = bars_of(ladder("4801 | 0 x 90\n4800 | 90 x 0"))
    find_patterns(bar, [], [], RULES, 1)
    assert (bar.buy_imbalances, bar.sell_imbalances) == ((), ())
    (bar,) = bars_of(ladder("4801 | 0 x 90\n4800 | 30 x 0"))
    find_patterns(bar, [], [], RULES, 1)
    assert bar.buy_imbalances == (4801,)
    (bar,) = bars_of(ladder("4801 | 0 x 30\n4800 | 90 x 0"))
    find_patterns(bar, [], [], RULES, 1)
    assert bar.sell_imbalances == (4800,)


def test_price_without_trades_between_two_counts_as_zero_volume() -> None:
    (bar,) = bars_of(ladder("4802 | 0 x 12\n4800 | 500 x 0"))
    find_patterns(bar, [], [], RULES, 1)
    assert bar.buy_imbalances == (4802,)
    assert bar.sell_imbalances == (4800,)


def test_highest_ratio_makes_the_signal_and_all_are_listed() -> None:
    (bar,) = bars_of(
        ladder("""
            4803 |  0 x 50
            4802 | 10 x 40
            4801 | 10 x 31
            4800 | 10 x  0
        """)
    )
    (signal,) = only(Pattern.BUY_IMBALANCE, find_patterns(bar, [], [], RULES, 1))
    assert bar.buy_imbalances == (4801, 4802, 4803)
    assert (signal.price, signal.strength, signal.details["count"]) == (4803, 0.5, 3)


def test_of_equal_ratios_the_larger_volume_then_the_lower_price() -> None:
    larger = """
        4804 |  0 x 80
        4803 | 20 x  0
        4802 |  0 x 40
        4801 | 10 x  0
    """
    lower = larger.replace("x 80", "x 40").replace("20 x", "10 x")
    assert only(Pattern.BUY_IMBALANCE, patterns_of(larger))[0].price == 4804
    assert only(Pattern.BUY_IMBALANCE, patterns_of(lower))[0].price == 4802


def test_strength_of_an_imbalance_is_at_most_one() -> None:
    signal = only(Pattern.BUY_IMBALANCE, patterns_of("4801 | 0 x 110\n4800 | 1 x 0"))[0]
    assert (signal.strength, signal.details["ratio"]) == (1.0, 110.0)


# Stacks


def buy_stack(count: int) -> str:
    return "\n".join(f"{4800 + i} | 10 x 30" for i in range(count, -1, -1))


def sell_stack(count: int) -> str:
    return "\n".join(f"{4800 + i} | 30 x 10" for i in range(count, -1, -1))


@pytest.mark.parametrize(("count", "strength"), [(3, 0.6), (4, 0.8), (5, 1.0), (6, 1.0)])
def test_stacks_of_three_or_more_adjacent_imbalances(count: int, strength: float) -> None:
    low, high = 4801, 4800 + count
    (stack,) = only(Pattern.STACKED_BUY_IMBALANCE, patterns_of(buy_stack(count)))
    assert stack[1:] == (LONG, low, strength, {"low": low, "high": high, "count": count})
    low, high = 4800, 4799 + count
    (stack,) = only(Pattern.STACKED_SELL_IMBALANCE, patterns_of(sell_stack(count)))
    assert stack[1:] == (SHORT, high, strength, {"low": low, "high": high, "count": count})


def test_two_adjacent_imbalances_are_no_stack() -> None:
    assert only(Pattern.STACKED_BUY_IMBALANCE, patterns_of(buy_stack(2))) == []
    assert only(Pattern.STACKED_SELL_IMBALANCE, patterns_of(sell_stack(2))) == []


def test_a_hole_divides_stacks_and_each_is_a_signal() -> None:
    signals = patterns_of("""
        4808 | 10 x 30
        4807 | 10 x 30
        4806 | 10 x 30
        4805 | 10 x 30
        4804 | 10 x 29
        4803 | 10 x 30
        4802 | 10 x 30
        4801 | 10 x 30
        4800 | 10 x  1
    """)
    stacked = only(Pattern.STACKED_BUY_IMBALANCE, signals)
    assert [(one.price, one.details["count"]) for one in stacked] == [(4801, 3), (4805, 4)]
    assert only(Pattern.BUY_IMBALANCE, signals)[0].details["count"] == 7


# Exhaustion


def test_buying_exhaustion_falls_towards_the_high() -> None:
    signals = patterns_of("""
        4803 |  5 x  7
        4802 |  9 x  8
        4801 |  9 x 10
        4800 |  9 x  2
    """)
    assert only(Pattern.BUYING_EXHAUSTION, signals) == [
        Found(Pattern.BUYING_EXHAUSTION, SHORT, 4803, 0.3, {"levels": 3, "first": 10, "last": 7})
    ]


def test_selling_exhaustion_falls_towards_the_low() -> None:
    signals = patterns_of("""
        4803 |  2 x  9
        4802 | 40 x  9
        4801 |  8 x  9
        4800 |  4 x  0
    """)
    assert only(Pattern.SELLING_EXHAUSTION, signals) == [
        Found(Pattern.SELLING_EXHAUSTION, LONG, 4800, 0.9, {"levels": 3, "first": 40, "last": 4})
    ]


@pytest.mark.parametrize(
    ("from_extreme", "expected"),
    [
        ((70, 71, 100), (3, 100)),  # 30 % exactly
        ((71, 72, 100), None),  # 29 %
        ((10, 20), None),  # two levels
        ((10, 10, 20, 30), None),  # not strictly
        ((10, 20, 20, 90), None),
        ((10, 20, 30, 40, 50), (5, 50)),
        ((10, 20, 30, 40, 50, 60), (5, 50)),  # at most five
        ((10, 20, 30, 0, 90), (3, 30)),  # a zero ends it
        ((0, 10, 20, 30), None),  # zero at the extreme: no run
        ((1, 2, 3), (3, 3)),
        ((10, 20, 30, 25, 90), (3, 30)),
    ],
)
def test_exhaustion_run(from_extreme: tuple[int, ...], expected: tuple[int, int] | None) -> None:
    high = "\n".join(f"{4800 - i} | 1 x {volume}" for i, volume in enumerate(from_extreme))
    low = "\n".join(
        f"{4800 + i} | {volume} x 1" for i, volume in reversed(list(enumerate(from_extreme)))
    )
    for pattern, picture in (
        (Pattern.BUYING_EXHAUSTION, high),
        (Pattern.SELLING_EXHAUSTION, low),
    ):
        signals = only(pattern, patterns_of(picture))
        if expected is None:
            assert signals == []
        else:
            (signal,) = signals
            assert (signal.details["levels"], signal.details["first"]) == expected
            assert signal.strength == (expected[1] - from_extreme[0]) / expected[1]


def test_price_without_trades_ends_the_exhaustion_run() -> None:
    assert (
        only(
            Pattern.BUYING_EXHAUSTION,
            patterns_of("4804 | 1 x 10\n4803 | 1 x 20\n4801 | 1 x 30\n4800 | 1 x 40"),
        )
        == []
    )


# Absorption


def test_selling_absorption_at_the_high() -> None:
    signals = patterns_of("""
        4804 | 20 x 30
        4803 | 20 x 30
        4802 | 10 x 30 + 10
        4801 |  1 x  1   close
        4800 |  1 x  0
    """)
    assert only(Pattern.SELLING_ABSORPTION, signals) == [
        Found(
            Pattern.SELLING_ABSORPTION,
            SHORT,
            4804,
            0.75 * 90 / 150 / 2,
            {"volume": 150, "share": 0.6, "close_position": 0.25},
        )
    ]


def test_buying_absorption_at_the_low() -> None:
    signals = patterns_of("""
        4804 |   1 x  1
        4803 |   1 x  1   close
        4802 | 100 x 10
        4801 | 200 x 10
        4800 | 100 x  5
    """)
    assert only(Pattern.BUYING_ABSORPTION, signals) == [
        Found(
            Pattern.BUYING_ABSORPTION,
            LONG,
            4800,
            0.75 * 400 / 150 / 2,
            {"volume": 425, "share": 400 / 425, "close_position": 0.75},
        )
    ]


@pytest.mark.parametrize(
    ("aggressive", "passive", "unknown", "is_one"),
    [
        (150, 0, 0, True),
        (149, 0, 0, False),  # under min_absorption
        (90, 60, 0, True),  # exactly 60 %
        (90, 0, 60, True),  # unknown volume counts to the volume
        (90, 61, 0, False),
        (90, 0, 61, False),
    ],
)
def test_absorption_thresholds_on_both_sides(
    aggressive: int, passive: int, unknown: int, is_one: bool
) -> None:
    high = f"4800 | {passive} x {aggressive} + {unknown}\n4790 | 1 x 0 close"
    low = f"4810 | 1 x 0 close\n4800 | {aggressive} x {passive} + {unknown}"
    assert bool(only(Pattern.SELLING_ABSORPTION, patterns_of(high))) == is_one
    assert bool(only(Pattern.BUYING_ABSORPTION, patterns_of(low))) == is_one


@pytest.mark.parametrize(("close", "is_one"), [(4804, True), (4805, False), (4806, False)])
def test_close_in_the_middle_is_in_neither_half(close: int, is_one: bool) -> None:
    high = f"4810 | 0 x 900\n{close} | 0 x 1 close\n4800 | 1 x 0"
    low = f"4810 | 0 x 1\n{9610 - close} | 0 x 1 close\n4800 | 900 x 0"
    assert bool(only(Pattern.SELLING_ABSORPTION, patterns_of(high))) == is_one
    assert bool(only(Pattern.BUYING_ABSORPTION, patterns_of(low))) == is_one


def test_absorption_counts_three_rows_traded_or_not() -> None:
    picture = """
        4806 |  0 x 140
        4803 |  0 x 100
        4801 |  1 x  1   close
        4800 |  1 x  0
    """
    assert only(Pattern.SELLING_ABSORPTION, patterns_of(picture)) == []
    picture = picture.replace("4803", "4804")
    (signal,) = only(Pattern.SELLING_ABSORPTION, patterns_of(picture))
    assert signal.details["volume"] == 240


def test_absorption_in_a_bar_of_two_prices_uses_both() -> None:
    picture = "4801 | 0 x 100\n4800 | 0 x 60 close"
    (signal,) = only(Pattern.SELLING_ABSORPTION, patterns_of(picture))
    assert signal.details == {"volume": 160, "share": 1.0, "close_position": 0.0}
    assert signal.strength == 160 / 150 / 2


def test_no_absorption_in_a_bar_of_one_price() -> None:
    signals = patterns_of("4800 | 0 x 900")
    assert only(Pattern.SELLING_ABSORPTION, signals) == []
    assert only(Pattern.BUYING_ABSORPTION, patterns_of("4800 | 900 x 0")) == []


def test_strength_of_an_absorption_is_at_most_one() -> None:
    (signal,) = only(Pattern.SELLING_ABSORPTION, patterns_of("4801 | 0 x 900\n4800 | 1 x 0 close"))
    assert signal.strength == 1.0


# Divergence


def bar_at(price: int, delta: int) -> str:
    """A bar of one price with this delta."""
    return f"{price} | {10 + max(-delta, 0)} x {10 + max(delta, 0)}"


def divergence(prices: list[int], deltas: list[int]) -> list[Found]:
    pictures = [bar_at(*pair) for pair in zip(prices, deltas, strict=True)]
    signals = last_bar(*pictures)
    return only(Pattern.BEARISH_DELTA_DIVERGENCE, signals) + only(
        Pattern.BULLISH_DELTA_DIVERGENCE, signals
    )


RISING = [4800, 4801, 4799, 4801, 4802]
FALLING = [4800, 4799, 4801, 4799, 4798]


def test_bearish_divergence_new_high_on_falling_peaks() -> None:
    assert divergence(RISING, [0, 9, 1, 5, -1]) == [
        Found(
            Pattern.BEARISH_DELTA_DIVERGENCE,
            SHORT,
            4802,
            0.7,
            {"extreme": 4802, "peak_before": 9, "peak_last": 5},
        )
    ]


def test_bullish_divergence_new_low_on_rising_troughs() -> None:
    assert divergence(FALLING, [0, -9, -1, -5, 1]) == [
        Found(
            Pattern.BULLISH_DELTA_DIVERGENCE,
            LONG,
            4798,
            0.7,
            {"extreme": 4798, "peak_before": -9, "peak_last": -5},
        )
    ]


@pytest.mark.parametrize(
    ("prices", "deltas", "is_one"),
    [
        (RISING, [0, 9, 1, 9, -1], False),  # peaks do not fall
        (RISING, [0, 5, 1, 9, -1], False),
        (RISING, [0, 9, 1, 5, 0], False),  # this delta is not below 0
        (RISING, [0, 9, -9, -8, -1], True),  # the last is a peak: above the one before
        (RISING, [0, 0, 9, -9, -1], True),
        (RISING, [0, 9, -1, -1, -1], False),  # the last equals the one before: one peak
        (RISING, [9, 8, 7, 5, -1], False),  # the first is never a peak
        (RISING, [9, 0, 5, 1, -1], False),
        (RISING, [0, 9, 9, 5, -1], False),  # a plateau is no peak
        (RISING, [0, 2, -9, -2, -1], True),
        ([4800, 4802, 4799, 4801, 4802], [0, 9, 1, 5, -1], False),  # as high as one before
        ([4800, 4803, 4799, 4801, 4802], [0, 9, 1, 5, -1], False),
        ([4800, 4801, 4799, 4802, 4802], [0, 9, 1, 5, -1], False),
        (RISING[1:], [9, 1, 5, -1], False),  # four bars
        ([4900, *RISING], [0, 0, 9, 1, 5, -1], True),  # the sixth back does not count
    ],
)
def test_divergence_boundaries_on_both_sides(
    prices: list[int], deltas: list[int], is_one: bool
) -> None:
    assert len(divergence(prices, deltas)) == is_one
    mirrored = [9600 - price for price in prices]
    signals = divergence(mirrored, [-delta for delta in deltas])
    assert [one.direction for one in signals] == [LONG] * is_one


def test_peaks() -> None:
    assert peaks([0, 9, 1, 5, -1]) == [9, 5]
    assert peaks([0, 9, 1, 5, 6]) == [9, 6]
    assert peaks([9, 8, 7, 6, 5]) == []
    assert peaks([1, 2, 2, 1, 1]) == []


# Unfinished auctions


@pytest.mark.parametrize(("volume", "is_one"), [(6, True), (5, False)])
def test_unfinished_ends(volume: int, is_one: bool) -> None:
    signals = patterns_of(f"4801 | {volume} x 40\n4800 | 40 x {volume}")
    high = Found(Pattern.UNFINISHED_HIGH, LONG, 4801, 0.6, {"volume": volume})
    low = Found(Pattern.UNFINISHED_LOW, SHORT, 4800, 0.6, {"volume": volume})
    found = only(Pattern.UNFINISHED_HIGH, signals) + only(Pattern.UNFINISHED_LOW, signals)
    assert found == ([high, low] if is_one else [])


def test_unfinished_level_is_remembered_reported_when_traded_and_forgotten() -> None:
    levels: list[Unfinished] = []
    patterns_of("4801 | 6 x 40\n4800 | 40 x 6", unfinished=levels)
    assert levels == [(4801, LONG), (4800, SHORT)]
    assert only(Pattern.UNFINISHED_REVISITED, patterns_of("4810 | 1 x 1", unfinished=levels)) == []
    signals = patterns_of("4801 | 1 x 1", unfinished=levels)
    assert signals == [
        Found(Pattern.UNFINISHED_REVISITED, LONG, 4801, 0.5, {"level": 4801, "side": "high"})
    ]
    assert levels == [(4800, SHORT)]
    (signal,) = patterns_of("4800 | 0 x 0 + 1", unfinished=levels)
    assert signal[1:] == (SHORT, 4800, 0.5, {"level": 4800, "side": "low"})
    assert levels == []


def test_level_inside_the_bar_that_did_not_trade_is_not_revisited() -> None:
    levels = [(4801, int(LONG))]
    assert patterns_of("4802 | 1 x 1\n4800 | 1 x 1", unfinished=levels) == []
    assert levels == [(4801, LONG)]


def test_levels_are_revisited_oldest_first() -> None:
    levels = [(4801, int(LONG)), (4800, int(SHORT)), (4801, int(SHORT))]
    signals = patterns_of("4801 | 1 x 1\n4800 | 1 x 1", unfinished=levels)
    assert [(one.price, one.direction) for one in signals] == [
        (4801, LONG),
        (4800, SHORT),
        (4801, SHORT),
    ]


def test_level_is_revisited_and_remembered_anew_by_one_bar() -> None:
    levels = [(4801, int(LONG)), (4900, int(LONG))]
    signals = patterns_of("4801 | 6 x 1\n4800 | 1 x 1", unfinished=levels)
    assert [one.pattern for one in signals] == [
        Pattern.UNFINISHED_HIGH,
        Pattern.UNFINISHED_REVISITED,
    ]
    assert levels == [(4900, LONG), (4801, LONG)]


def test_the_oldest_of_more_than_fifty_levels_is_forgotten() -> None:
    levels = [(5000 + i, int(LONG)) for i in range(50)]
    patterns_of("4801 | 6 x 40\n4800 | 40 x 6", unfinished=levels)
    assert len(levels) == 50
    assert levels[0] == (5002, LONG)
    assert levels[-2:] == [(4801, LONG), (4800, SHORT)]


# Rows


def test_rules_see_rows_of_several_ticks() -> None:
    (bar,) = bars_of(
        ladder("""
            4808 |  1 x  1
            4807 |  0 x 16
            4804 |  0 x 14
            4803 |  4 x  0
            4800 |  6 x  0
        """)
    )
    signals = find_patterns(bar, [], [], RULES, 4)
    assert bar.buy_imbalances == (4804,)
    (signal,) = only(Pattern.BUY_IMBALANCE, signals)
    assert signal.details == {"volume": 30, "against": 10, "ratio": 3.0, "count": 1}
    assert bar.poc == 4807


def test_row_at_the_low_is_the_row_of_the_lowest_tick() -> None:
    signals = patterns_of("4806 | 3 x 0\n4805 | 3 x 20\n4803 | 1 x 6", row_ticks=4)
    assert [(one.pattern, one.price) for one in signals if one.pattern >= 10] == [
        (Pattern.UNFINISHED_HIGH, 4804),
        (Pattern.UNFINISHED_LOW, 4800),
    ]


def test_any_price_of_a_remembered_row_revisits_it() -> None:
    levels = [(4800, int(LONG))]
    assert len(patterns_of("4803 | 1 x 1", row_ticks=4, unfinished=levels)) == 1
    levels = [(4800, int(LONG))]
    assert patterns_of("4804 | 1 x 1", row_ticks=4, unfinished=levels) == []


def test_patterns_come_in_the_order_of_the_table() -> None:
    levels = [(4800, int(LONG))]
    signals = patterns_of(buy_stack(5), unfinished=levels)
    order = [one.pattern for one in signals]
    assert order == sorted(order)
    assert len(set(order)) >= 4
