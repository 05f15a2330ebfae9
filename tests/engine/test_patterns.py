"""Every row of the pattern table through the whole engine: both sides, at thresholds and below.

Defaults are ES's: ratio 3, min_volume 10, min_absorption 150.
"""

from dataclasses import replace

import pytest

from engine.config import BarRules, EngineConfig, engine_config
from engine.events import Bar, Signal, SignalDetected
from engine.names import Pattern
from tests.engine.drive import Driven, at, of
from tests.oracle.ladder import ladders

LONG, SHORT = 1, -1


def driven(*pictures: str, config: EngineConfig | None = None) -> Driven:
    made = Driven(config or engine_config("ES"))
    made.push(ladders(*pictures, start=at(0)))
    made.finish()
    return made


def signals(*pictures: str, config: EngineConfig | None = None) -> list[Signal]:
    """Of the last of these bars."""
    made = driven(*pictures, config=config)
    last = made.bars[-1].start
    return [e.signal for e in of(SignalDetected, made.events) if e.signal.bar_start == last]


def only(pattern: Pattern, found: list[Signal]) -> list[tuple[int, int, float]]:
    """Direction, price and strength of the signals of one pattern."""
    return [
        (one.direction, one.price, round(one.strength, 6))
        for one in found
        if one.pattern == pattern
    ]


def last_bar(*pictures: str) -> Bar:
    return driven(*pictures).bars[-1]


# Imbalances


@pytest.mark.parametrize(
    ("volume", "against", "strength"),
    [(30, 10, 0.3), (29, 10, None), (10, 0, 1.0), (9, 0, None), (9, 3, None), (10, 3, 0.333333),
     (10, 4, None), (45, 10, 0.45), (100, 10, 1.0), (120, 10, 1.0)],
)  # fmt: skip
def test_imbalance_thresholds_on_both_sides(
    volume: int, against: int, strength: float | None
) -> None:
    buy = signals(f"4802 | 1 x 1\n4801 | 0 x {volume}\n4800 | {against} x 1")
    sell = signals(f"4802 | 1 x {against}\n4801 | {volume} x 0\n4800 | 1 x 1")
    expected = [] if strength is None else [strength]
    assert [s for _, _, s in only(Pattern.BUY_IMBALANCE, buy)] == expected
    assert [s for _, _, s in only(Pattern.SELL_IMBALANCE, sell)] == expected
    assert {s[:2] for s in only(Pattern.BUY_IMBALANCE, buy)} <= {(LONG, 4801)}
    assert {s[:2] for s in only(Pattern.SELL_IMBALANCE, sell)} <= {(SHORT, 4801)}


def test_no_buy_imbalance_at_the_low_and_no_sell_imbalance_at_the_high() -> None:
    found = signals("4801 | 90 x 1\n4800 | 1 x 90")
    assert only(Pattern.BUY_IMBALANCE, found) == only(Pattern.SELL_IMBALANCE, found) == []


def test_the_highest_ratio_is_the_signal_and_all_are_marked() -> None:
    picture = """
        4804 | 0 x 40
        4803 | 2 x 50
        4802 | 1 x 20
        4801 | 1 x 20
        4800 | 1 x  0
    """
    made = driven(picture)
    found = [e.signal for e in of(SignalDetected, made.events)]
    assert only(Pattern.BUY_IMBALANCE, found) == [(LONG, 4803, 1.0)]
    assert made.bars[0].buy_imbalances == (4801, 4802, 4803, 4804)
    (signal,) = [s for s in found if s.pattern == Pattern.BUY_IMBALANCE]
    assert signal.details == {"volume": 50, "against": 1, "ratio": 50.0, "count": 4}


@pytest.mark.parametrize(
    ("upper", "lower", "price"),
    [("2 x 40", "1 x 20", 4803), ("1 x 20", "1 x 20", 4801)],  # larger volume, lower price
)
def test_of_equal_ratios_the_larger_volume_then_the_lower_price(
    upper: str, lower: str, price: int
) -> None:
    bid, _, ask = upper.split()
    picture = f"""
        4803 | 0 x {ask}
        4802 | {bid} x 1
        4801 | 0 x {lower.split()[2]}
        4800 | {lower.split()[0]} x 1
    """
    assert [s[1] for s in only(Pattern.BUY_IMBALANCE, signals(picture))] == [price]


# Stacks


@pytest.mark.parametrize(("count", "strength"), [(2, None), (3, 0.6), (4, 0.8), (5, 1.0), (6, 1.0)])
def test_stacks_on_both_sides(count: int, strength: float | None) -> None:
    asks = [0, *[20] * count]
    bids = [1] * count + [0]
    buy = "\n".join(f"{4800 + k} | {bids[k]} x {asks[k]}" for k in reversed(range(count + 1)))
    sell = "\n".join(
        f"{4800 + k} | {asks[-1 - k]} x {bids[-1 - k]}" for k in reversed(range(count + 1))
    )
    expected = [] if strength is None else [strength]
    found = signals(buy)
    assert only(Pattern.STACKED_BUY_IMBALANCE, found) == [(LONG, 4801, s) for s in expected]
    assert only(Pattern.STACKED_SELL_IMBALANCE, signals(sell)) == [
        (SHORT, 4800 + count - 1, s) for s in expected
    ]
    details = [s.details for s in found if s.pattern == Pattern.STACKED_BUY_IMBALANCE]
    assert details == [{"low": 4801, "high": 4800 + count, "count": count} for _ in expected]


