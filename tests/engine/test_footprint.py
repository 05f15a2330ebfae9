"""Bars from ticks, field by field; how the ladder grows; where bars are cut."""

from dataclasses import replace

import numpy as np
import pytest

from engine.config import BarRules, EngineConfig, engine_config
from engine.events import Bar, BarClosed, TickDropped
from engine.footprint import fit_ladder, new_ladder
from engine.ticks import NS, TICK, columns, joined
from tests.engine.drive import BAR, DAY_0, Driven, at, of
from tests.oracle.days import ALL_DAY, DAY, HOUR, Days
from tests.oracle.ladder import Tick, ladder, tick_array


def bars(ticks: list[Tick], config: EngineConfig | None = None, days: Days = ALL_DAY) -> list[Bar]:
    """All bars of these ticks, the last one too."""
    driven = Driven(config or engine_config("ES"), days)
    driven.push(ticks)
    driven.finish()
    assert driven.said(TickDropped) == []
    return driven.bars


def only(picture: str) -> Bar:
    (bar,) = bars(ladder(picture, at(0)))
    return bar


def ticks_at(*prices: int, start: int = 0, size: int = 1) -> list[Tick]:
    return [(at(start + n), price, size, 0) for n, price in enumerate(prices)]


def test_every_field_of_a_bar() -> None:
    bar = only("""
        4803 |  0 x 30
        4802 | 12 x  8   close
        4801 |  5 x 40 + 3
        4800 | 25 x  0   open
    """)
    assert (bar.index, bar.start, bar.end) == (0, at(0), at(BAR))
    assert (bar.open, bar.high, bar.low, bar.close) == (4800, 4803, 4800, 4802)
    assert (bar.volume, bar.buy_volume, bar.sell_volume) == (123, 78, 42)
    # In order: -25, -5, +40, (+3 unknown), -12, +7, +30; the last lot of the close is a buy.
    assert (bar.delta, bar.min_delta, bar.max_delta, bar.cum_delta) == (36, -30, 36, 36)
    assert bar.trades == 9
    assert (bar.poc, bar.vah, bar.val) == (4801, 4803, 4801)
    notional = 25 * 4800 + 48 * 4801 + 20 * 4802 + 30 * 4803
    assert (bar.notional, bar.session_notional, bar.session_volume) == (notional, notional, 123)
    assert bar.levels.tolist() == [
        [4800, 25, 0, 0], [4801, 5, 40, 3], [4802, 12, 8, 0], [4803, 0, 30, 0],
    ]  # fmt: skip
    assert bar.levels.dtype == np.int64
    assert not bar.warm_up


def test_prices_between_that_did_not_trade_are_no_levels() -> None:
    bar = only("4805 | 1 x 2\n4800 | 3 x 4")
    assert bar.levels.tolist() == [[4800, 3, 4, 0], [4805, 1, 2, 0]]


def test_unknown_volume_counts_to_the_total_only() -> None:
    bar = only("4801 | 0 x 0 + 50\n4800 | 2 x 3")
    assert (bar.volume, bar.buy_volume, bar.sell_volume, bar.delta) == (55, 3, 2, 1)
    assert (bar.poc, bar.buy_imbalances) == (4801, ())
    assert bar.levels.tolist() == [[4800, 2, 3, 0], [4801, 0, 0, 50]]


def test_running_delta_starts_from_zero() -> None:
    assert [(b.min_delta, b.max_delta) for b in (only("4800 | 0 x 7"), only("4800 | 7 x 0"))] == [
        (0, 7), (-7, 0),
    ]  # fmt: skip


def test_running_delta_is_watched_at_every_trade() -> None:
    """Whatever number of ticks the scan takes at once."""
    sides = [1, 1, 1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, -1]
    for length in range(1, len(sides) + 1):
        ticks = [(at(n), 4800, 1, side) for n, side in enumerate(sides[:length])]
        running = np.cumsum(sides[:length])
        (bar,) = bars(ticks)
        assert (bar.delta, bar.min_delta, bar.max_delta) == (
            running[-1], min(0, running.min()), max(0, running.max()),
        )  # fmt: skip


