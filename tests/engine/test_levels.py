"""The life of levels, sentence by sentence as docs/orderflow.md has it."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import EngineConfig
from engine.engine import Engine
from engine.errors import EngineError
from engine.events import (
    BarClosed,
    Decision,
    Level,
    LevelGone,
    LevelMade,
    LevelTouched,
    SessionChanged,
    SignalDetected,
)
from engine.names import LevelEnd, LevelKind
from engine.profile import Profile, Volumes
from engine.ticks import NS
from tests.engine.drive import BAR, DAY_0, Driven, at, easy, of
from tests.engine.markets import random_market
from tests.engine.strategies import busy
from tests.oracle.days import ALL_DAY, DAY, Days
from tests.oracle.ladder import ladder

ZONE, UNFINISHED, POC = LevelKind.ZONE, LevelKind.UNFINISHED, LevelKind.NAKED_POC
SESSION = Days(0, BAR * NS, BAR * NS, 3 * BAR * NS, 3 * BAR * NS, 4 * BAR * NS)

BUY_STACK = """
    4803 | 0 x 30
    4802 | 0 x 30
    4801 | 0 x 30
    4800 | 1 x  0
"""
SELL_STACK = """
    4803 |  0 x 1
    4802 | 30 x 0
    4801 | 30 x 0
    4800 | 30 x 0
"""
UNFINISHED_BOTH = """
    4801 | 6 x 1
    4800 | 1 x 6
"""


def bars(*pictures: str, config: EngineConfig | None = None, days: Days = ALL_DAY) -> Driven:
    """An engine that closed these bars, one after the other; empty ones had no trade."""
    engine = Driven(config or easy(), days)
    for number, picture in enumerate(pictures):
        if picture:
            engine.bar(picture, number)
        engine.beat((number + 1) * BAR)
    return engine


def with_settings(**values: object) -> EngineConfig:
    return easy().override({name.replace("__", "."): str(v) for name, v in values.items()})


def life(engine: Driven) -> list[tuple[object, ...]]:
    """What was said of levels: bar's number, then what, by kind, direction and prices."""
    made: dict[str, tuple[object, ...]] = {}
    said: list[tuple[object, ...]] = []
    for event in engine.events:
        number = (event.ts - DAY_0) // (BAR * NS) - 1
        match event:
            case LevelMade(level=level):
                made[level.id] = level.kind, level.direction, level.low, level.high
                said.append((number, "made", *made[level.id]))
            case LevelTouched(level_id=name):
                said.append((number, "touched", *made[name]))
            case LevelGone(level_id=name, reason=reason):
                said.append((number, str(reason), *made[name]))
    return said


# Zones


def test_a_stack_leaves_a_zone_from_its_lowest_to_its_highest_row() -> None:
    engine = bars(BUY_STACK)
    (made,) = engine.said(LevelMade)
    signal = f"{at(0)}-1"
    assert made.level == Level(
        id=signal, kind=ZONE, direction=1, low=4801, high=4803, made=at(BAR), signal_id=signal
    )
    assert made.ts == at(BAR)
    assert life(bars(SELL_STACK)) == [(0, "made", ZONE, -1, 4800, 4802)]


def test_a_zone_of_rows_reaches_to_its_highest_rows_highest_tick() -> None:
    picture = "4806 | 0 x 30\n4804 | 0 x 30\n4802 | 0 x 30\n4800 | 1 x 0"
    engine = bars(picture, config=with_settings(bars__row_ticks=2))
    assert life(engine) == [(0, "made", ZONE, 1, 4802, 4807)]


def test_a_zone_is_touched_once_by_the_first_later_bar_with_a_trade_inside() -> None:
    engine = bars(BUY_STACK, "4804 | 1 x 1", "4803 | 1 x 1", "4802 | 1 x 1")
    assert life(engine)[1:] == [(2, "touched", ZONE, 1, 4801, 4803)]
    assert [level.touched for level in engine.engine.levels] == [at(3 * BAR)]


