"""Break-even, trailing stop and time stop, on a few trades each.

As in `test_trading`: long from 4801 after a trade at 4800 (honest) or from 4800 (ideal), the stop
16 ticks below, the target 24 above; one trade a second.
"""

import pytest

from engine.config import EngineConfig
from engine.names import ExitReason
from engine.ticks import NS
from tests.oracle.days import DAY
from tests.oracle.test_trading import (
    BUY,
    DAYS,
    SELL,
    T,
    closed,
    config,
    decide,
    trade_through,
    trader,
)
from tests.oracle.trading import MS, Trader

BREAK_EVEN, TRAILING, TIME = ExitReason.BREAK_EVEN, ExitReason.TRAILING_STOP, ExitReason.TIME_STOP
PLUS_2 = {"break_even_after_ticks": 5, "break_even_plus_ticks": 2}
Outcome = tuple[int, int, ExitReason, int]


def outcome(
    *prices: int, profile: str = "ideal", short: bool = False, **risk: int
) -> Outcome | None:
    """Entry price, exit price, reason and second of the exit; None while it is open."""
    pattern = SELL if short else BUY
    made = trade_through(*prices, settings=config(profile, **risk), pattern=pattern)
    return closed(made) if made.trades else None


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ((4800, 4804, 4784), (4800, 4784, ExitReason.STOP, 3)),
        ((4800, 4805, 4803), None),
        ((4800, 4805, 4803, 4802), (4800, 4802, BREAK_EVEN, 4)),
        ((4800, 4805, 4810, 4790), (4800, 4802, BREAK_EVEN, 4)),
        ((4800, 4805, 4824), (4800, 4824, ExitReason.TARGET, 3)),
    ],
)
def test_break_even_moves_the_stop_once_far_enough_in_favour(
    prices: tuple[int, ...], expected: Outcome | None
) -> None:
    assert outcome(*prices, **PLUS_2) == expected


def test_break_even_counts_from_the_fill_and_slips_as_any_stop() -> None:
    assert outcome(4800, 4805, 4790, profile="honest", **PLUS_2) is None  # 4 ticks above 4801
    expected = (4801, 4799, BREAK_EVEN, 3)
    assert outcome(4800, 4806, 4800, profile="honest", break_even_after_ticks=5) == expected


def test_break_even_of_a_short() -> None:
    expected = (4800, 4798, BREAK_EVEN, 3)
    assert outcome(4800, 4795, 4799, short=True, **PLUS_2) == expected


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        ((4800, 4797), None),
        ((4800, 4796), (4800, 4796, TRAILING, 2)),
        ((4800, 4805, 4802, 4801), (4800, 4801, TRAILING, 4)),
        ((4800, 4805, 4803, 4804, 4801), (4800, 4801, TRAILING, 5)),
        ((4800, 4805, 4806, 4802), (4800, 4802, TRAILING, 4)),
    ],
)
def test_trailing_stop_follows_the_best_trade_from_the_entry_s_on(
    prices: tuple[int, ...], expected: Outcome | None
) -> None:
    assert outcome(*prices, trail_ticks=4) == expected


def test_trailing_stop_waits_until_the_best_trade_is_far_enough() -> None:
    rules = {"trail_ticks": 4, "trail_after_ticks": 6}
    assert outcome(4800, 4805, 4785, **rules) is None
    assert outcome(4800, 4806, 4802, **rules) == (4800, 4802, TRAILING, 3)


def test_trade_that_fills_the_entry_counts_with_its_slippage() -> None:
    """The first trade is a tick against the fill, so it does not start the trail."""
    made = trade_through(4800, settings=config("honest", trail_ticks=4))
    assert made.position.changes == []
    made = trade_through(4800, 4801, settings=config("honest", trail_ticks=4))
    assert [change.stop for change in made.position.changes] == [-4]


def test_trailing_stop_moves_by_its_step_or_more() -> None:
    rules = {"trail_ticks": 4, "trail_step_ticks": 3}
    assert outcome(4800, 4802, 4797, 4796, **rules) == (4800, 4796, TRAILING, 4)
    assert outcome(4800, 4803, 4799, **rules) == (4800, 4799, TRAILING, 3)


def test_trailing_stop_farther_than_the_stop_waits_until_it_is_better() -> None:
    assert outcome(4800, 4803, 4785, trail_ticks=20) is None
    assert outcome(4800, 4804, 4784, trail_ticks=20) == (4800, 4784, ExitReason.STOP, 3)
    assert outcome(4800, 4805, 4785, trail_ticks=20) == (4800, 4785, TRAILING, 3)


def test_trailing_stop_of_a_short() -> None:
    assert outcome(4800, 4795, 4799, short=True, trail_ticks=4) == (4800, 4799, TRAILING, 3)


@pytest.mark.parametrize(
    ("prices", "expected"),
    [
        # At 5 ticks the trail would be 1 above, break-even is 2.
        ((4800, 4805, 4802), (4800, 4802, BREAK_EVEN, 3)),
        # At 6 the trail would be at 2, where break-even has already put it.
        ((4800, 4805, 4806, 4802), (4800, 4802, BREAK_EVEN, 4)),
        ((4800, 4806, 4802), (4800, 4802, TRAILING, 3)),
        ((4800, 4805, 4807, 4803), (4800, 4803, TRAILING, 4)),
    ],
)
def test_better_of_both_holds_and_names_the_exit(
    prices: tuple[int, ...], expected: Outcome
) -> None:
    assert outcome(*prices, **PLUS_2, trail_ticks=4) == expected


