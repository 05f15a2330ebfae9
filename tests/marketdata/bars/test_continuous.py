"""Front months by the volume of the day before, and the series made of them."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.bars.continuous import adjusted, adjustment, continuous, gaps
from marketdata.bars.days import by_trading_day, trading_days
from marketdata.bars.front import fronts
from marketdata.bars.table import NO_BARS, Bars, joined
from marketdata.errors import FeedError
from tests.marketdata.bars.made import MINUTE, MONDAY, bar, noon, week
from tests.marketdata.bars.test_store import rows

NAMES = ("MCLN4", "MCLQ4", "MCLU4", "MCLV4")


def chosen(bars: Bars) -> list[str]:
    return [each.contract for each in fronts("MCL", bars).days]


def test_the_day_before_decides():
    bars = week(MCLN4=[9, 3, 1, 1], MCLQ4=[4, 8, 20, 20])
    assert chosen(bars) == ["MCLN4", "MCLN4", "MCLQ4", "MCLQ4"]
    (roll,) = fronts("MCL", bars).rolls
    assert (roll.day, roll.left, roll.taken) == (date(2024, 6, 12), "MCLN4", "MCLQ4")
    assert (roll.left_volume, roll.taken_volume) == (3, 8)


def test_it_never_goes_back():
    bars = week(MCLN4=[9, 3, 50, 50], MCLQ4=[4, 8, 20, 1])
    assert chosen(bars) == ["MCLN4", "MCLN4", "MCLQ4", "MCLQ4"]


def test_of_equal_volumes_the_one_that_expires_first():
    assert chosen(week(MCLQ4=[5, 5], MCLN4=[5, 5])) == ["MCLN4", "MCLN4"]


def test_a_front_month_without_trades_is_left_for_a_later_one_and_kept_without_any():
    left = ["MCLN4", "MCLN4", "MCLQ4", "MCLQ4"]
    assert chosen(week(MCLN4=[9, 0, 0, 0], MCLQ4=[4, 1, 1, 1])) == left
    assert chosen(week(MCLQ4=[9, 0, 0, 0], MCLN4=[4, 1, 1, 1])) == ["MCLQ4"] * 4


def test_a_name_that_comes_back_after_ten_years_is_another_contract():
    old, new = date(2014, 6, 10), date(2024, 6, 10)
    bars = joined([bar("MCLN4", old, 9000, 5), bar("MCLN4", new, 7000, 5)])
    assert chosen(bars) == ["MCLN4", "MCLN4"]
    later = joined([bars, bar("MCLQ4", date(2014, 6, 11), 1, 9)])
    assert chosen(later) == ["MCLN4", "MCLN4", "MCLQ4"]


def test_a_spread_has_no_place_among_the_front_months():
    with pytest.raises(FeedError, match="MCLN4-MCLQ4 is no outright future"):
        fronts("MCL", bar("MCLN4-MCLQ4", MONDAY, 10, 5))


def test_nothing_gives_nothing():
    assert fronts("MCL", NO_BARS).days == ()
    assert len(continuous("MCL", NO_BARS, fronts("MCL", NO_BARS))) == 0
    assert len(by_trading_day("MCL", NO_BARS)) == 0


def test_the_gap_is_between_closes_of_the_last_bar_in_which_both_traded():
    day = date(2024, 6, 11)
    bars = joined(
        [
            week(MCLN4=[9, 3, 1], MCLQ4=[4, 8, 20]),
            bar("MCLN4", day, 7033, 1, minute=5), bar("MCLQ4", day, 7040, 1, minute=5),
            bar("MCLQ4", day, 7055, 1, minute=6),
        ]
    )  # fmt: skip
    front = fronts("MCL", bars)
    (gap,) = gaps(bars, front.rolls)
    assert (gap.at, gap.left_close, gap.taken_close) == (noon(day) + 5 * MINUTE, 7033, 7040)
    series = continuous("MCL", bars, front)
    assert adjustment(series, [gap]).tolist() == [7, 7, 7, 0]
    assert adjusted(series, [gap]).close.tolist() == [7007, 7008, 7040, 7012]
    assert series.close.tolist() == [7000, 7001, 7033, 7012]


def test_contracts_that_never_traded_together_cannot_be_adjusted():
    bars = joined(
        [
            bar("MCLN4", MONDAY, 7000, 9), bar("MCLQ4", MONDAY, 7010, 1, minute=1),
            bar("MCLQ4", date(2024, 6, 11), 7010, 1), bar("MCLQ4", date(2024, 6, 12), 7010, 1),
        ]
    )  # fmt: skip
    with pytest.raises(FeedError, match="MCLN4 and MCLQ4 never traded in the same bar"):
        gaps(bars, fronts("MCL", bars).rolls)


def test_a_trading_day_begins_the_evening_before():
    from datetime import time

    from marketdata.calendars import new_york

    evening = new_york(date(2024, 6, 9), time(18))
    bars = Bars.of(
        "MCLN4", start=[evening, evening + 60 * MINUTE, noon(MONDAY)], open=[5, 6, 4],
        high=[7, 6, 9], low=[5, 6, 3], close=[6, 6, 8], volume=[1, 2, 4],
    )  # fmt: skip
    assert rows(by_trading_day("MCL", bars)) == [("MCLN4", evening, 5, 9, 3, 8, 7)]
    assert [day.day for day in trading_days("MCL", bars).days] == [MONDAY]


volumes = st.lists(st.integers(0, 3), min_size=1, max_size=12)


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, volumes)))
def test_whatever_the_volumes_the_front_month_never_goes_back(volumes):
    bars = week(**volumes)
    front = fronts("MCL", bars)
    places = [NAMES.index(each.contract) for each in front.days]
    assert places == sorted(places)
    by_day = {
        (name, day): volume
        for name, its in volumes.items()
        for day, volume in enumerate(its)
        if volume
    }
    traded = sorted({day for _, day in by_day})
    assert len(front.days) == len(traded)
    for before, at, now in zip(traded, places, places[1:], strict=False):
        allowed = {i: by_day.get((NAMES[i], before), 0) for i in range(at, len(NAMES))}
        most = max(allowed.values())
        assert now == (min(i for i in allowed if allowed[i] == most) if most else at)
    rolled = [
        day.day.day for day, a, b in zip(front.days[1:], places, places[1:], strict=False) if a != b
    ]
    assert [roll.day for roll in front.rolls] == rolled


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, volumes)))
def test_the_adjusted_series_moves_as_a_rolled_position_would_have(volumes):
    bars = week(**volumes)
    front = fronts("MCL", bars)
    series = continuous("MCL", bars, front)
    try:
        found = gaps(bars, front.rolls)
    except FeedError:
        return
    moved = adjusted(series, found)
    assert moved.volume.tolist() == series.volume.tolist()
    assert moved.close[-1:].tolist() == series.close[-1:].tolist()
    span = [getattr(moved, a) - getattr(moved, b) for a, b in (("high", "low"), ("close", "open"))]
    assert span[0].tolist() == (series.high - series.low).tolist()
    assert span[1].tolist() == (series.close - series.open).tolist()
    jumps = {gap.roll.start: gap.ticks for gap in found}
    for i in range(1, len(series)):
        between = [
            ticks for at, ticks in jumps.items() if series.start[i - 1] < at <= series.start[i]
        ]
        step = int(moved.close[i]) - int(moved.close[i - 1])
        assert step == int(series.close[i]) - int(series.close[i - 1]) - sum(between)


@given(st.lists(st.tuples(st.integers(0, 3 * 1440), st.integers(0, 3)), unique=True, min_size=1))
def test_bars_of_trading_days_hold_what_their_minutes_hold(minutes):
    bars = joined(bar(NAMES[i], MONDAY, 7000 + m % 13, 1 + m, minute=m) for m, i in minutes)
    days = by_trading_day("MCL", bars)
    assert days.volume.sum() == bars.volume.sum()
    found = trading_days("MCL", bars)
    for name, start, opened, high, low, close, volume in rows(days):
        place = next(i for i, day in enumerate(found.days) if day.open == start)
        its = bars.part(found.of == place).contract(name)
        assert (opened, close) == (its.open[0], its.close[-1])
        assert (high, low, volume) == (its.high.max(), its.low.min(), its.volume.sum())
        assert (np.diff(its.start) > 0).all()
