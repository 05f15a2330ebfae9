"""The oracle's indicators, on series whose figures are known."""

from math import isclose, sqrt

import pytest

from tests.oracle.indicators import (
    Adx,
    Atr,
    Ema,
    Percentile,
    deviation,
    directional_index,
    slope,
    true_range,
)


def test_ema_starts_with_the_mean() -> None:
    ema = Ema(3)
    assert [ema.update(value) for value in (1, 2, 6, 7, 1)] == [None, None, 3, 5, 3]


def test_ema_of_a_constant_is_exactly_it() -> None:
    ema = Ema(9)
    assert [ema.update(4801) for _ in range(200)][8:] == [4801] * 192


def test_true_range_spans_the_gap() -> None:
    assert true_range(10, 8, 9) == 2
    assert true_range(10, 8, 5) == 5
    assert true_range(10, 8, 14) == 6


def test_atr_needs_a_close_before() -> None:
    atr = Atr(2)
    # true ranges: none, 4, 2, 8
    bars = [(10, 5, 7), (9, 5, 8), (9, 7, 7), (15, 10, 12)]
    assert [atr.update(*bar) for bar in bars] == [None, None, 3, 5.5]


def test_first_atr_is_on_bar_15_and_first_adx_on_bar_28() -> None:
    atr, adx = Atr(14), Adx(14)
    readings = [(atr.update(i + 2, i, i + 1), adx.update(i + 2, i, i + 1)) for i in range(30)]
    assert next(i for i, (value, _) in enumerate(readings, 1) if value is not None) == 15
    assert next(i for i, (_, value) in enumerate(readings, 1) if value is not None) == 28


def test_adx_of_a_steady_trend_is_100_and_of_a_still_market_0() -> None:
    up, down, still = Adx(14), Adx(14), Adx(14)
    for i in range(40):
        values = up.update(i + 2, i, i + 1), down.update(-i, -i - 2, -i - 1), still.update(5, 5, 5)
    assert values == (100, 100, 0)


def test_adx_by_hand() -> None:
    """Period 2; movements up 3, down 2, up 1; true ranges 4, 3, 2."""
    adx = Adx(2)
    bars = [(10, 8, 9), (13, 9, 12), (12, 7, 9), (13, 11, 12), (13, 11, 12)]
    readings = [adx.update(*bar) for bar in bars]
    dx = [100 * 1 / 5]  # sums 3 and 2
    dx.append(100 * abs((3 - 1.5 + 1) - (2 - 1)) / ((3 - 1.5 + 1) + (2 - 1)))
    dx.append(100 * abs(1.25 - 0.5) / (1.25 + 0.5))
    assert readings[:3] == [None] * 3
    assert isclose(readings[3], (dx[0] + dx[1]) / 2)
    assert isclose(readings[4], ((dx[0] + dx[1]) / 2 + dx[2]) / 2)


def test_equal_movements_count_for_neither_direction() -> None:
    adx = Adx(1)
    adx.update(10, 8, 9)
    assert adx.update(11, 7, 9) == 0


def test_directional_index_without_movement_is_zero() -> None:
    assert directional_index(0, 0, 5) == 0
    assert directional_index(0, 0, 0) == 0
    assert directional_index(3, 1, 8) == 50


def test_percentile_counts_the_values_before_that_are_below() -> None:
    percentile = Percentile(3)
    values = [None, 5, 7, 7, 6, 1, 9]
    assert [percentile.update(value) for value in values] == [
        None, None, 100, 50, 100 / 3, 0, 100,
    ]  # fmt: skip


def test_slope_is_least_squares_per_step() -> None:
    assert slope([5, 5, 5, 5]) == 0
    assert slope(list(range(0, 40, 4))) == 4
    assert slope([0, 1, 0]) == 0
    assert isclose(slope([0, 0, 3]), 1.5)
    assert isclose(slope([1, 0, 4, 2]), 0.7)


def test_deviation_is_of_the_population() -> None:
    assert deviation([2, 4]) == 1
    assert isclose(deviation([1, 2, 3, 4]), sqrt(1.25))
    assert deviation([3.0] * 10) == 0


@pytest.mark.parametrize("period", [9, 21])
def test_ema_weighs_as_its_closed_form(period: int) -> None:
    """After the start, each value's weight falls by (n - 1) / (n + 1) a bar."""
    values = [4800 + (i * 37) % 29 for i in range(120)]
    ema = Ema(period)
    for value in values:
        last = ema.update(value)
    keep = (period - 1) / (period + 1)
    tail = values[period:]
    expected = sum(values[:period]) / period * keep ** len(tail) + sum(
        (1 - keep) * keep**age * value for age, value in enumerate(reversed(tail))
    )
    assert isclose(last, expected, rel_tol=1e-12)


def wave(count: int) -> list[tuple[int, int, int]]:
    """High, low and close of bars that anybody can make again."""
    bars, close = [], 4800
    for i in range(count):
        close += (i * i * 7 + i * 3) % 11 - 5
        bars.append((close + i * 5 % 4, close - i * 3 % 5, close))
    return bars


def test_figures_of_an_independent_library() -> None:
    """TA-Lib 0.8.1 on the same bars. Its ADX sums only 13 values before it smooths, which is
    forgotten after 300 bars; everything else agrees from the first value."""
    bars = wave(600)
    ema9, ema21, atr, adx = Ema(9), Ema(21), Atr(14), Adx(14)
    figures = [
        (ema9.update(close), ema21.update(close), atr.update(*bar), adx.update(*bar))
        for bar in bars
        for close in bar[2:]
    ]
    assert figures[20][:3] == pytest.approx((4783.3747004416, 4789.0, 5.250921997621861), rel=1e-12)
    assert figures[59][:3] == pytest.approx(
        (4744.01657001026, 4749.9970371210975, 5.404860981421555), rel=1e-12
    )
    assert figures[400][3] == pytest.approx(30.039760782504864, rel=1e-9)
    assert figures[599][3] == pytest.approx(35.744595676443005, rel=1e-12)
    closes = [close for _, _, close in bars]
    assert slope(closes[50:60]) == pytest.approx(-1.0666666666666667, rel=1e-12)