def test_a_bar_around_a_zone_without_a_trade_inside_does_not_touch_it() -> None:
    engine = bars(SELL_STACK, "4799 | 1 x 1", "4802 | 1 x 1\n4801 | 0 x 1\n4799 | 1 x 0")
    assert [what for _, what, *_ in life(engine)] == ["made", "touched"]
    gap = bars(BUY_STACK, "4804 | 1 x 1", "4805 | 1 x 1\n4804 | 0 x 1")
    assert [what for _, what, *_ in life(gap)] == ["made"]


def test_a_bar_may_span_a_zone_without_trading_in_it() -> None:
    rows = "\n".join(f"{price} | 0 x 30" for price in (4808, 4807, 4806))
    engine = bars(f"{rows}\n4805 | 1 x 0", "4809 | 1 x 1\n4800 | 1 x 0")
    assert life(engine)[1:] == [(1, "traded_through", ZONE, 1, 4806, 4808)]


@pytest.mark.parametrize(
    ("made", "last", "through"),
    [(BUY_STACK, 4801, 4800), (SELL_STACK, 4802, 4803)],
    ids=["below a buy zone", "above a sell zone"],
)
def test_a_zone_is_gone_when_a_later_bar_trades_through(made: str, last: int, through: int) -> None:
    engine = bars(made, f"{last} | 1 x 1", f"{through} | 1 x 1", f"{last} | 1 x 1")
    assert [(number, what) for number, what, *_ in life(engine)] == [
        (0, "made"), (1, "touched"), (2, "traded_through"),
    ]  # fmt: skip
    assert engine.engine.levels == ()


def test_trading_above_a_buy_zone_leaves_it() -> None:
    assert len(bars(BUY_STACK, "4900 | 1 x 1").engine.levels) == 1


def test_what_is_gone_is_not_touched() -> None:
    engine = bars(BUY_STACK, "4801 | 1 x 0\n4800 | 1 x 1")
    assert [what for _, what, *_ in life(engine)] == ["made", "traded_through"]


def test_the_oldest_zones_are_displaced() -> None:
    higher = BUY_STACK.replace("480", "481")
    engine = bars(BUY_STACK, higher, config=with_settings(tape__zone_memory=1))
    assert [(number, what, low) for number, what, _, _, low, _ in life(engine)] == [
        (0, "made", 4801), (1, "displaced", 4801), (1, "made", 4811),
    ]  # fmt: skip


def test_what_newer_ones_of_the_same_bar_push_out_is_not_made() -> None:
    two = "\n".join(
        [*(f"{p} | 0 x 30" for p in (4813, 4812, 4811)), "4810 | 1 x 0", BUY_STACK.strip()]
    )
    engine = bars(two, config=with_settings(tape__zone_memory=1))
    assert life(engine) == [(0, "made", ZONE, 1, 4811, 4813)]


# Unfinished levels


def test_an_unfinished_level_is_the_price_of_its_row_and_gone_when_revisited() -> None:
    engine = bars(UNFINISHED_BOTH, "4802 | 1 x 1", "4801 | 1 x 1")
    assert life(engine) == [
        (0, "made", UNFINISHED, 1, 4801, 4801),
        (0, "made", UNFINISHED, -1, 4800, 4800),
        (2, "revisited", UNFINISHED, 1, 4801, 4801),
    ]
    assert [level.low for level in engine.engine.levels] == [4800]


def test_an_unfinished_level_of_rows_is_revisited_by_any_price_of_its_row() -> None:
    config = with_settings(bars__row_ticks=2)
    engine = bars("4803 | 6 x 6\n4801 | 1 x 1", "4802 | 1 x 1", config=config)
    assert life(engine) == [
        (0, "made", UNFINISHED, 1, 4802, 4802),
        (1, "revisited", UNFINISHED, 1, 4802, 4802),
    ]


