"""Everything that a feed, a broker and an operator can do wrong, in any order.

What must hold after each event is in `invariants`; here is only what is thrown at the engine: ticks
of every value that their fields take, a broker and an operator who repeat themselves, come late,
come first and contradict each other. Nothing may crash but a refusal (InputError).
"""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.commands import Flatten
from engine.config import BarRules, EngineConfig
from engine.engine import Engine
from engine.events import Decision, Event, Filled, TickDropped, TradeClosed
from engine.ticks import MAX_LADDER, MAX_LATE_NS, MAX_TS, NS, TICK, TickArray
from tests.engine.drive import BUY_BAR, SELL_BAR, acted, at, of
from tests.engine.invariants import Watched
from tests.engine.markets import random_market
from tests.engine.strategies import busy
from tests.engine.venue import (
    MOST,
    SHORT,
    Venue,
    Word,
    brackets,
    five_lots,
    mostly_live,
    storm_days,
    storms,
)
from tests.oracle.days import ALL_DAY, DAY, HOUR, Days

HIGH = 1 << 20
"""The highest price at which sizes may be anything: sums of price and size are 64 bits."""
BARS = [
    BarRules(60), BarRules(300, row_ticks=3), BarRules(86_400), BarRules(1),
    BarRules(kind="tick", size=1), BarRules(kind="tick", size=9), BarRules(kind="volume", size=60),
    BarRules(kind="volume", size=MOST), BarRules(kind="range", size=4),
    BarRules(kind="range", size=MOST), BarRules(kind="delta", size=20),
]  # fmt: skip
schedules = st.sampled_from([ALL_DAY, SHORT, Days()])
bar_rules = st.sampled_from(BARS)


# What a feed can send. Each maker takes a generator, the time and the price reached.

Rng = np.random.Generator


def made(count: int, ts: Any, price: Any, size: Any = 1, side: Any = 1) -> TickArray:
    ticks = np.zeros(count, TICK)
    ticks["ts"], ticks["price"], ticks["size"], ticks["side"] = ts, price, size, side
    return ticks


def usual(rng: Rng, ts: int, price: int) -> TickArray:
    seed, price = int(rng.integers(1000)), min(price, 2**30)
    return random_market(seed, ticks=200, hours=2, start=ts, price=price)


def at_one_moment(rng: Rng, ts: int, price: int) -> TickArray:
    steps = rng.integers(-1, 2, 50)
    return made(50, ts, price + np.cumsum(steps), rng.integers(1, 99, 50), rng.integers(-1, 2, 50))


def after_a_gap(rng: Rng, ts: int, price: int) -> TickArray:
    gap = int(rng.choice([31 * NS, HOUR, 3 * DAY, 400 * DAY]))
    return made(5, ts + gap + np.arange(5), price)


def jumps(rng: Rng, ts: int, price: int) -> TickArray:
    """Through stop and target at once, just within and just beyond what counts as a jump."""
    near = price // 20
    far = rng.choice([near - 1, near, near + 1, 30, -30, -near, -near - 1], 30)
    return made(30, ts + np.arange(30), np.maximum(price + far, 1))


def to_a_new_level(rng: Rng, ts: int, price: int) -> TickArray:
    """So often that it is believed; as far as prices go."""
    level = int(rng.choice([1, 19, 20, 5_000, 1_000_000, MOST - 1, MOST]))
    return made(12, ts + np.arange(12), level)


def wide(rng: Rng, ts: int, price: int) -> TickArray:
    """Small steps to farther than any ladder is wide, which takes prices that are large enough."""
    start = 30_000_000
    steps = np.concatenate([np.full(8, start), start + np.arange(0, 2 * MAX_LADDER, 60_000)])
    return made(len(steps), ts + np.arange(len(steps)), steps, rng.integers(1, 9), -1)


def heavy(rng: Rng, ts: int, price: int) -> TickArray:
    """Sizes whose sums need more than 32 bits."""
    sizes = rng.integers(MOST - 3, MOST, 20, endpoint=True)
    return made(20, ts + np.arange(20), min(price, HIGH), sizes, rng.integers(-1, 2, 20))