def test_a_hole_divides_a_stack() -> None:
    picture = """
        4807 | 0 x 20
        4806 | 1 x 20
        4805 | 1 x 20
        4804 | 1 x  1
        4803 | 1 x 20
        4802 | 1 x 20
        4801 | 1 x 20
        4800 | 1 x  0
    """
    assert only(Pattern.STACKED_BUY_IMBALANCE, signals(picture)) == [
        (LONG, 4801, 0.6), (LONG, 4805, 0.6),
    ]  # fmt: skip


# Exhaustion


@pytest.mark.parametrize(
    ("inwards", "fall"),
    [
        ((7, 8, 10), 0.3),
        ((71, 80, 100), None),  # 29 %
        ((5, 10), None),  # two levels
        ((1, 2, 4, 8, 16), 0.9375),
        ((1, 2, 4, 8, 16, 32), 0.9375),  # five levels at most
        ((5, 5, 10), None),  # not strictly
        ((0, 5, 10), None),  # nothing at the extreme
        ((2, 6, 10, 3), 0.8),  # the longest run that falls
        ((2, 6, 0, 50), None),  # a level without volume ends it
    ],
)
def test_exhaustion_on_both_sides(inwards: tuple[int, ...], fall: float | None) -> None:
    """`inwards`: the aggressors' volume from the extreme inwards."""
    levels = len(inwards)
    top = "\n".join(f"{4810 - k} | 1 x {volume}" for k, volume in enumerate(inwards))
    bottom = "\n".join(f"{4800 + k} | {inwards[k]} x 1" for k in reversed(range(levels)))
    expected = [] if fall is None else [fall]
    assert only(Pattern.BUYING_EXHAUSTION, signals(top + "\n4790 | 1 x 1")) == [
        (SHORT, 4810, f) for f in expected
    ]
    assert only(Pattern.SELLING_EXHAUSTION, signals("4820 | 1 x 1\n" + bottom)) == [
        (LONG, 4800, f) for f in expected
    ]


# Absorption


@pytest.mark.parametrize(
    ("ask", "bid", "strength"),
    [
        (90, 60, 0.3),  # 150 in all, 60 %
        (89, 60, None),  # 149
        (89, 61, None),  # 59 %
        (150, 0, 0.5),
        (600, 0, 1.0),
    ],
)
def test_absorption_on_both_sides(ask: int, bid: int, strength: float | None) -> None:
    selling = f"4804 | {bid} x {ask}\n4800 | 1 x 0 close"
    buying = f"4804 | 0 x 1 close\n4800 | {ask} x {bid} open"
    expected = [] if strength is None else [strength]
    assert only(Pattern.SELLING_ABSORPTION, signals(selling)) == [
        (SHORT, 4804, s) for s in expected
    ]
    assert only(Pattern.BUYING_ABSORPTION, signals(buying)) == [(LONG, 4800, s) for s in expected]


def test_absorption_needs_the_close_in_the_other_half() -> None:
    middle = "4804 | 0 x 200\n4802 | 0 x 1 close\n4800 | 200 x 0 open"
    found = signals(middle)
    assert only(Pattern.SELLING_ABSORPTION, found) == only(Pattern.BUYING_ABSORPTION, found) == []
    one_price = signals("4800 | 0 x 200")
    assert only(Pattern.SELLING_ABSORPTION, one_price) == []


def test_absorption_looks_at_three_levels_unknown_volume_included() -> None:
    found = signals("4804 | 0 x 50\n4802 | 0 x 50 + 50\n4801 | 0 x 500\n4800 | 1 x 0 close")
    (signal,) = [s for s in found if s.pattern == Pattern.SELLING_ABSORPTION]
    assert signal.details == {"volume": 150, "share": 100 / 150, "close_position": 0.0}


# Divergence


def bar_at(price: int, delta: int) -> str:
    """One price, and a delta."""
    return f"{price} | {max(-delta, 0) + 1} x {max(delta, 0) + 1}"


RISING = (4800, 4801, 4802, 4803, 4804)
FALLING = RISING[::-1]


@pytest.mark.parametrize(
    ("highs", "deltas", "found"),
    [
        (RISING, (1, 9, 2, -5, -1), True),  # peaks 9 and -1
        (RISING, (1, 9, 2, -5, 1), False),  # this bar's delta is above 0
        (RISING, (1, 9, 2, -5, 0), False),
        (RISING, (1, -3, -2, -5, -2), False),  # peaks -2 and -2: not falling
        (RISING, (1, -3, -2, -5, -3), True),
        (RISING, (9, 8, 7, 6, -5), False),  # no two peaks
        (RISING, (9, 1, 0, -7, -3), False),  # the first is never a peak
        ((4800, 4801, 4804, 4803, 4804), (1, 9, 2, -5, -1), False),  # no new high
    ],
)
def test_delta_divergence_on_both_sides(
    highs: tuple[int, ...], deltas: tuple[int, ...], found: bool
) -> None:
    bearish = [bar_at(high, delta) for high, delta in zip(highs, deltas, strict=True)]
    bullish = [bar_at(9600 - high, -delta) for high, delta in zip(highs, deltas, strict=True)]
    assert only(Pattern.BEARISH_DELTA_DIVERGENCE, signals(*bearish)) == (
        [(SHORT, highs[-1], 0.7)] if found else []
    )
    assert only(Pattern.BULLISH_DELTA_DIVERGENCE, signals(*bullish)) == (
        [(LONG, 9600 - highs[-1], 0.7)] if found else []
    )