def test_a_level_revisited_and_unfinished_again_is_another_level() -> None:
    engine = bars("4801 | 6 x 1\n4800 | 1 x 1", "4801 | 6 x 1\n4800 | 1 x 1")
    assert [(number, what) for number, what, *_ in life(engine)] == [
        (0, "made"), (1, "revisited"), (1, "made"),
    ]  # fmt: skip
    assert len({event.level.id for event in engine.said(LevelMade)}) == 2


def test_unfinished_levels_are_displaced_by_newer_ones() -> None:
    config = with_settings(patterns__unfinished_memory=2)
    engine = bars(UNFINISHED_BOTH, "4811 | 6 x 1\n4810 | 1 x 1", config=config)
    assert life(engine)[2:] == [
        (1, "displaced", UNFINISHED, 1, 4801, 4801),
        (1, "made", UNFINISHED, 1, 4811, 4811),
    ]
    alone = bars(UNFINISHED_BOTH, config=with_settings(patterns__unfinished_memory=1))
    assert life(alone) == [(0, "made", UNFINISHED, -1, 4800, 4800)]


# Naked POCs


def test_the_session_leaves_its_poc_when_it_closes() -> None:
    engine = bars(
        "4900 | 0 x 0 + 99", "4803 | 0 x 0 + 18\n4802 | 0 x 0 + 4", "4802 | 0 x 0 + 18",
        "4801 | 0 x 0 + 4", "4850 | 0 x 0 + 99", days=SESSION,
    )  # fmt: skip
    (made,) = engine.said(LevelMade)
    close = at(4 * BAR)
    assert made.level == Level(
        id=f"{close}-poc", kind=POC, direction=0, low=4802, high=4802, made=close
    )
    before = engine.events[engine.events.index(made) - 1]
    assert before == SessionChanged(ts=close, phase="closed")


def test_the_open_ends_what_is_not_of_the_session() -> None:
    """A bar counts by its end: the one that ends at the open does not, the next one does."""
    engine = bars("4900 | 0 x 0 + 99", "4803 | 1 x 1", "", "", days=SESSION)
    assert [event.level.low for event in engine.said(LevelMade)] == [4803]


def test_a_session_without_bars_leaves_no_poc() -> None:
    engine = bars("4900 | 0 x 0 + 99", "", "", "", "4850 | 0 x 0 + 18", days=SESSION)
    assert engine.said(LevelMade) == []


def test_a_naked_poc_is_gone_when_a_later_bar_trades_at_it() -> None:
    engine = bars("", "4802 | 2 x 2", "", "", "4803 | 1 x 1\n4801 | 1 x 1", "4802 | 1 x 1",
                  days=SESSION)  # fmt: skip
    assert [(number, what) for number, what, *_ in life(engine)] == [(3, "made"), (5, "traded")]


def test_the_oldest_naked_pocs_are_displaced() -> None:
    engine = Driven(with_settings(tape__zone_memory=1), SESSION)
    for day in range(2):
        engine.bar(f"48{day}0 | 2 x 2", 1, day)
        engine.beat(5 * BAR, day)
    assert [type(event) for event in engine.events if isinstance(event, LevelMade | LevelGone)] == [
        LevelMade, LevelGone, LevelMade,
    ]  # fmt: skip
    (gone,) = engine.said(LevelGone)
    assert (gone.ts, gone.reason) == (at(4 * BAR, day=1), LevelEnd.DISPLACED)


# Order, and days


def test_of_one_bar_first_gone_then_touched_then_made_between_signals_and_decision() -> None:
    engine = bars(BUY_STACK, BUY_STACK.replace("480", "482"))
    engine.bar("4805 | 6 x 1\n4804 | 0 x 40\n4802 | 1 x 1", 2)
    said = [type(event) for event in engine.beat(3 * BAR)]
    first = said.index(LevelGone)
    assert said[first - 1 : first + 4] == [
        SignalDetected, LevelGone, LevelTouched, LevelMade, Decision,
    ]  # fmt: skip


