"""Every cell of the regime's score table at its boundary, the overrides, and the inputs."""

from dataclasses import replace

import pytest

from engine.config import RegimeRules
from engine.names import Regime
from engine.ticks import NS
from tests.oracle.bars import Bar
from tests.oracle.days import ALL_DAY, HOUR, MINUTE, Days
from tests.oracle.regime import DayRegime, Inputs, classify, mostly_rising, no_trade, scores

UP, DOWN, RANGING, VOLATILE = range(4)

SILENT: Inputs = {
    **dict.fromkeys(
        (
            "adx", "adx_slope", "atr", "atr_percentile", "ema_fast", "ema_slow", "vwap_distance",
            "mean_range", "volume_ratio", "delta_slope", "delta_slope_limit", "higher_highs",
            "higher_lows", "lower_highs", "lower_lows",
        )
    ),
    "bars": 21,
    "cum_delta": 0,
    "day_volume": 0,
    "range_bound": 0,
}  # fmt: skip
"""Figures that score nothing: what is None is not available yet."""


def bar(index: int = 0, **fields: int) -> Bar:
    """A bar of 10 lots at 4800 with some fields changed."""
    plain = {
        "index": index, "start": index * 300 * NS, "end": (index + 1) * 300 * NS,
        "open": 4800, "high": 4800, "low": 4800, "close": 4800, "volume": 10, "buy_volume": 5,
        "sell_volume": 5, "delta": 0, "min_delta": 0, "max_delta": 0, "cum_delta": 0, "trades": 1,
        "poc": 4800, "vah": 4800, "val": 4800, "notional": 48000, "session_notional": 48000,
        "session_volume": 10, "levels": [],
    }  # fmt: skip
    return Bar(**{**plain, **fields})


def inputs_after(bars: list[Bar]) -> Inputs:
    day = DayRegime(ALL_DAY.at(0), RegimeRules())
    return [day.inputs(one) for one in bars][-1]


