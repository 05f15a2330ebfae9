"""The oracle's ticks and bars, on ladders small enough to add up by eye."""

from dataclasses import replace

import pytest

from engine.config import BarRules
from engine.ticks import MAX_LADDER, MAX_TS, NS
from tests.oracle.bars import Bar, DayBars, by_bar, point_of_control, value_area
from tests.oracle.days import ALL_DAY, DAY, HOUR, MINUTE, Days
from tests.oracle.ladder import Tick, ladder, ladders
from tests.oracle.ticks import Dropped, good_ticks

TIME_BARS = BarRules()


def bars_of(ticks: list[Tick], schedule: Days = ALL_DAY, rules: BarRules = TIME_BARS) -> list[Bar]:
    """The bars of one trading day."""
    groups = list(by_bar(good_ticks(ticks, schedule, rules, []), schedule, rules))
    day = DayBars(groups[0].day)
    return [day.close(group) for group in groups]


def sift(ticks: list[Tick], schedule: Days = ALL_DAY) -> tuple[list[Tick], list[str]]:
    """Good ticks, and the reasons of the others."""
    dropped: list[Dropped] = []
    good = list(good_ticks(ticks, schedule, TIME_BARS, dropped))
    return good, [drop.reason for drop in dropped]


def test_bar_of_a_picture() -> None:
    (bar,) = bars_of(
        ladder("""
            4803 |   0 x 30
            4802 |  12 x  8   close
            4801 |   5 x 40 + 3
            4800 |  25 x  0   open
        """)
    )
    assert (bar.open, bar.high, bar.low, bar.close) == (4800, 4803, 4800, 4802)
    assert (bar.volume, bar.buy_volume, bar.sell_volume, bar.delta) == (123, 78, 42, 36)
    assert bar.levels == [[4800, 25, 0, 0], [4801, 5, 40, 3], [4802, 12, 8, 0], [4803, 0, 30, 0]]
    assert bar.notional == 25 * 4800 + 48 * 4801 + 20 * 4802 + 30 * 4803
    assert (bar.start, bar.end, bar.index) == (0, 300 * NS, 0)


def test_running_delta_starts_from_zero() -> None:
    prices = [(0, 4800, 4, 1), (1, 4800, 9, -1), (2, 4800, 50, 0), (3, 4800, 6, 1)]
    (bar,) = bars_of(prices)
    assert (bar.min_delta, bar.max_delta, bar.delta, bar.trades) == (-5, 4, 1, 4)
    (bar,) = bars_of([(0, 4800, 4, 1)])
    assert (bar.min_delta, bar.max_delta) == (0, 4)


