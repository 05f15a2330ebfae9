"""What is done when nothing is heard: of the market, of the database, at the flatten time."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.commands import Flatten, HaltTrading
from engine.config import engine_config
from engine.engine import Engine
from engine.instruments import instrument
from engine.names import Pattern
from engine.status import Position
from engine.ticks import NS
from marketdata.calendars import schedule
from trading.pipeline.watch import LATE_NS, Policy, Watch, Watched, policy

RTH = schedule(instrument("MES"), "rth")
DAY = RTH.day(date(2024, 6, 12))
NOON = DAY.open + 9_000 * NS
HELD = Position(
    trade_id="t", symbol="MES", direction=1, size=1, entry_ts=NOON, entry_notional=1, stop=1,
    target=2, pattern=Pattern.BUY_IMBALANCE, signal_id="s",
)  # fmt: skip
EMPTY = Engine(engine_config("MES"), RTH).status()


@dataclass
class Scene:
    """A pipeline that stands still; seconds pass when a test says so."""

    policy: Policy = field(default_factory=Policy)
    market_time: int | None = NOON
    steady: float = 100.0
    unsaved: float = 0.0
    given: list = field(default_factory=list)
    notes: list = field(default_factory=list)
    said: list = field(default_factory=list)

    def __post_init__(self):
        self.status = replace(EMPTY, ts=NOON, day=DAY)

        async def put(command):
            self.given.append(command)

        watched = Watched(
            status=lambda: self.status,
            schedule=RTH,
            market_time=lambda: self.market_time,
            event_time=lambda: self.status.ts,
            unsaved_s=lambda: self.unsaved,
            put=put,
            note=lambda kind, payload: self.notes.append((kind, payload)),
            say=lambda kind, text, level: self.said.append((kind, text, level)),
        )
        self.watch = Watch(
            watched, self.policy, clock=lambda: self.steady, wall=lambda: int(self.steady)
        )
        self.look()

    def look(self, *, after: float = 0.0, heard: bool = False):
        """The kinds of the commands that follow."""
        self.given.clear()
        self.steady += after
        if self.market_time is not None:
            self.market_time += int(after * NS)
        if heard:
            self.status = replace(self.status, ts=self.market_time)
        with suppress(StopIteration):  # nothing in it waits
            self.watch.look().send(None)
        return [type(command) for command in self.given]

    @property
    def kinds(self):
        return [kind for kind, _ in self.notes]


def test_a_market_that_is_heard_is_left_alone():
    scene = Scene()
    assert [scene.look(after=29, heard=True) for _ in range(5)] == [[]] * 5
    assert scene.notes == scene.said == []


def test_a_silent_market_halts_once_and_is_told_when_it_is_back():
    scene = Scene()
    assert scene.look(after=29) == []
    assert scene.look(after=1) == [HaltTrading]
    command = scene.given[0]
    assert command.id == "market_lost-130-halt"
    assert (command.ts, command.reason) == (
        NOON, "Nothing was heard of the market for 30 s: halted"
    )  # fmt: skip
    assert scene.look(after=100) == []
    assert scene.look(after=1, heard=True) == []
    assert scene.kinds == ["market_lost", "market_back"]
    assert scene.said[-1] == ("market_back", "The market is heard again", "info")
    assert scene.look(after=30) == [HaltTrading]
    assert scene.given[0].id != command.id


def test_flatten_halts_too_and_none_only_tells():
    scene = Scene(Policy(feed="flatten"))
    assert scene.look(after=30) == [HaltTrading, Flatten]
    assert len({command.id for command in scene.given}) == 2
    scene = Scene(Policy(feed="none"))
    assert scene.look(after=30) == []
    assert scene.kinds == ["market_lost"]


def test_outside_the_session_silence_is_no_loss():
    scene = Scene(market_time=DAY.close + NS)
    assert scene.look(after=10_000) == []
    scene.market_time = RTH.day(date(2024, 6, 13)).open
    scene.status = replace(scene.status, day=None)
    assert scene.look() == []
    assert scene.look(after=29) == []
    assert scene.look(after=1) == [HaltTrading]


def test_a_market_without_a_clock_is_not_watched():
    scene = Scene(market_time=None)
    scene.status = replace(scene.status, position=HELD)
    assert scene.look(after=100_000) == []


def test_a_database_that_takes_nothing_halts():
    scene = Scene(Policy(database="flatten", database_s=60))
    scene.unsaved = 59.9
    assert scene.look(heard=True) == []
    scene.unsaved = 60
    assert scene.look(heard=True) == [HaltTrading, Flatten]
    assert scene.look(heard=True) == []
    scene.unsaved = 0
    scene.look(heard=True)
    assert scene.kinds == ["database_lost", "database_back"]


def test_the_wall_clock_flattens_when_event_time_stands_still():
    scene = Scene(Policy(feed="none"), market_time=DAY.flatten_at - NS)
    scene.status = replace(scene.status, position=HELD, ts=DAY.flatten_at - 100 * NS)
    assert scene.look() == []
    scene.market_time = DAY.flatten_at + LATE_NS - 1
    assert scene.look() == []
    scene.market_time += 1
    assert scene.look() == [Flatten]
    assert scene.given[0].ts == DAY.flatten_at - 100 * NS
    assert scene.given[0].reason.startswith("It is past 15:55 New York")
    assert scene.look(after=10) == []


def test_the_engine_flattens_itself_when_event_time_comes_there():
    scene = Scene(market_time=DAY.flatten_at + 60 * NS)
    scene.status = replace(scene.status, position=HELD, ts=DAY.flatten_at)
    assert scene.look() == []


def test_nothing_open_is_nothing_to_flatten():
    scene = Scene(Policy(feed="none"), market_time=DAY.flatten_at + 60 * NS)
    assert scene.look() == []


def test_a_position_of_yesterday_is_flattened_by_yesterdays_time():
    scene = Scene(Policy(feed="none"))
    scene.status = replace(scene.status, position=HELD)
    scene.market_time = RTH.day(date(2024, 6, 13)).open
    assert scene.look() == [Flatten]


@pytest.mark.parametrize(
    ("day", "hour"),
    [
        (date(2024, 3, 8), 20), (date(2024, 3, 11), 19),  # before and after New York's clocks move
        (date(2024, 11, 1), 19), (date(2024, 11, 4), 20),
    ],
)  # fmt: skip
def test_it_is_1555_in_new_york_whatever_the_clocks_do(day, hour):
    scene = Scene(Policy(feed="none"))
    trading_day = RTH.day(day)
    midnight = trading_day.flatten_at - trading_day.flatten_at % (86_400 * NS)
    assert trading_day.flatten_at - midnight == (hour * 3600 + 55 * 60) * NS
    scene.status = replace(scene.status, day=trading_day, ts=trading_day.open, position=HELD)
    scene.market_time = trading_day.flatten_at + LATE_NS - 1
    assert scene.look() == []
    scene.market_time += 1
    assert scene.look() == [Flatten]


@given(st.lists(st.tuples(st.integers(1, 20), st.booleans()), max_size=40))
def test_a_halt_comes_exactly_when_the_silence_has_been_long(steps):
    scene = Scene(Policy(feed_s=30))
    silent, lost = 0, False
    for after, heard in steps:
        silent = 0 if heard else silent + after
        expected = [HaltTrading] if silent >= 30 and not lost else []
        assert scene.look(after=after, heard=heard) == expected
        lost = silent >= 30


def test_what_the_environment_says(settings):
    assert policy() == Policy()
    settings.ON_FEED_LOST, settings.FEED_LOST_S = "flatten", 10
    assert policy() == Policy(feed="flatten", feed_s=10)