def test_what_is_not_available_scores_nothing() -> None:
    assert scores(SILENT) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        # ADX: up, down, ranging, volatile
        ({"adx": 25.1}, (2, 2, 0, 0)),
        ({"adx": 25.0}, (1, 1, 0, 0)),
        ({"adx": 24.9}, (1, 1, 1, 0)),
        ({"adx": 20.1}, (1, 1, 1, 0)),
        ({"adx": 20.0}, (0, 0, 1, 0)),
        ({"adx": 19.9}, (0, 0, 2, 0)),
        ({"adx": 25.1, "adx_slope": -0.1}, (2, 2, 0, 0)),
        ({"adx": 25.0, "adx_slope": -0.1}, (1, 1, 0, 1)),
        ({"adx": 20.0, "adx_slope": -0.1}, (0, 0, 1, 1)),
        ({"adx": 19.9, "adx_slope": -0.1}, (0, 0, 2, 0)),
        ({"adx": 22.0, "adx_slope": 0.0}, (1, 1, 1, 0)),
        ({"adx": 22.0, "adx_slope": 0.1}, (1.5, 1.5, 1, 0)),
        ({"adx": 10.0, "adx_slope": 0.1}, (0.5, 0.5, 2, 0)),
        # averages
        ({"ema_fast": 2.0, "ema_slow": 1.0}, (1.5, 0, 0, 0)),
        ({"ema_fast": 1.0, "ema_slow": 2.0}, (0, 1.5, 0, 0)),
        ({"ema_fast": 1.0, "ema_slow": 1.0}, (0, 0, 0, 0)),
        ({"ema_fast": 1.0}, (0, 0, 0, 0)),
        ({"vwap_distance": 2.1}, (1, 0, 0, 0)),
        ({"vwap_distance": 2.0}, (1, 0, 1, 0)),
        ({"vwap_distance": 0.1}, (1, 0, 1, 0)),
        ({"vwap_distance": -0.1}, (0, 1, 1, 0)),
        ({"vwap_distance": 0.0}, (0, 0, 1, 0)),
        ({"vwap_distance": -2.0}, (0, 1, 1, 0)),
        ({"vwap_distance": -2.1}, (0, 1, 0, 0)),
        # structure
        ({"higher_highs": True, "higher_lows": True}, (2, 0, 0, 0)),
        ({"higher_highs": False, "higher_lows": True}, (1, 0, 1.5, 0)),
        ({"higher_highs": True, "higher_lows": False}, (0, 0, 0, 0)),
        ({"higher_highs": False, "lower_lows": True, "lower_highs": True}, (0, 2, 0, 0)),
        ({"higher_highs": False, "lower_lows": False, "lower_highs": True}, (0, 1, 1.5, 0)),
        ({"higher_highs": False, "lower_lows": True, "lower_highs": False}, (0, 0, 0, 0)),
        ({"higher_highs": False, "lower_lows": False}, (0, 0, 1.5, 0)),
        ({"range_bound": 1}, (0, 0, 0, 0)),
        ({"range_bound": 2}, (0, 0, 1, 0)),
        ({"range_bound": 3}, (0, 0, 2, 0)),
        ({"range_bound": 9}, (0, 0, 2, 0)),
        ({"mean_range": 15.1, "atr": 10.0}, (0, 0, 0, 1.5)),
        ({"mean_range": 15.0, "atr": 10.0}, (0, 0, 0, 0)),
        # delta
        ({"cum_delta": 5, "delta_slope": 0.1}, (1.5, 0, 0, 0)),
        ({"cum_delta": 5, "delta_slope": 0.0}, (0.5, 0, 0, 0)),
        ({"cum_delta": 5, "delta_slope": -0.1}, (0.5, 0, 0, 0)),
        ({"cum_delta": 5}, (0.5, 0, 0, 0)),
        ({"cum_delta": -5, "delta_slope": -0.1}, (0, 1.5, 0, 0)),
        ({"cum_delta": -5, "delta_slope": 0.1}, (0, 0.5, 0, 0)),
        ({"cum_delta": 0, "delta_slope": 0.1}, (0, 0, 0, 0)),
        ({"cum_delta": 1}, (0.5, 0, 0, 0)),
        ({"cum_delta": -1}, (0, 0.5, 0, 0)),
        ({"cum_delta": 5, "day_volume": 101}, (0.5, 0, 1, 0)),
        ({"cum_delta": 5, "day_volume": 100}, (0.5, 0, 0, 0)),
        ({"cum_delta": -5, "day_volume": 101}, (0, 0.5, 1, 0)),
        ({"cum_delta": 0, "day_volume": 1}, (0, 0, 1, 0)),
        ({"delta_slope": 2.1, "delta_slope_limit": 2.0}, (0, 0, 0, 1)),
        ({"delta_slope": -2.1, "delta_slope_limit": 2.0}, (0, 0, 0, 1)),
        ({"delta_slope": 2.0, "delta_slope_limit": 2.0}, (0, 0, 0, 0)),
        ({"delta_slope": 9.0}, (0, 0, 0, 0)),
        # volatility
        ({"atr_percentile": 49.9}, (0, 0, 1, 0)),
        ({"atr_percentile": 50.0}, (0, 0, 0, 0)),
        ({"atr_percentile": 70.0}, (0, 0, 0, 0)),
        ({"atr_percentile": 70.1}, (0, 0, 0, 1.5)),
        ({"atr_percentile": 85.0}, (0, 0, 0, 1.5)),
        ({"atr_percentile": 85.1}, (0, 0, 0, 2.5)),
        ({"volume_ratio": 2.0}, (0, 0, 0, 0)),
        ({"volume_ratio": 2.1}, (0, 0, 0, 1)),
    ],
)
def test_score_table(changes: Inputs, points: tuple[float, ...]) -> None:
    assert scores({**SILENT, **changes}) == points