def unsorted(rng: Rng, ts: int, price: int) -> TickArray:
    back = rng.choice([0, 1, NS // 2, MAX_LATE_NS, MAX_LATE_NS + 1, HOUR], 60)
    return made(60, np.maximum(ts + np.arange(60) * NS - back, 0), price)


def worthless(rng: Rng, ts: int, price: int) -> TickArray:
    """Thousands of bad ticks, of every kind of badness."""
    ticks = made(3_000, ts, price)
    ticks["price"][0::3] = rng.choice([0, -1, -(2**31)], 1_000)
    ticks["size"][1::3] = rng.choice([0, -1, -(2**31)], 1_000)
    ticks["side"][2::3] = rng.choice([2, -2, 127, -128], 1_000)
    return ticks


def out_of_time(rng: Rng, ts: int, price: int) -> TickArray:
    return made(6, [-(2**63), -1, 0, MAX_TS, MAX_TS + 1, 2**63 - 1], price)


def extreme(rng: Rng, ts: int, price: int) -> TickArray:
    """Any of the extremes in any field."""
    n = 40
    ticks = made(n, ts, price)
    ticks["ts"] = rng.choice([-(2**63), -1, 0, ts, ts + 1, ts + NS, MAX_TS - 1, 2**63 - 1], n)
    ticks["price"] = rng.choice([-(2**31), 0, 1, 2, 20, price, price + 1, MOST - 1, MOST], n)
    ticks["size"] = rng.choice([-(2**31), 0, 1, 7, MOST], n)
    ticks["side"] = rng.choice([-128, -1, 0, 1, 127], n)
    ticks["size"][ticks["price"] > HIGH] = 1
    return ticks


def at_the_end_of_time(rng: Rng, ts: int, price: int) -> TickArray:
    return made(8, MAX_TS - 8 + np.arange(8), price)


MAKERS = (
    usual, at_one_moment, after_a_gap, jumps, to_a_new_level, wide, heavy, unsorted, worthless,
    out_of_time, extreme, at_the_end_of_time,
)  # fmt: skip
STARTS = (0, 1, NS, at(0), at(10 * 3600), MAX_TS - 2 * DAY)


def reached(watched: Watched, start: int) -> tuple[int, int]:
    status = watched.engine.status()
    return max(status.ts or 0, start), status.last_price or 4800


@given(
    bar_rules, schedules, st.integers(0, 10_000), st.sampled_from(STARTS),
    st.lists(st.sampled_from(MAKERS), min_size=1, max_size=12),
)  # fmt: skip
def test_hostile_ticks(
    bars: BarRules, days: Days, seed: int, start: int, makers: list[Any]
) -> None:
    """A quiet engine makes the same of them."""
    config = hostile(bars)
    watched, quiet = Watched(Engine(config, days), days), Engine(config, days, quiet=True)
    told: list[Event] = []
    rng = np.random.default_rng(seed)
    for k, maker in enumerate(makers):
        ticks = maker(rng, *reached(watched, start))
        watched.push(ticks, as_columns=k % 2 == 1)
        told += quiet.push(ticks)
    watched.finish()
    told += quiet.finish()
    assert told == acted(watched.events)


def hostile(bars: BarRules) -> EngineConfig:
    """Trades on almost every bar."""
    config = busy(bars=bars, stop_ticks=3, target_ticks=4, cooldown_bars=0)
    return replace(
        config,
        regime=replace(config.regime, min_bars=1, after_open_s=0, before_close_s=0),
        router=replace(config.router, min_strength=0, min_confidence=0),
    )


@pytest.mark.parametrize("bars", BARS, ids=str)
@pytest.mark.parametrize("maker", MAKERS)
def test_each_kind_of_hostile_ticks_after_usual_ones(maker: Any, bars: BarRules) -> None:
    """Whole, and one by one: the events are the same."""
    said = []
    for alone in (False, True):
        watched = Watched(Engine(hostile(bars), ALL_DAY), ALL_DAY)
        rng = np.random.default_rng(1)
        for make in (usual, maker, usual):
            ticks = make(rng, *reached(watched, at(3600)))
            for part in np.split(ticks, len(ticks)) if alone and len(ticks) <= 300 else [ticks]:
                watched.push(part)
        watched.finish()
        said.append(watched.events)
    assert said[0] == said[1]


def test_every_reason_to_drop_a_tick_is_met() -> None:
    reasons = set()
    for maker in MAKERS:
        watched = Watched(Engine(hostile(BarRules(86_400)), ALL_DAY), ALL_DAY)
        rng = np.random.default_rng(3)
        for make in (usual, maker, usual):
            watched.push(make(rng, *reached(watched, at(0))))
        reasons |= {drop.reason for drop in of(TickDropped, watched.events)}
    assert reasons == {"price", "size", "side", "time", "late", "jump", "range"}


@given(mostly_live, storm_days, brackets, storms)
@settings(max_examples=3 * settings().max_examples)
def test_a_broker_and_an_operator_who_do_everything_wrong(
    simulated: bool, days: Days, config: EngineConfig, script: list[tuple[Any, ...]]
) -> None:
    venue = Venue(config, days, simulated)
    for action in [("bar", BUY_BAR), *script]:
        venue.play(action)


@given(mostly_live, brackets, storms, storms)
def test_input_after_the_end_of_the_data(
    simulated: bool, config: EngineConfig, before: list[tuple[Any, ...]],
    after: list[tuple[Any, ...]],
) -> None:  # fmt: skip
    venue = Venue(config, ALL_DAY, simulated)
    for action in [*before, ("finish",), *after, ("finish",)]:
        venue.play(action)
    decided = of(Decision, venue.watched.events)
    assert all(decision.action in ("enter", "none") for decision in decided)


def test_storms_reach_what_they_are_for() -> None:
    """Partly filled entries, stops, targets and exits, and trades that a broker closed."""
    rng = np.random.default_rng(5)
    venue = Venue(five_lots(), ALL_DAY, simulated=False)
    for number in range(400):
        venue.play(("bar", (BUY_BAR, SELL_BAR)[int(rng.integers(2))]))
        for k in range(4):
            word = Word(0, "EESTX"[int(rng.integers(5))])
            size, away = int(rng.integers(1, 6)), int(rng.integers(-2, 3))
            venue.play(("fill", word, number * 10 + k, 0, size, away))
        venue.play(("tidy",))
        if rng.random() < 0.2:
            venue.play(("command", Flatten, number, 0))
    said = venue.watched.events
    assert len(of(TradeClosed, said)) >= 15
    assert {filled.role for filled in of(Filled, said)} == {"entry", "stop", "target", "exit"}