def test_sizes_of_a_whole_int32_add_up() -> None:
    big = 2**31 - 1
    (bar,) = bars([(at(n), 4800, big, 1 if n < 6 else -1) for n in range(9)])
    assert (bar.volume, bar.delta, bar.max_delta) == (9 * big, 3 * big, 6 * big)
    assert bar.notional == 9 * big * 4800


# Where bars begin and end


@pytest.mark.parametrize("seconds", [1, 7, 60, 300, 3600, 86_400])
def test_bars_are_aligned_to_the_epoch(seconds: int) -> None:
    config = engine_config("ES", bars=BarRules(seconds))
    ticks = [(at(40_000) + n * 977 * NS, 4800, 1, 0) for n in range(40)]
    for bar in bars(ticks, config):
        assert bar.start == max(bar.start // (seconds * NS) * seconds * NS, DAY_0)
        if bar.start % (seconds * NS) == 0:
            assert bar.end == min(bar.start + seconds * NS, DAY_0 + DAY)


def test_bars_are_cut_at_the_day_s_start_and_end() -> None:
    """A day that rolls at a time that 7 minutes do not divide."""
    days = Days(roll=HOUR)
    config = engine_config("ES", bars=BarRules(420))
    roll = DAY_0 + HOUR
    (before, after) = bars([(roll - 1, 4800, 1, 0), (roll, 4800, 1, 0)], config, days)
    assert (before.end, after.start) == (roll, roll)
    length = 420 * NS
    assert before.start == roll - 1 - (roll - 1) % length
    assert after.end == roll - roll % length + length
    assert after.end - after.start < length
    assert (before.index, after.index) == (0, 0)


def test_a_tick_at_the_end_is_in_the_next_bar() -> None:
    one, two = bars([(at(0), 4800, 1, 0), (at(BAR), 4801, 1, 0)])
    assert (one.high, one.end, two.low, two.start) == (4800, at(BAR), 4801, at(BAR))


def test_no_trades_no_bar() -> None:
    made = bars(ticks_at(4800) + ticks_at(4800, start=10 * BAR))
    assert [(bar.index, bar.start) for bar in made] == [(0, at(0)), (1, at(10 * BAR))]


def test_session_sums_begin_again_at_the_open_even_within_a_bar() -> None:
    days = Days(0, 400 * NS, 400 * NS, 20 * HOUR, 21 * HOUR, 22 * HOUR)
    ticks = [
        (at(s), price, 2, 0) for s, price in ((0, 4800), (350, 4810), (450, 4820), (700, 4830))
    ]
    first, second, third = bars(ticks, None, days)
    assert (first.session_notional, first.session_volume) == (9600, 2)
    assert (second.session_notional, second.session_volume) == (2 * 4820, 2)
    assert (third.session_notional, third.session_volume) == (2 * 4820 + 2 * 4830, 4)
    assert (second.notional, second.volume) == (2 * 4810 + 2 * 4820, 4)


# Bars that trades end


@pytest.mark.parametrize(
    ("kind", "size", "ends"),
    [
        ("tick", 3, [3, 6, 9]),
        ("tick", 1, list(range(1, 11))),
        ("volume", 5, [2, 4, 6, 8, 10]),  # 3 lots each: 6 fill it, whole
        ("range", 2, [3, 7]),
        ("delta", 6, [2, 7]),
    ],
)
def test_bars_end_with_the_trade_that_fills_them(kind: str, size: int, ends: list[int]) -> None:
    prices = [4800, 4801, 4802, 4802, 4802, 4801, 4800, 4800, 4801, 4801]
    sides = [1, 1, -1, 1, 0, -1, -1, -1, 1, -1]
    ticks = [(at(n), p, 3, s) for n, (p, s) in enumerate(zip(prices, sides, strict=True))]
    driven = Driven(engine_config("ES", bars=BarRules(kind=kind, size=size)))
    driven.push(ticks)
    done = [sum(bar.trades for bar in driven.bars[: n + 1]) for n in range(len(driven.bars))]
    assert done == ends
    for bar, end in zip(driven.bars, ends, strict=True):
        assert bar.end == at(end - 1)
        assert bar.start == at(end - bar.trades)


def test_a_bar_that_never_fills_ends_with_the_day() -> None:
    driven = Driven(engine_config("ES", bars=BarRules(kind="volume", size=1000)))
    driven.trade(5, 4800)
    assert of(BarClosed, driven.beat(80_000)) == []
    (closed,) = of(BarClosed, driven.beat(0, day=1))
    assert (closed.bar.start, closed.bar.end) == (at(5), at(0, day=1))


# The ladder


@pytest.mark.parametrize("far", [4_000, 4_200, 9_000, 100_000])
def test_prices_far_apart_in_one_bar_keep_their_volumes(far: int) -> None:
    """The ladder is recentred or grows in the middle of the bar, in both directions."""
    base = 5_000_000  # 5 % of it is far enough
    prices = [base, base + 1, base + far, base + 1, base - far, base, base + far // 2]
    (bar,) = bars([(at(n), p, n + 1, [1, -1, 0][n % 3]) for n, p in enumerate(prices)])
    expected: dict[int, list[int]] = {}
    for n, price in enumerate(prices):
        expected.setdefault(price, [0, 0, 0])[[1, 0, 2][n % 3]] += n + 1
    assert bar.levels.tolist() == [[price, *expected[price]] for price in sorted(expected)]
    assert (bar.low, bar.high) == (base - far, base + far)


def test_a_bar_after_a_wide_one_starts_empty() -> None:
    base = 5_000_000
    first, second = bars([(at(0), base, 5, 1), (at(1), base + 50_000, 6, 1), (at(BAR), base, 1, 1)])
    assert first.volume == 11
    assert second.levels.tolist() == [[base, 0, 1, 0]]


def test_a_market_that_drifts_far_over_many_bars_is_followed() -> None:
    prices = [20_000 + 700 * n for n in range(40)]
    made = bars([(at(n * BAR), price, n + 1, 1) for n, price in enumerate(prices)])
    assert [bar.levels.tolist() for bar in made] == [
        [[price, 0, n + 1, 0]] for n, price in enumerate(prices)
    ]


def test_prices_at_the_edge_of_the_type() -> None:
    top = 2**31 - 1
    (bar,) = bars([(at(0), top, 1, 1), (at(1), top - 1, 1, -1)])
    assert (bar.low, bar.high) == (top - 1, top)
    (bar,) = bars([(at(0), 1, 1, 1), (at(1), 1, 2, -1)])
    assert bar.levels.tolist() == [[1, 2, 1, 0]]


@pytest.mark.parametrize("width", [1, 2, 4095, 4096, 4097, 65_536])
@pytest.mark.parametrize("up", [True, False])
def test_a_fitted_ladder_holds_the_bar_and_the_price(width: int, up: bool) -> None:
    driven = Driven(engine_config("ES"))
    driven.push([(at(0), 5_000_000, 1, 1)])
    state = driven.engine._state
    ladder_before = driven.engine._ladder
    price = 5_000_000 + (width - 1 if up else 1 - width)
    fitted = fit_ladder(state, ladder_before, price, 65_536)
    low, high = min(price, 5_000_000), max(price, 5_000_000)
    assert state.base <= low <= high < state.base + state.size
    assert fitted.shape == (4, state.size, 4)
    assert state.size <= 65_536
    assert fitted[:, 5_000_000 - state.base].sum() == 1
    assert new_ladder().sum() == 0


def test_the_tick_record() -> None:
    assert TICK.names == ("ts", "price", "size", "side")
    assert [TICK[name].str for name in TICK.names] == ["<i8", "<i4", "<i4", "|i1"]


def test_ticks_as_columns_and_back() -> None:
    ticks = tick_array(ladder("4801 | 1 x 2 + 3\n4800 | 4 x 5", at(0)))
    made = columns(ticks)
    assert all(column.flags.c_contiguous for column in made)
    assert made.records().tolist() == ticks.tolist()
    halves = joined([columns(ticks[:2]), columns(ticks[2:])])
    assert halves.records().tolist() == ticks.tolist()


def test_bars_are_equal_by_their_levels_too() -> None:
    one = only("4801 | 1 x 2\n4800 | 3 x 4")
    assert one == only("4801 | 1 x 2\n4800 | 3 x 4")
    levels = one.levels.copy()
    levels[0, 1] += 1
    assert one != replace(one, levels=levels)
    assert one != "a bar"
