"""Recorded markets against the oracle: bars of every kind, bracket options, tape and levels."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal

import pytest

from engine.config import BarRules, EngineConfig, PatternRules, fill_profile
from engine.events import LargeTrade, LevelGone, Sweep, TradeClosed
from engine.instruments import instrument
from engine.names import ExitReason
from engine.schedule import Schedule
from engine.ticks import TickArray, joined
from marketdata.calendars import schedule
from marketdata.feeds.files import open_file
from tests.engine.drive import of
from tests.engine.strategies import busy
from tests.engine.test_against_oracle import assert_same
from tests.engine.test_tape_against_oracle import assert_same_tape

pytestmark = pytest.mark.data

Side = Literal["tick-rule"] | None
MARKETS: list[tuple[str, str, Side, int]] = [
    # File, symbol, side, and how many times ES's lots and ticks are meant.
    ("es/esh4-glbx-mdp3-20231225.mbo.dbn.zst", "ES", None, 1),
    ("es/es_20130901_500k_noside.csv.gz", "ES", "tick-rule", 1),
    ("binance/usdm_btcusdt_20240808.gz", "BTCUSDT", None, 10),
]
IDS = ["ES, an hour", "ES, half a million", "Bitcoin"]
OPTIONS = {
    "break_even_after_ticks": 4, "trail_ticks": 5, "trail_after_ticks": 3, "trail_step_ticks": 2,
    "time_stop_s": 180,
}  # fmt: skip


@cache
def recorded(folder: Path, name: str, symbol: str, side: Side) -> tuple[Schedule, TickArray]:
    ticks = joined(open_file(folder / name, symbol, side=side).blocks()).records()
    return schedule(instrument(symbol), "all"), ticks


def trading(symbol: str, bars: BarRules, times: int, **options: int) -> EngineConfig:
    """Trades often, stops and targets near."""
    ticks = {"stop_ticks": 6, "target_ticks": 8} | options
    risk = {name: n * (1 if name == "time_stop_s" else times) for name, n in ticks.items()}
    if symbol == "BTCUSDT":  # six minutes
        bars = replace(bars, seconds=5)
    config = busy(symbol, bars=bars, **risk)
    return replace(config, patterns=PatternRules(min_volume=5, min_absorption=30))


@pytest.mark.parametrize(("name", "symbol", "side", "times"), MARKETS, ids=IDS)
@pytest.mark.parametrize(
    "bars",
    [
        BarRules(30), BarRules(30, row_ticks=4), BarRules(kind="tick", size=150),
        BarRules(kind="volume", size=900), BarRules(kind="range", size=6),
        BarRules(kind="delta", size=150),
    ],
    ids=lambda bars: f"{bars.kind}, rows of {bars.row_ticks}",
)  # fmt: skip
def test_same_in_every_kind_of_bar(
    recorded_data: Path, name: str, symbol: str, side: Side, times: int, bars: BarRules
) -> None:
    days, ticks = recorded(recorded_data, name, symbol, side)
    if bars.kind not in ("time", "tick"):
        bars = replace(bars, size=bars.size * times)
    events = assert_same(trading(symbol, bars, times), days, ticks)
    assert of(TradeClosed, events)


@pytest.mark.parametrize(("name", "symbol", "side", "times"), MARKETS, ids=IDS)
@pytest.mark.parametrize("profile", ["honest", "ideal"])
def test_same_with_the_bracket_s_options(
    recorded_data: Path, name: str, symbol: str, side: Side, times: int, profile: str
) -> None:
    days, ticks = recorded(recorded_data, name, symbol, side)
    config = trading(symbol, BarRules(30), times, **OPTIONS)
    events = assert_same(replace(config, fills=fill_profile(profile)), days, ticks)
    reasons = {event.trade.exit_reason for event in of(TradeClosed, events)}
    assert reasons & {ExitReason.BREAK_EVEN, ExitReason.TRAILING_STOP, ExitReason.TIME_STOP}


@pytest.mark.parametrize(("name", "symbol", "side", "times"), MARKETS, ids=IDS)
@pytest.mark.parametrize(
    "bars", [BarRules(30), BarRules(kind="tick", size=150)], ids=["time", "tick"]
)
def test_same_tape_and_levels(
    recorded_data: Path, name: str, symbol: str, side: Side, times: int, bars: BarRules
) -> None:
    days, ticks = recorded(recorded_data, name, symbol, side)
    events = assert_same_tape(trading(symbol, bars, times), days, ticks)
    assert all(of(kind, events) for kind in (LargeTrade, Sweep, LevelGone))