def test_divergence_needs_all_five_bars_of_the_day() -> None:
    deltas = (9, 2, -5, -1)
    four = [bar_at(4801 + k, delta) for k, delta in enumerate(deltas)]
    assert only(Pattern.BEARISH_DELTA_DIVERGENCE, signals(*four)) == []


# Unfinished


@pytest.mark.parametrize(("volume", "found"), [(5, False), (6, True)])
def test_unfinished_extremes_on_both_sides(volume: int, found: bool) -> None:
    made = signals(f"4801 | {volume} x 1\n4800 | 1 x {volume}")
    assert only(Pattern.UNFINISHED_HIGH, made) == ([(LONG, 4801, 0.6)] if found else [])
    assert only(Pattern.UNFINISHED_LOW, made) == ([(SHORT, 4800, 0.6)] if found else [])


UNFINISHED = "4801 | 6 x 1\n4800 | 1 x 6"


def test_a_remembered_level_is_revisited_once() -> None:
    above = "4801 | 1 x 1"
    assert only(Pattern.UNFINISHED_REVISITED, signals(UNFINISHED, above)) == [(LONG, 4801, 0.5)]
    assert only(Pattern.UNFINISHED_REVISITED, signals(UNFINISHED, above, above)) == []
    below = "4800 | 1 x 1"
    assert only(Pattern.UNFINISHED_REVISITED, signals(UNFINISHED, above, below)) == [
        (SHORT, 4800, 0.5)
    ]


def test_a_price_passed_without_a_trade_is_not_revisited() -> None:
    assert (
        only(Pattern.UNFINISHED_REVISITED, signals(UNFINISHED, "4802 | 1 x 1\n4799 | 1 x 1")) == []
    )


def test_a_bar_s_own_levels_are_remembered_after_it_looked() -> None:
    made = driven(UNFINISHED)
    assert [s.signal.pattern for s in of(SignalDetected, made.events)] == [
        Pattern.UNFINISHED_HIGH, Pattern.UNFINISHED_LOW,
    ]  # fmt: skip
    assert made.engine.carry().unfinished == ((4801, 1), (4800, -1))


def test_the_oldest_level_drops_out_and_a_repeated_one_moves_up() -> None:
    config = engine_config("ES")
    config = replace(config, patterns=replace(config.patterns, unfinished_memory=2))
    made = driven("4801 | 6 x 0", "4811 | 6 x 0", "4821 | 6 x 0", config=config)
    assert made.engine.carry().unfinished == ((4811, 1), (4821, 1))
    again = driven("4801 | 6 x 0", "4811 | 6 x 0", "4801 | 6 x 0", config=config)
    assert again.engine.carry().unfinished == ((4811, 1), (4801, 1))


# Rows, and many levels


def test_rules_see_rows_aligned_to_multiples() -> None:
    """Rows of 5: 4800-4804 and 4805-4809, named by their lowest tick."""
    config = engine_config("ES", bars=BarRules(row_ticks=5))
    picture = """
        4809 | 0 x 10
        4806 | 0 x 10
        4805 | 0 x 10
        4804 | 5 x  0
        4800 | 5 x  0
    """
    assert only(Pattern.BUY_IMBALANCE, signals(picture, config=config)) == [(LONG, 4805, 0.3)]
    assert driven(picture, config=config).bars[0].buy_imbalances == (4805,)


def test_a_bar_of_many_stacks_has_room_for_all() -> None:
    """Every fourth level breaks the stack: more patterns than a usual bar has."""
    lines = []
    for k in reversed(range(1200)):
        ask = 0 if k % 4 == 0 else 20
        lines.append(f"{20_000 + k} | 1 x {ask}")
    found = signals("\n".join(lines))
    assert len(only(Pattern.STACKED_BUY_IMBALANCE, found)) == 300


def test_signals_come_in_the_table_s_order_with_their_ids() -> None:
    found = signals("4803 | 6 x 40\n4802 | 1 x 40\n4801 | 1 x 40\n4800 | 1 x 6")
    assert [s.pattern for s in found] == sorted(s.pattern for s in found)
    assert [s.id for s in found] == [f"{at(0)}-{k}" for k in range(len(found))]
    assert [s.pattern.name for s in found] == [
        "BUY_IMBALANCE", "STACKED_BUY_IMBALANCE", "UNFINISHED_HIGH", "UNFINISHED_LOW",
    ]  # fmt: skip