@pytest.mark.parametrize(
    ("points", "regime", "confidence"),
    [
        ((4, 0, 0, 0), Regime.TRENDING_UP, 1.0),
        ((0, 8, 2, 0), Regime.TRENDING_DOWN, 0.875),
        ((2, 0, 5, 4), Regime.RANGING, 0.6),
        ((0, 0, 0, 5), Regime.VOLATILE, 1.0),
        ((3.5, 3.5, 3.5, 3.5), Regime.VOLATILE, 0.5),
        ((0, 0, 0, 0), Regime.VOLATILE, 0.5),
        ((5, 5, 5, 5), Regime.TRENDING_UP, 0.5),
        ((0, 5, 5, 5), Regime.TRENDING_DOWN, 0.5),
        ((0, 0, 5, 5), Regime.RANGING, 0.5),
    ],
)
def test_the_highest_score_wins_if_it_is_enough(
    points: tuple[float, float, float, float], regime: Regime, confidence: float
) -> None:
    assert classify(points, 4.0)[:2] == (regime, confidence)


DAY = Days(0, 9 * HOUR, 9 * HOUR, 15 * HOUR, 15 * HOUR, 16 * HOUR).at(0)


@pytest.mark.parametrize(
    ("changes", "end", "reason"),
    [
        ({}, 12 * HOUR, ""),
        ({"bars": 20}, 9 * HOUR, "bars"),
        ({}, 9 * HOUR - NS, ""),
        ({}, 9 * HOUR, "open"),
        ({}, 9 * HOUR + 5 * MINUTE, "open"),
        ({}, 9 * HOUR + 5 * MINUTE + 1, ""),
        ({}, 16 * HOUR - 15 * MINUTE - 1, ""),
        ({}, 16 * HOUR - 15 * MINUTE, "close"),
        ({}, 16 * HOUR, "close"),
        ({}, 16 * HOUR + 1, ""),
        ({}, 10 * HOUR - 1, ""),
        ({}, 10 * HOUR, "news"),
        ({}, 11 * HOUR - 1, "news"),
        ({}, 11 * HOUR, ""),
        ({"volume_ratio": 0.30}, 12 * HOUR, ""),
        ({"volume_ratio": 0.29}, 12 * HOUR, "volume"),
        ({"volume_ratio": 0.29}, 10 * HOUR, "news"),
        ({"volume_ratio": 0.29}, 9 * HOUR, "open"),
    ],
)
def test_when_not_to_trade_at_all(changes: Inputs, end: int, reason: str) -> None:
    rules = RegimeRules(news=((10 * HOUR, 11 * HOUR),))
    assert no_trade({**SILENT, **changes}, end, DAY, rules) == reason


def test_no_trade_overrides_every_score() -> None:
    day = DayRegime(ALL_DAY.at(0), RegimeRules())
    reading = day.read(bar())
    assert (reading.regime, reading.confidence, reading.reason) == (Regime.NO_TRADE, 1.0, "bars")


@pytest.mark.parametrize(
    ("values", "is_one"),
    [
        ([1, 2, 3, 4, 5], True),
        ([1, 2, 3, 4, 0], True),
        ([1, 2, 3, 3, 4], True),
        ([1, 2, 3, 3, 3], False),
        ([5, 1, 2, 2, 3], False),
        ([5, 4, 3, 2, 1], False),
    ],
)
def test_three_of_four_steps_make_a_structure(values: list[int], is_one: bool) -> None:
    assert mostly_rising(values) == is_one


def test_structure_needs_five_bars() -> None:
    rising = [bar(i, high=4800 + i, low=4700 + i) for i in range(5)]
    assert inputs_after(rising[:4])["higher_highs"] is None
    figures = inputs_after(rising)
    names = ("higher_highs", "higher_lows", "lower_highs", "lower_lows")
    assert [figures[name] for name in names] == [True, True, False, False]
    mirrored = [bar(i, high=4800 - i, low=4700 - i) for i in range(5)]
    assert [inputs_after(mirrored)[name] for name in names] == [False, False, True, True]


def test_range_bound_bars_of_the_last_ten() -> None:
    wide, inside = {"high": 4810, "low": 4790}, {"high": 4810, "low": 4791}
    bars = [bar(0, **wide), bar(1, **inside), *(bar(i, high=4820 + i) for i in range(2, 12))]
    assert inputs_after(bars[:2])["range_bound"] == 1
    assert inputs_after(bars[:11])["range_bound"] == 1
    assert inputs_after(bars)["range_bound"] == 0
    assert inputs_after([bar(i) for i in range(15)])["range_bound"] == 10


