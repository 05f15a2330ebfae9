"""EMA, ATR and ADX against TA-Lib, which others wrote and everybody charts with.

All start where ours do and agree at once but ADX: TA-Lib starts Wilder's sums with 13 movements,
where his book, and we, take 14. The difference decays by a fourteenth a bar; from bar 500 on it is
below rounding, so there ADX is compared (the first ones are compared with the oracle).
"""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
import talib

from engine.compiled import njit
from engine.config import BarRules, engine_config
from engine.engine import Engine
from engine.events import Bar, BarClosed
from engine.indicators import HISTORY, step
from engine.instruments import instrument
from engine.rules import compiled_rules
from engine.schedule import Schedule
from engine.ticks import TickArray, joined
from marketdata.calendars import schedule
from marketdata.feeds.files import open_file
from tests.engine.markets import random_market
from tests.oracle.days import ALL_DAY

Column = npt.NDArray[np.float64]
Indicator = Callable[[Column, Column, Column], Column]
THEIRS: dict[str, tuple[Indicator, int]] = {
    # The indicator, and from which bar on (counted from 0) it is compared.
    "ema_fast": (lambda high, low, close: talib.EMA(close, 9), 0),
    "ema_slow": (lambda high, low, close: talib.EMA(close, 21), 0),
    "atr": (lambda high, low, close: talib.ATR(high, low, close, 14), 0),
    "adx": (lambda high, low, close: talib.ADX(high, low, close, 14), 500),
}
FIRST = {"ema_fast": 8, "ema_slow": 20, "atr": 14, "adx": 27}
"""The bar with the first value, in both."""


def assert_as_talib(name: str, ours: Column, high: Column, low: Column, close: Column) -> None:
    """NaN is "not available yet"."""
    indicator, start = THEIRS[name]
    theirs = indicator(high, low, close)
    assert np.flatnonzero(~np.isnan(theirs))[0] == np.flatnonzero(~np.isnan(ours))[0] == FIRST[name]
    assert len(ours) > start + 100
    np.testing.assert_allclose(ours[start:], theirs[start:], rtol=1e-9, atol=1e-9)


def random_bars(seed: int, count: int = 1_500) -> npt.NDArray[np.void]:
    """A table of bars with gaps, inside and outside bars, bars of one price, and stretches in
    which nothing moves."""
    rng = np.random.default_rng(seed)
    table = np.zeros(count, HISTORY)
    still = rng.random(count // 50).repeat(50) < 0.1
    middle = 20_000 + np.cumsum(np.where(still, 0, rng.integers(-12, 13, count)))
    table["high"] = middle + np.where(still, 0, rng.integers(0, 15, count))
    table["low"] = middle - np.where(still, 0, rng.integers(0, 15, count))
    table["close"] = rng.integers(table["low"], table["high"] + 1)
    return table


@pytest.mark.parametrize("name", THEIRS)
@pytest.mark.parametrize("seed", range(5))
def test_compiled_indicators_are_talib_s(name: str, seed: int) -> None:
    table = random_bars(seed)
    rules, one_bar = compiled_rules(engine_config("ES")), njit(step)
    for last in range(len(table)):
        one_bar(table, last, rules[0])
    high, low, close = (table[key].astype(np.float64) for key in ("high", "low", "close"))
    assert_as_talib(name, table[name], high, low, close)


def longest_day(ticks: TickArray, symbol: str, bars: BarRules, days: Schedule) -> list[Bar]:
    """The bars of the trading day that has most: indicators begin anew with each."""
    engine = Engine(engine_config(symbol, bars=bars), days)
    made: list[list[Bar]] = []
    for event in engine.push(ticks):
        if isinstance(event, BarClosed):
            if event.bar.index == 0:
                made.append([])
            made[-1].append(event.bar)
    return max(made, key=len)


def assert_readings_as_talib(bars: list[Bar]) -> None:
    high, low, close = (
        np.array([getattr(bar, key) for bar in bars], np.float64)
        for key in ("high", "low", "close")
    )
    for name in THEIRS:
        values = [bar.reading.inputs[name] for bar in bars if bar.reading is not None]
        ours = np.array([math.nan if value is None else value for value in values])
        assert_as_talib(name, ours, high, low, close)


@pytest.mark.parametrize("kind", [BarRules(60), BarRules(kind="tick", size=30)])
def test_readings_of_random_bars_are_talib_s(kind: BarRules) -> None:
    ticks = random_market(17, ticks=40_000, hours=23.5)
    assert_readings_as_talib(longest_day(ticks, "ES", kind, ALL_DAY))


@pytest.mark.data
@pytest.mark.parametrize(
    ("file", "symbol", "kind", "side"),
    [
        ("es/esh4-glbx-mdp3-20231225.mbo.dbn.zst", "ES", BarRules(kind="tick", size=4), None),
        ("es/es_20130901_500k_noside.csv.gz", "ES", BarRules(60), "tick-rule"),
        ("binance/usdm_btcusdt_20240808.gz", "BTCUSDT", BarRules(kind="tick", size=20), None),
    ],
)
def test_readings_of_recorded_bars_are_talib_s(
    recorded_data: Path, file: str, symbol: str, kind: BarRules, side: Literal["tick-rule"] | None
) -> None:
    ticks = joined(open_file(recorded_data / file, symbol, side=side).blocks()).records()
    days = schedule(instrument(symbol), "all")
    assert_readings_as_talib(longest_day(ticks, symbol, kind, days))