def test_break_even_is_no_step_of_the_trail() -> None:
    """At 6 the trail would be at 2, but that is no step of 9 from where the stop is asked to be."""
    rules = {**PLUS_2, "trail_ticks": 4, "trail_step_ticks": 9}
    assert outcome(4800, 4804, 4806, 4802, **rules) == (4800, 4802, BREAK_EVEN, 4)


def test_one_change_at_one_trade() -> None:
    made = trade_through(4800, 4810, settings=config("ideal", **PLUS_2, trail_ticks=4))
    assert [change.stop for change in made.position.changes] == [6]


def at(*trades: tuple[int, int], **risk: int) -> Trader:
    """Long from 4801 at T + 1 s; then trades at (ms after that, price)."""
    made = trader(config("honest", **risk))
    decide(made)
    ticks = [(T + NS, 4800, 1, 0), *((T + NS + ms * MS, price, 1, 0) for ms, price in trades)]
    made.take(ticks)
    return made


def test_change_meets_the_first_trade_from_the_latency_on() -> None:
    rules = {"break_even_after_ticks": 5}
    assert at((100, 4806), (149, 4801), **rules).trades == []
    made = at((100, 4806), (149, 4801), (150, 4801), **rules)
    assert closed(made)[1:3] == (4800, BREAK_EVEN)


def test_old_stop_works_until_the_change_arrives() -> None:
    made = at((100, 4806), (149, 4785), break_even_after_ticks=5)
    assert closed(made)[1:3] == (4784, ExitReason.STOP)
    assert (made.trades[0].stop, made.trades[0].last_stop) == (4785, 4785)


def test_trade_through_the_new_stop_when_it_arrives_triggers_it() -> None:
    made = at((100, 4806), (120, 4790), (150, 4792), break_even_after_ticks=5)
    assert closed(made)[1:3] == (4791, BREAK_EVEN)


def test_several_changes_are_on_their_way() -> None:
    trades = ((100, 4806), (120, 4808), (140, 4810), (171, 4805))
    made = at(*trades, trail_ticks=4)
    assert made.position.stop_at == 3  # of the trade at 4808
    assert [change.stop for change in made.position.changes] == [5]
    made = at(*trades, (190, 4806), trail_ticks=4)
    assert closed(made)[1:3] == (4805, TRAILING)
    assert (made.trades[0].stop, made.trades[0].last_stop) == (4785, 4806)


def test_target_stays_where_it_was() -> None:
    made = at((100, 4810), (200, 4826), trail_ticks=10)
    assert closed(made)[1:3] == (4825, ExitReason.TARGET)
    assert (made.trades[0].target, made.trades[0].last_stop) == (4825, 4800)


def test_cool_down_follows_a_stop_that_was_not_moved_only() -> None:
    rules = {"cooldown_bars": 1, "break_even_after_ticks": 5}
    assert decide(trade_through(4800, 4784, settings=config("ideal", **rules)))[2] == "cooldown"
    made = trade_through(4800, 4805, 4800, settings=config("ideal", **rules))
    assert made.trades[0].reason == BREAK_EVEN
    assert decide(made)[2] == ""


# Time stop


def test_time_stop_sends_an_exit_at_its_moment() -> None:
    rules = {"time_stop_s": 10}
    assert at((9_999, 4803), (10_049, 4802), **rules).trades == []
    made = at((10_000, 4803), (10_049, 4802), (10_050, 4805), **rules)
    assert closed(made)[1:3] == (4804, TIME)
    # Without a trade at the moment itself the exit is sent all the same.
    assert closed(at((10_050, 4805), **rules))[1:3] == (4804, TIME)


def test_stop_works_and_does_not_move_while_the_exit_is_under_way() -> None:
    rules = {"time_stop_s": 10, "break_even_after_ticks": 5}
    made = at((10_000, 4806), (10_049, 4801), **rules)
    assert (made.trades, made.position.changes) == ([], [])
    assert closed(at((10_000, 4806), (10_049, 4785), **rules))[1:3] == (4784, ExitReason.STOP)


def test_change_under_way_still_arrives() -> None:
    rules = {"time_stop_s": 10, "break_even_after_ticks": 5}
    made = at((9_980, 4806), (10_030, 4801), **rules)
    assert closed(made)[1:3] == (4800, BREAK_EVEN)


def near_flatten(before_s: int, **risk: int) -> Trader:
    """A position opened so long before the flatten time; the next trade is a day later."""
    flatten = DAYS.at(0).flatten_at
    made = trader(config("honest", **risk))
    decide(made)
    made.take([(flatten - before_s * NS, 4800, 1, 0)])
    return made


@pytest.mark.parametrize(
    ("time_stop_s", "reason"), [(9, TIME), (10, ExitReason.FLATTEN), (11, ExitReason.FLATTEN)]
)
@pytest.mark.parametrize("rolls", [False, True])
def test_flatten_time_comes_first_at_the_same_moment(
    time_stop_s: int, reason: ExitReason, rolls: bool
) -> None:
    made = near_flatten(10, time_stop_s=time_stop_s)
    if rolls:
        made.start_day(DAYS.at(DAY))
    made.take([(DAYS.at(0).flatten_at + (DAY if rolls else NS), 4800, 1, 0)])
    assert made.trades[0].reason == reason


def test_first_of_two_reasons_names_the_exit() -> None:
    settings: EngineConfig = config("ideal", stop_ticks=500, target_ticks=500, time_stop_s=2)
    made = trade_through(4800, 4776, 4776, settings=settings)
    assert closed(made)[2] == ExitReason.LOSS_LIMIT