def test_volume_against_the_mean_of_twenty_including_this() -> None:
    bars = [bar(i, volume=10) for i in range(20)]
    assert inputs_after(bars[:19])["volume_ratio"] is None
    assert inputs_after(bars)["volume_ratio"] == 1
    assert inputs_after([*bars, bar(20, volume=210)])["volume_ratio"] == 210 / 20
    assert inputs_after([*bars, bar(20, volume=210)])["day_volume"] == 410


def test_mean_range_of_five_bars() -> None:
    bars = [bar(i, high=4800 + i) for i in range(6)]
    assert inputs_after(bars[:4])["mean_range"] is None
    assert inputs_after(bars)["mean_range"] == 3


def test_adx_slope_looks_five_bars_back() -> None:
    bars = [bar(i, high=4802 + i % 7, low=4800 - i % 5, close=4801) for i in range(40)]
    figures = [inputs_after(bars[: i + 1]) for i in range(40)]
    assert figures[31]["adx_slope"] is None
    assert figures[32]["adx_slope"] == figures[32]["adx"] - figures[27]["adx"]


def test_atr_percentile_needs_one_value_before() -> None:
    bars = [bar(i, high=4801 + i) for i in range(16)]
    assert inputs_after(bars[:15])["atr_percentile"] is None
    assert inputs_after(bars)["atr_percentile"] == 100


def test_atr_percentile_is_of_the_last_fifty() -> None:
    percentile = DayRegime(DAY, RegimeRules()).percentile
    for value in (1, *[9] * 49):
        percentile.update(value)
    assert percentile.update(5) == 2  # the 1 is the fiftieth back
    assert percentile.update(4) == 0


def test_minutes_of_the_session() -> None:
    day = DayRegime(DAY, RegimeRules())
    figures = day.inputs(bar(end=10 * HOUR + MINUTE // 2))
    assert (figures["minutes_since_open"], figures["minutes_to_close"]) == (60.5, 359.5)


def test_delta_slope_and_its_limit() -> None:
    steady = [bar(i, cum_delta=7 * i) for i in range(20)]
    assert inputs_after(steady[:9])["delta_slope"] is None
    assert inputs_after(steady[:10])["delta_slope"] == 7
    assert inputs_after(steady[:18])["delta_slope_limit"] is None
    assert inputs_after(steady[:19])["delta_slope_limit"] == 0
    burst = [bar(i, cum_delta=0) for i in range(59)]
    limit = inputs_after([*burst, bar(59, cum_delta=825)])
    # forty-nine slopes of 0 and one of 45: the mean is 0.9, the variance 45 * 45 * 49 / 2500
    assert limit["delta_slope"] == 45
    assert limit["delta_slope_limit"] == pytest.approx(2 * 45 * 7 / 50)


def test_distance_from_the_session_vwap_in_ticks() -> None:
    assert inputs_after([bar(0, session_notional=5 * 4797 + 5 * 4798)])["vwap_distance"] == 2.5
    assert inputs_after([bar(0, session_notional=0, session_volume=0)])["vwap_distance"] is None


def test_a_steady_rise_is_an_uptrend() -> None:
    day = DayRegime(replace(DAY, open=23 * HOUR, entries_from=23 * HOUR, entries_to=23 * HOUR,
                            flatten_at=23 * HOUR, close=24 * HOUR), RegimeRules())  # fmt: skip
    for i in range(40):
        reading = day.read(
            bar(
                i, high=4810 + 4 * i, low=4800 + 4 * i, close=4808 + 4 * i, cum_delta=50 * i,
                session_notional=48100,
            )
        )  # fmt: skip
    assert reading.regime == Regime.TRENDING_UP
    # ADX over 25, not rising: 2; averages 2.5; structure 2; delta 1.5
    assert reading.scores[UP] == 8
    assert reading.scores[DOWN] == 2
    assert reading.confidence == 0.5 + 0.5 * (8 - max(reading.scores[1:])) / 8