def test_bars_without_trades_are_no_bars() -> None:
    bars = bars_of(ladders("4800 | 1 x 2", "", "4801 | 4 x 3"))
    assert [(bar.index, bar.start // NS, bar.cum_delta) for bar in bars] == [(0, 0, 1), (1, 600, 0)]


def test_tick_at_the_end_belongs_to_the_next_bar() -> None:
    bars = bars_of([(300 * NS - 1, 4800, 1, 1), (300 * NS, 4801, 2, 1)])
    assert [(bar.start // NS, bar.volume) for bar in bars] == [(0, 1), (300, 2)]


def test_bar_is_cut_by_the_trading_day() -> None:
    schedule = Days(roll=22 * HOUR + 2 * MINUTE)
    ticks = [(22 * HOUR + MINUTE, 4800, 1, 1), (22 * HOUR + 3 * MINUTE, 5800, 2, 1)]
    groups = list(by_bar(good_ticks(ticks, schedule, TIME_BARS, []), schedule, TIME_BARS))
    assert [(group.start // MINUTE, group.end // MINUTE) for group in groups] == [
        (22 * 60, 22 * 60 + 2),
        (22 * 60 + 2, 22 * 60 + 5),
    ]
    assert groups[0].day.end == groups[1].day.start


def test_session_sums_restart_at_the_open_inside_a_bar() -> None:
    schedule = replace(ALL_DAY, open=7 * MINUTE, entries_from=7 * MINUTE)
    bars = bars_of(
        [
            (1 * MINUTE, 4800, 1, 1),
            (6 * MINUTE, 4801, 2, 1),
            (7 * MINUTE, 4802, 4, 0),
            (11 * MINUTE, 4803, 8, -1),
        ],
        schedule,
    )
    assert [bar.session_volume for bar in bars] == [1, 4, 12]
    assert [bar.session_notional for bar in bars] == [4800, 4 * 4802, 4 * 4802 + 8 * 4803]


def test_bar_that_ends_at_the_open_has_the_sums_from_before() -> None:
    schedule = replace(ALL_DAY, open=5 * MINUTE, entries_from=5 * MINUTE)
    bars = bars_of([(1, 4800, 1, 1), (5 * MINUTE, 4801, 2, 1)], schedule)
    assert [bar.session_volume for bar in bars] == [1, 2]


def test_bar_with_the_open_after_its_last_trade_has_no_session_volume() -> None:
    (bar,) = bars_of([(1, 4800, 1, 1)], replace(ALL_DAY, open=4 * MINUTE, entries_from=4 * MINUTE))
    assert (bar.session_volume, bar.session_notional) == (0, 0)


@pytest.mark.parametrize(
    ("volumes", "poc"),
    [
        ({10: 5, 11: 9, 12: 5}, 11),
        ({10: 9, 11: 9, 14: 1}, 11),  # the middle is 12
        ({10: 9, 11: 1, 12: 9}, 10),  # equally near: the lower
        ({10: 9, 13: 9}, 10),
        ({10: 1, 12: 9, 13: 9, 15: 1}, 12),  # the middle is 12.5
        ({10: 1, 12: 9, 13: 9, 16: 1}, 13),
        ({10: 7}, 10),
    ],
)
def test_point_of_control(volumes: dict[int, int], poc: int) -> None:
    assert point_of_control(volumes) == poc


@pytest.mark.parametrize(
    ("volumes", "area"),
    [
        ({10: 100}, (10, 10)),
        ({10: 70, 11: 30}, (10, 10)),  # exactly 70 % is enough
        ({10: 69, 11: 31}, (10, 11)),  # the second price of the pair is beyond the range
        ({9: 31, 10: 69}, (9, 10)),
        # 8+9 against 11+12: the upper on a tie
        ({8: 10, 9: 10, 10: 60, 11: 10, 12: 10}, (10, 12)),
        ({8: 10, 9: 11, 10: 59, 11: 10, 12: 10}, (8, 10)),
        # a pair is taken whole, its empty price too
        ({10: 60, 11: 20, 12: 0, 13: 10, 14: 10}, (10, 12)),
        # across a hole of pairs: both sides empty, the upper goes on
        ({5: 20, 10: 60, 15: 20}, (10, 15)),
        # above exhausted: below goes on through a hole
        ({5: 35, 10: 60, 11: 5}, (5, 11)),
        # below exhausted
        ({9: 5, 10: 60, 15: 35}, (9, 15)),
        # comparison goes on from pair to pair
        ({6: 9, 7: 9, 8: 9, 9: 9, 10: 20, 11: 8, 12: 8, 13: 9, 14: 9, 15: 10}, (6, 12)),
    ],
)
def test_value_area(volumes: dict[int, int], area: tuple[int, int]) -> None:
    assert value_area(volumes, 10) == area


@pytest.mark.parametrize(
    ("tick", "reason"),
    [
        ((0, 0, 0, 9), "price"),
        ((0, -1, 1, 1), "price"),
        ((0, 4800, 0, 9), "size"),
        ((0, 4800, -2, 1), "size"),
        ((0, 9999, 1, 2), "side"),
        ((-1, 9999, 1, 1), "time"),
        ((MAX_TS + 1, 4800, 1, 1), "time"),
        ((8 * NS, 9999, 1, 1), "late"),
        ((9 * NS - 1, 4800, 1, 1), "late"),
        ((11 * NS, 5041, 1, 1), "jump"),
        ((11 * NS, 4559, 1, 1), "jump"),
    ],
)
def test_bad_tick_is_dropped_with_the_first_reason(tick: Tick, reason: str) -> None:
    first, last = (10 * NS, 4800, 1, 1), (10 * NS, 4801, 1, 1)
    dropped: list[Dropped] = []
    assert list(good_ticks([first, tick, last], ALL_DAY, TIME_BARS, dropped)) == [first, last]
    assert dropped == [Dropped(tick[0], reason, *tick[1:])]


def test_smallest_good_tick_and_last_good_time() -> None:
    ticks = [(0, 1, 1, 0), (MAX_TS, 1, 1, 0)]
    assert sift(ticks) == (ticks, [])


def test_five_percent_is_no_jump() -> None:
    assert sift([(0, 4800, 1, 1), (1, 5040, 1, 1), (2, 4788, 1, 1)])[1] == []


def test_small_reordering_is_kept_with_its_time_raised() -> None:
    good, reasons = sift([(10 * NS, 4800, 1, 1), (9 * NS, 4801, 1, 1)])
    assert (good[1], reasons) == ((10 * NS, 4801, 1, 1), [])


def test_dropped_tick_moves_neither_time_nor_level() -> None:
    good, reasons = sift([(0, 4800, 1, 1), (90 * NS, 9600, 1, 1), (1, 4801, 1, 1)])
    assert reasons == ["jump"]
    assert good[-1] == (1, 4801, 1, 1)


def test_fifth_jump_that_agrees_is_the_new_level() -> None:
    good, reasons = sift([(0, 4800, 1, 1), *((i, 6000 + i, 1, 1) for i in range(1, 8))])
    assert [price for _, price, _, _ in good] == [4800, 6005, 6006, 6007]
    assert reasons == ["jump"] * 4


def test_jumps_that_disagree_or_are_interrupted_count_anew() -> None:
    ticks = [(0, 4800, 1, 1), *((1, 6000, 1, 1) for _ in range(4)), (1, 9000, 1, 1)]
    assert sift(ticks)[1] == ["jump"] * 5
    ticks += [(1, 9000, 1, 1)] * 3
    assert sift(ticks)[1] == ["jump"] * 8
    assert sift([*ticks, (1, 4800, 1, 1), (1, 9000, 1, 1)])[1] == ["jump"] * 9
    assert sift([*ticks, (1, 9000, 1, 1)])[1] == ["jump"] * 8


def test_first_tick_of_a_trading_day_cannot_jump() -> None:
    assert sift([(DAY - 1, 4800, 1, 1), (DAY, 9000, 1, 1)])[1] == []


def test_tick_that_makes_the_bar_too_wide_is_dropped() -> None:
    base = 40 * MAX_LADDER
    widest = base + MAX_LADDER - 1
    ticks = [(0, base, 1, 1), (1, widest + 1, 1, 1), (2, widest, 1, 1), (3, base - 1, 1, 1)]
    good, reasons = sift(ticks)
    assert [price for _, price, _, _ in good] == [base, widest]
    assert reasons == ["range", "range"]
    ticks = [(0, base, 1, 1), (300 * NS, widest + 1, 1, 1), (300 * NS, widest + 2, 1, 1)]
    assert sift(ticks)[1] == []


def test_day_that_starts_with_this_tick_is_the_one_that_jumps_are_measured_in() -> None:
    ticks = [(0, 4800, 1, 1), (DAY, 9000, 1, 1), (DAY + 1, 4800, 1, 1)]
    assert sift(ticks)[1] == ["jump"]


# Bars that a trade fills


def filled(kind: str, size: int, *trades: tuple[int, int, int]) -> list[tuple[int, ...]]:
    """Bars of trades (price, size, side), one a second: start, end, number of trades, index."""
    ticks = [(i * NS, *trade) for i, trade in enumerate(trades)]
    bars = bars_of(ticks, rules=BarRules(kind=kind, size=size))
    return [(bar.start // NS, bar.end // NS, bar.trades, bar.index) for bar in bars]


def test_tick_bar_ends_with_its_last_trade() -> None:
    trade = (4800, 1, 1)
    assert filled("tick", 2, trade, trade, trade, trade) == [(0, 1, 2, 0), (2, 3, 2, 1)]
    assert filled("tick", 1, trade, trade) == [(0, 0, 1, 0), (1, 1, 1, 1)]


def test_bar_that_is_not_full_when_the_data_ends_ends_with_its_last_trade() -> None:
    assert filled("tick", 3, *[(4800, 1, 1)] * 5) == [(0, 2, 3, 0), (3, 4, 2, 1)]


def test_volume_bar_takes_its_last_trade_whole() -> None:
    trades = [(4800, size, 0) for size in (3, 4, 9, 1, 10)]
    assert filled("volume", 10, *trades) == [(0, 2, 3, 0), (3, 4, 2, 1)]


def test_range_bar_is_full_when_high_less_low_reaches_its_size() -> None:
    trades = [(price, 1, 0) for price in (4800, 4802, 4799, 4804, 4801)]
    assert filled("range", 3, *trades) == [(0, 2, 3, 0), (3, 4, 2, 1)]


def test_delta_bar_is_full_when_buyers_or_sellers_lead_by_its_size() -> None:
    trades = [(4800, 5, 1), (4800, 3, -1), (4800, 9, 0), (4800, 3, 1), (4800, 5, -1)]
    assert filled("delta", 5, *trades) == [(0, 0, 1, 0), (1, 4, 4, 1)]


def test_trades_of_one_moment_fill_bars_one_after_the_other() -> None:
    bars = bars_of([(7, 4800 + i, 1, 1) for i in range(4)], rules=BarRules(kind="tick", size=2))
    assert [(bar.start, bar.end, bar.open) for bar in bars] == [(7, 7, 4800), (7, 7, 4802)]


def test_day_ends_a_bar_that_is_not_full() -> None:
    ticks = [(DAY - NS, 4800, 1, 1), (DAY, 4801, 1, 1), (DAY + 1, 4802, 1, 1)]
    rules = BarRules(kind="tick", size=2)
    groups = list(by_bar(good_ticks(ticks, ALL_DAY, rules, []), ALL_DAY, rules))
    assert [(group.start, group.end, group.full) for group in groups] == [
        (DAY - NS, DAY, False),
        (DAY, DAY + 1, True),
    ]


def test_width_is_measured_within_a_bar_of_any_kind() -> None:
    far = 40_000_000
    ticks = [(0, far, 1, 1), (1, far + MAX_LADDER - 1, 1, 1), (2, far - 1, 1, 1)]
    for size, reasons in ((2, []), (3, ["range"])):
        dropped: list[Dropped] = []
        list(good_ticks(ticks, ALL_DAY, BarRules(kind="tick", size=size), dropped))
        assert [drop.reason for drop in dropped] == reasons


def test_trade_that_fills_a_bar_at_the_open_is_the_session_s_first() -> None:
    schedule = replace(ALL_DAY, open=5 * NS, entries_from=5 * NS)
    ticks = [(4 * NS, 4800, 7, 1), (5 * NS, 4801, 2, 1), (6 * NS, 4801, 1, 1)]
    bars = bars_of(ticks, schedule, BarRules(kind="tick", size=2))
    assert [bar.session_volume for bar in bars] == [2, 3]
