"""Zones, unfinished levels and naked POCs: made, touched and gone, bar by bar and over days.

A bar is five minutes and drawn as a picture; in what befalls a level, times are numbers of bars.
"""

from dataclasses import replace

import pytest

from engine.config import BarRules, EngineConfig, engine_config
from engine.ticks import NS
from tests.oracle import run
from tests.oracle.days import ALL_DAY, DAY, HOUR, MINUTE, Days
from tests.oracle.ladder import Tick, ladder, ladders

BAR = 5 * MINUTE
BUY_STACK = """
    4803 | 0 x 40
    4802 | 0 x 40
    4801 | 0 x 40
    4800 | 1 x  0
"""
SELL_STACK = """
    4803 |  0 x 1
    4802 | 40 x 0
    4801 | 40 x 0
    4800 | 40 x 0
"""
INSIDE, ABOVE, BELOW = "4802 | 1 x 1", "4804 | 1 x 1", "4799 | 1 x 1"
BOTH_UNFINISHED = """
    4805 | 9 x 9
    4803 | 1 x 1
    4801 | 9 x 9
"""


def settings(row_ticks: int = 1, **memory: int) -> EngineConfig:
    config = engine_config("ES", bars=BarRules(row_ticks=row_ticks))
    return config.override({f"{key}": str(value) for key, value in memory.items()})


