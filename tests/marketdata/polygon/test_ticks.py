"""Synthetic ticks of a minute: its bar exactly, the same every time, in any split."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ticks import NS, TickColumns
from marketdata.feeds.polygon.ticks import MINUTE_NS, MOST_TICKS, Minute, minute_ticks
from marketdata.sides import TickRule

START = 1_731_508_200 * NS  # 2024-11-13 09:30 New York

PRICES = [0, 1, 1, 2, 1, 0, -1, -2, 1, 4, 4, 3]
SIZES = [26, 69, 38, 229, 22, 71, 52, 756, 175, 174, 269, 464]
SIDES = [1, 1, 1, 1, -1, -1, -1, -1, 1, 1, 1, -1]
MILLISECONDS = [152, 830, 8397, 18330, 20640, 24202, 30212, 36053, 38378, 41355, 44748, 48108]


@st.composite
def minutes(draw: Any, most_volume: int = 2**31 - 1) -> Minute:
    """Bars that trades can have made, of any shape."""
    low = draw(st.integers(1, 100_000))
    high = low + draw(st.sampled_from([0, 1, 2, 3, 20, 500]) | st.integers(0, 5_000))
    within = st.sampled_from([low, high]) | st.integers(low, high)
    known = draw(st.none() | st.integers(1, 3_000))
    bar = Minute(
        START + draw(st.integers(0, 389)) * MINUTE_NS, draw(within), high, low, draw(within), 0,
    )  # fmt: skip
    volume = draw(st.integers(bar.needed, bar.needed + 5) | st.integers(bar.needed, most_volume))
    notional = draw(st.none() | st.integers(low * volume, high * volume))
    return bar._replace(volume=volume, transactions=known or 0, notional=notional)


def bar_of(ticks: TickColumns) -> tuple[int, ...]:
    price = ticks.price.tolist()
    return (price[0], max(price), min(price), price[-1], sum(ticks.size.tolist()))


def notional(ticks: TickColumns) -> int:
    return sum(p * s for p, s in zip(ticks.price.tolist(), ticks.size.tolist(), strict=True))


@given(minutes(), st.integers(0, 2**32))
def test_ticks_make_their_bar_exactly(minute: Minute, seed: int) -> None:
    assert minute.possible
    ticks = minute_ticks(minute, "SPY", seed)
    assert bar_of(ticks) == minute[1:6]
    assert [column.dtype for column in ticks] == [np.int64, np.int32, np.int32, np.int8]
    assert len(set(map(len, ticks))) == 1
    assert minute.ts <= ticks.ts[0]
    assert (np.diff(ticks.ts) >= 0).all()
    assert ticks.ts[-1] < minute.ts + MINUTE_NS
    assert ticks.size.min() >= 1
    assert set(ticks.side.tolist()) <= {-1, 1}


@given(minutes())
def test_there_are_as_many_ticks_as_transactions_where_that_can_be(minute: Minute) -> None:
    count = len(minute_ticks(minute, "SPY", 1).ts)
    wanted = minute.transactions or minute.volume // 100
    assert count == max(minute.needed, min(wanted, minute.volume, MOST_TICKS))


@given(minutes(), st.integers(0, 9), st.sampled_from(["SPY", "QQQ"]))
def test_the_same_minute_has_the_same_ticks(minute: Minute, seed: int, symbol: str) -> None:
    first, again = (minute_ticks(minute, symbol, seed) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("change", ["seed", "symbol", "minute"])
def test_another_seed_symbol_or_minute_has_others(change: str) -> None:
    minute = Minute(START, 60_000, 60_030, 59_980, 60_010, 100_000, 500)
    ticks = minute_ticks(minute, "SPY", 1)
    later = minute._replace(ts=START + (MINUTE_NS if change == "minute" else 0))
    symbol, seed = ("QQQ" if change == "symbol" else "SPY"), (2 if change == "seed" else 1)
    other = minute_ticks(later, symbol, seed)
    assert bar_of(other) == bar_of(ticks)
    assert not np.array_equal(other.price, ticks.price)
    assert not np.array_equal(other.ts - later.ts, ticks.ts - START)


def test_the_ticks_of_one_minute_are_what_they_have_always_been() -> None:
    """Stored sessions are replayed from the same bars: a change of method needs a new METHOD."""
    minute = Minute(START, 60_000, 60_004, 59_998, 60_003, 2_345, 12, 60_001 * 2_345 + 17)
    ticks = minute_ticks(minute, "SPY", 7)
    assert (ticks.price - 60_000).tolist() == PRICES
    assert ticks.size.tolist() == SIZES
    assert ticks.side.tolist() == SIDES
    assert ((ticks.ts - START) // 10**6).tolist() == MILLISECONDS


@given(minutes(most_volume=10**7))
def test_the_vwap_is_right_to_the_step_between_its_prices(minute: Minute) -> None:
    ticks = minute_ticks(minute, "SPY", 1)
    if minute.notional is None:
        return
    price = ticks.price.astype(np.int64)
    spare = minute.volume - len(price)  # the rest is one share a tick
    ones = int(price.sum())
    wanted = min(max(minute.notional, ones + spare * minute.low), ones + spare * minute.high)
    levels = np.unique(price)
    widest = int(np.diff(levels).max()) if len(levels) > 1 else 1
    assert abs(notional(ticks) - wanted) < widest


def test_the_vwap_of_a_busy_minute_is_exact() -> None:
    for share in range(1, 40):
        wanted = 60_000 * 500_000 + share * 12_345
        minute = Minute(START, 60_000, 60_030, 59_980, 60_010, 500_000, 2_000, wanted)
        assert notional(minute_ticks(minute, "SPY", share)) == wanted


def test_a_vwap_beyond_the_range_is_met_as_nearly_as_prices_allow() -> None:
    minute = Minute(START, 100, 110, 100, 105, 10_000, 50, 120 * 10_000)
    ticks = minute_ticks(minute, "SPY", 1)
    assert bar_of(ticks) == minute[1:6]
    assert notional(ticks) == int(ticks.price.sum()) + (10_000 - 50) * 110


def test_sides_are_the_tick_rule_s_of_the_minute_alone() -> None:
    ticks = minute_ticks(Minute(START, 60_000, 60_030, 59_980, 60_010, 100_000, 500), "SPY", 3)
    rule = TickRule()(ticks.price)
    assert np.array_equal(ticks.side[rule != 0], rule[rule != 0])
    assert len(set(ticks.side[rule == 0].tolist())) <= 1


def test_prices_move_like_a_tape_and_reach_high_and_low_anywhere() -> None:
    places = []
    for k in range(200):
        minute = Minute(START + k * MINUTE_NS, 60_000, 60_020, 59_985, 60_010, 150_000, 1_500)
        price = minute_ticks(minute, "SPY", 1).price.astype(np.int64)
        steps = np.abs(np.diff(price))
        assert steps.max() <= 4
        assert 0.2 < (steps > 0).mean() < 0.7
        places.append(int(price.argmin()) / len(price))
    assert 0.1 < np.mean(places) < 0.5  # a rising minute finds its low early, mostly
    assert np.max(places) > 0.7


@pytest.mark.parametrize(
    ("bar", "possible"),
    [
        ((100, 100, 100, 100, 1), True),
        ((100, 101, 100, 101, 1), False),  # two prices, one share
        ((100, 101, 100, 101, 2), True),
        ((100, 102, 99, 101, 3), False),
        ((100, 102, 99, 101, 4), True),
        ((100, 102, 100, 100, 2), False),
        ((100, 102, 100, 100, 3), True),
        ((100, 100, 100, 100, 0), False),
        ((100, 99, 98, 98, 50), False),  # open above the high
        ((100, 102, 101, 102, 50), False),
        ((0, 1, 0, 1, 50), False),
    ],
)
def test_bars_that_no_trades_can_have_made(bar: tuple[int, ...], possible: bool) -> None:
    assert Minute(START, *bar).possible is possible


@pytest.mark.parametrize("transactions", [0, 1, 7, 2**31])
@pytest.mark.parametrize("bar", [(1, 2**31 - 1, 1, 2**31 - 1), (5, 5, 1, 2**31 - 1)[::-1]])
def test_the_largest_numbers_that_are_let_in(bar: tuple[int, ...], transactions: int) -> None:
    prices = (bar[0], max(bar), min(bar), bar[-1])
    for part in (0, 1, 2):
        wanted = (2**31 - 1) * (min(bar) + (max(bar) - min(bar)) * part // 2)
        minute = Minute(START, *prices, 2**31 - 1, transactions, wanted)
        assert bar_of(minute_ticks(minute, "SPY", 1)) == minute[1:6]