def test_what_is_gone_at_once_goes_in_the_order_in_which_it_was_made() -> None:
    config = with_settings(patterns__unfinished_memory=4)
    engine = bars(UNFINISHED_BOTH, BUY_STACK.replace("480", "479"), "4801 | 1 x 0\n4790 | 1 x 1",
                  config=config)  # fmt: skip
    assert [(what, kind) for number, what, kind, *_ in life(engine) if number == 2] == [
        ("revisited", UNFINISHED), ("traded_through", ZONE),
    ]  # fmt: skip


def test_levels_cross_the_roll() -> None:
    engine = bars(BUY_STACK)
    engine.bar(UNFINISHED_BOTH.replace("480", "490"), 2)
    engine.trade(0, 4950, day=1)
    alive = engine.engine.levels
    assert [level.kind for level in alive] == [ZONE, UNFINISHED, UNFINISHED, POC]
    fresh = Driven(carry=engine.engine.carry())
    assert fresh.engine.levels == alive
    for one in (engine, fresh):
        one.trade(BAR + 1, 4800, day=1)
        one.beat(2 * BAR + 1, day=1)
    assert fresh.said(LevelGone) == engine.said(LevelGone)
    assert {gone.level_id for gone in fresh.said(LevelGone)} >= {alive[0].id}


def test_an_unfinished_level_carried_without_its_name_has_no_life() -> None:
    engine = bars(UNFINISHED_BOTH)
    fresh = Driven(carry=replace(engine.engine.carry(), levels=()))
    fresh.bar("4801 | 1 x 1")
    fresh.beat(BAR)
    assert [type(event) for event in fresh.events if isinstance(event, LevelGone)] == []
    assert len(fresh.said(SignalDetected)) == 1


def test_levels_of_bars_that_begin_at_the_same_time_have_names_of_their_own() -> None:
    engine = Driven(with_settings(bars__kind="tick", bars__size=8))
    stack = [(at(0), price, size, side) for _, price, size, side in ladder(BUY_STACK)] * 4
    engine.push(stack)
    ids = [event.level.id for event in engine.said(LevelMade)]
    assert len(ids) == len(set(ids)) == 2


# What always holds


@given(st.integers(0, 1000), st.sampled_from(["all", "session"]), st.sampled_from([1, 3]))
def test_a_level_is_made_once_touched_at_most_once_and_gone_at_most_once(
    seed: int, days: str, rows: int
) -> None:
    config = replace(busy(), bars=replace(busy().bars, row_ticks=rows))
    engine = Engine(config, {"all": ALL_DAY, "session": SESSION}[days])
    alive: dict[str, Level] = {}
    seen: set[str] = set()
    for event in [*engine.push(random_market(seed, ticks=2000, hours=60)), *engine.finish()]:
        match event:
            case LevelMade(ts=ts, level=level):
                assert level.id not in seen
                assert level.made == ts
                assert level.low <= level.high
                seen.add(level.id)
                alive[level.id] = level
            case LevelTouched(ts=ts, level_id=name):
                assert alive[name].kind is ZONE
                assert alive[name].touched is None
                assert ts > alive[name].made
                alive[name] = replace(alive[name], touched=ts)
            case LevelGone(level_id=name):
                assert event.ts >= alive.pop(name).made
    assert tuple(alive.values()) == engine.levels
    unfinished = {(one.low, one.direction) for one in engine.levels if one.kind is UNFINISHED}
    assert unfinished == set(engine.carry().unfinished)
    for kind in (ZONE, POC):
        assert sum(one.kind is kind for one in engine.levels) <= config.tape.zone_memory


# VWAP and profile from any moment


def profile_of(*pictures: str) -> list[list[int]]:
    volumes: dict[int, list[int]] = {}
    for picture in pictures:
        for _, price, size, side in ladder(picture):
            volumes.setdefault(price, [0, 0, 0])[{-1: 0, 1: 1, 0: 2}[side]] += size
    return [[price, *volume] for price, volume in sorted(volumes.items())]