def lives(
    *pictures: str, config: EngineConfig | None = None, days: Days = ALL_DAY, start: int = 0
) -> list[tuple[object, ...]]:
    """(bar that closed, what, kind, low, high), without naked POCs."""
    result = run(config or settings(), days, ladders(*pictures, start=start), with_levels=True)
    return [
        ((one.ts - start) // BAR, one.what, one.kind, one.low, one.high)
        for one in result.levels
        if one.kind != "poc"
    ]


# Zones


@pytest.mark.parametrize(
    ("stack", "low", "high", "through", "beyond"),
    [(BUY_STACK, 4801, 4803, "4800 | 1 x 1", ABOVE), (SELL_STACK, 4800, 4802, ABOVE, BELOW)],
)
def test_zone_lives_until_traded_through(
    stack: str, low: int, high: int, through: str, beyond: str
) -> None:
    made = (1, "made", "zone", low, high)
    assert lives(stack) == [made]
    assert lives(stack, beyond, through) == [made, (3, "traded_through", "zone", low, high)]


def test_zone_is_touched_once() -> None:
    made, touched = ((n, what, "zone", 4801, 4803) for n, what in ((1, "made"), (3, "touched")))
    assert lives(BUY_STACK, ABOVE, INSIDE, INSIDE) == [made, touched]


def test_bar_that_leaves_a_zone_on_its_far_side_does_not_touch_it() -> None:
    assert lives(SELL_STACK, BELOW) == [(1, "made", "zone", 4800, 4802)]


def test_zone_that_is_gone_is_not_touched() -> None:
    through = "4802 | 1 x 1\n4800 | 1 x 1"
    assert lives(BUY_STACK, through)[1:] == [(2, "traded_through", "zone", 4801, 4803)]


def test_zone_reaches_over_whole_rows() -> None:
    stack = """
        4809 | 0 x 40
        4806 | 0 x 40
        4803 | 0 x 40
        4800 | 1 x  0
    """
    rows = settings(row_ticks=3)
    assert lives(stack, config=rows)[0] == (1, "made", "zone", 4803, 4811)
    assert lives(stack, "4811 | 1 x 1", config=rows)[-1] == (2, "touched", "zone", 4803, 4811)
    assert lives(stack, "4812 | 1 x 1", config=rows)[-1][1] == "made"


def test_oldest_zone_is_displaced_by_a_newer() -> None:
    higher = BUY_STACK.replace("480", "481")
    assert lives(BUY_STACK, higher, config=settings(**{"tape.zone_memory": 1})) == [
        (1, "made", "zone", 4801, 4803),
        (2, "displaced", "zone", 4801, 4803),
        (2, "made", "zone", 4811, 4813),
    ]


def test_what_the_same_bar_pushes_out_is_not_made() -> None:
    two = BUY_STACK.replace("480", "481") + "4806 | 0 x 1" + SELL_STACK
    made = [one[1:] for one in lives(two, config=settings(**{"tape.zone_memory": 1}))]
    assert made == [("made", "zone", 4800, 4802)]


# Unfinished levels


def test_unfinished_level_lives_until_revisited() -> None:
    assert lives(BOTH_UNFINISHED, INSIDE, "4805 | 1 x 1") == [
        (1, "made", "unfinished", 4805, 4805),
        (1, "made", "unfinished", 4801, 4801),
        (3, "revisited", "unfinished", 4805, 4805),
    ]


def test_level_that_is_unfinished_again_is_another() -> None:
    again = lives(BOTH_UNFINISHED, "4805 | 9 x 1")
    assert [one[:2] for one in again[2:]] == [(2, "revisited"), (2, "made")]


def test_unfinished_level_is_its_row() -> None:
    rows = settings(row_ticks=3)
    picture = "4801 | 9 x 1\n4799 | 1 x 1\n4796 | 1 x 1"
    assert lives(picture, "4802 | 1 x 1", config=rows) == [
        (1, "made", "unfinished", 4800, 4800),
        (2, "revisited", "unfinished", 4800, 4800),
    ]
    assert len(lives(picture, "4803 | 1 x 1", config=rows)) == 1


def test_oldest_unfinished_level_is_displaced() -> None:
    far = "4815 | 9 x 1\n4813 | 1 x 1"
    events = lives(BOTH_UNFINISHED, far, config=settings(**{"patterns.unfinished_memory": 2}))
    assert events[2:] == [
        (2, "displaced", "unfinished", 4805, 4805),
        (2, "made", "unfinished", 4815, 4815),
    ]


# Naked POCs: the session is the second and third bar.

SESSION = replace(
    ALL_DAY, open=BAR, entries_from=BAR, entries_to=3 * BAR, flatten_at=3 * BAR, close=3 * BAR
)


def pocs(ticks: list[Tick], days: Days = SESSION, **options: object) -> list[tuple[object, ...]]:
    """(time in bars, what, price)."""
    result = run(settings(**options), days, ticks, with_levels=True)  # type: ignore[arg-type]
    return [(one.ts / BAR, one.what, one.low) for one in result.levels if one.kind == "poc"]


def test_session_leaves_its_poc() -> None:
    pictures = "4800 | 99 x 0", "4801 | 5 x 0", "4802 | 1 x 6\n4801 | 0 x 3", "4803 | 50 x 9"
    assert pocs(ladders(*pictures)) == [(3, "made", 4801)]
    assert pocs(ladders(*pictures, "4802 | 1 x 1", "4801 | 1 x 1")) == [
        (3, "made", 4801),
        (6, "traded", 4801),
    ]


def test_poc_of_equals_is_nearest_to_the_session_s_middle() -> None:
    pictures = "", "4810 | 7 x 0\n4800 | 1 x 0", "4804 | 7 x 0", "4820 | 1 x 1"
    assert pocs(ladders(*pictures)) == [(3, "made", 4804)]


def test_session_without_bars_leaves_none() -> None:
    assert pocs(ladders("4800 | 9 x 0", "", "", "4800 | 9 x 0")) == []


def test_session_that_has_not_closed_leaves_none() -> None:
    assert pocs(ladders("", "4800 | 9 x 0")) == []
    assert pocs(ladders("", "", "4800 | 9 x 0")) == [(3, "made", 4800)]  # ends at the close


def test_bar_over_the_close_is_not_the_session_s_but_later_than_its_poc() -> None:
    days = replace(SESSION, close=3 * BAR + MINUTE)
    pictures = "", "", "4800 | 9 x 0", "4801 | 99 x 0"
    assert pocs(ladders(*pictures), days) == [(3.2, "made", 4800)]
    pictures = "", "", "4800 | 9 x 0", "4800 | 99 x 0"
    assert pocs(ladders(*pictures), days) == [(3.2, "made", 4800), (4, "traded", 4800)]


def test_bar_over_the_open_is_the_session_s() -> None:
    days = replace(SESSION, open=BAR - MINUTE, entries_from=BAR)
    assert pocs(ladders("4800 | 9 x 0", "4801 | 1 x 1", "", "4803 | 1 x 1"), days) == [
        (3, "made", 4800)
    ]


def test_poc_crosses_the_roll() -> None:
    ticks = [*ladder("4800 | 9 x 0", 2 * BAR), *ladder("4800 | 1 x 0", DAY)]
    assert pocs(ticks) == [(3, "made", 4800), (DAY / BAR + 1, "traded", 4800)]


def test_zone_crosses_the_roll() -> None:
    assert lives(BUY_STACK, "4800 | 1 x 1", days=Days(), start=22 * HOUR - BAR) == [
        (1, "made", "zone", 4801, 4803),
        (2, "traded_through", "zone", 4801, 4803),
    ]


def test_oldest_poc_is_displaced() -> None:
    ticks = [*ladder("4800 | 9 x 0", 2 * BAR), *ladder("4810 | 9 x 0", DAY + 2 * BAR)]
    next_close = DAY / BAR + 3
    assert pocs(ticks, **{"tape.zone_memory": 1}) == [
        (3, "made", 4800),
        (next_close, "displaced", 4800),
        (next_close, "made", 4810),
    ]


def test_bar_that_a_trade_fills_at_the_close_comes_after_it() -> None:
    config = engine_config("ES", bars=BarRules(kind="tick", size=2))
    close = 3 * BAR
    ticks = [(close - 2 * NS, 4800, 1, 1), (close - NS, 4800, 1, 1)]
    ticks += [(close - 1, 4800, 1, 1), (close, 4800, 1, 1)]
    result = run(config, SESSION, ticks, with_levels=True)
    assert [(one.what, one.ts) for one in result.levels] == [("made", close), ("traded", close)]