PICTURES = ("4801 | 3 x 4\n4800 | 1 x 0", "4802 | 5 x 6 + 2", "4801 | 7 x 8\n4799 | 1 x 1")


@pytest.mark.parametrize(
    ("second", "first"), [(0, 0), (1, 0), (BAR - 1, 0), (BAR, 1), (2 * BAR - 1, 1), (2 * BAR, 2)]
)
def test_a_profile_starts_with_the_bar_that_the_moment_falls_in(second: int, first: int) -> None:
    engine = Driven()
    for number, picture in enumerate(PICTURES):
        engine.bar(picture, number)
    assert engine.engine.profile(at(second)).levels.tolist() == profile_of(*PICTURES[first:])
    assert engine.engine.profile().levels.tolist() == profile_of(*PICTURES)


def test_a_profile_is_of_the_trading_day_and_empty_after_its_last_bar() -> None:
    engine = Driven()
    assert len(engine.engine.profile().total) == 0
    assert engine.engine.profile().vwap() is None
    engine.bar(PICTURES[0])
    engine.bar(PICTURES[1], day=1)
    assert engine.engine.profile().levels.tolist() == profile_of(PICTURES[1])
    assert len(engine.engine.profile(at(BAR, day=1)).total) == 0


def test_a_gap_between_bars_belongs_to_the_next_one() -> None:
    engine = bars(PICTURES[0], "", PICTURES[2])
    assert engine.engine.profile(at(BAR + 7)).levels.tolist() == profile_of(PICTURES[2])


def test_a_quiet_engine_has_no_profile_and_no_levels() -> None:
    engine = Driven(quiet=True)
    engine.bar(BUY_STACK)
    assert not [e for e in engine.beat(BAR) if isinstance(e, LevelMade | BarClosed)]
    assert engine.engine.levels == engine.engine.carry().levels == ()
    with pytest.raises(EngineError, match="a quiet engine has no profile"):
        engine.engine.profile()


def test_vwap_is_exact_and_its_band_the_population_deviation() -> None:
    profile = Profile()
    profile.add(ladder_levels([(4800, 1), (4802, 2), (4806, 1)]))
    vwap = profile.vwap()
    assert vwap is not None
    assert (vwap.notional, vwap.volume, vwap.price) == (4800 + 2 * 4802 + 4806, 4, 4802.5)
    assert vwap.deviation == pytest.approx(((6.25 + 0.25 * 2 + 12.25) / 4) ** 0.5, rel=1e-15)
    assert vwap.band(2) == (4802.5 - 2 * vwap.deviation, 4802.5 + 2 * vwap.deviation)


def test_vwap_stays_exact_for_a_busy_day_of_the_finest_ticks() -> None:
    profile = Profile()
    profile.add(ladder_levels([(6_200_000, 10**14 + 1), (6_200_002, 10**14 - 1)]))
    vwap = profile.vwap()
    assert vwap is not None
    assert vwap.notional == 6_200_000 * (10**14 + 1) + 6_200_002 * (10**14 - 1)
    assert vwap.deviation == 1.0


def ladder_levels(volumes: Sequence[tuple[int, int]]) -> Volumes:
    return np.array([[price, 0, volume, 0] for price, volume in volumes], np.int64)


def test_the_anchored_vwap_is_that_of_the_bars() -> None:
    engine = Engine(easy(), ALL_DAY)
    events = engine.push(random_market(1, ticks=5000, hours=9))
    closed = [event.bar for event in of(BarClosed, events)]
    day = closed[-1].start - closed[-1].start % DAY
    since = [bar for bar in closed if bar.start >= day]
    assert len(since) > 20
    anchor = since[10]
    forming = engine.forming()
    assert forming is not None
    parts = [*since[10:], forming]
    vwap = engine.profile(anchor.start + 1).vwap()
    assert vwap is not None
    assert vwap.notional == sum(bar.notional for bar in parts)
    assert vwap.volume == sum(bar.volume for bar in parts)
