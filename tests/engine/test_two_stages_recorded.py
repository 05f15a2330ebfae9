"""Recorded and simulated markets in two stages: what one quiet engine says of them."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine.account_run import AccountRun
from engine.config import BarRules, EngineConfig, engine_config
from engine.day_analysis import Judge
from engine.day_bars import DayScan
from engine.engine import Engine
from engine.events import Event, TickDropped, TradeClosed
from engine.schedule import Schedule
from engine.ticks import TickColumns, columns, joined, part
from marketdata.calendars import schedule
from marketdata.feeds.simulator import Simulator
from tests.engine.drive import of
from tests.engine.test_recordings_against_oracle import (
    IDS,
    MARKETS,
    OPTIONS,
    Side,
    recorded,
    trading,
)


def by_day(ticks: TickColumns, days: Schedule) -> list[TickColumns]:
    """The ticks of each trading day."""
    cuts = [0]
    while cuts[-1] < len(ticks.ts):
        end = days.at(int(ticks.ts[cuts[-1]])).end
        cuts.append(int(np.searchsorted(ticks.ts, end)))
    return [part(ticks, slice(*cut)) for cut in pairwise(cuts)]


def assert_same(config: EngineConfig, days: Schedule, market: list[TickColumns]) -> list[Event]:
    """What both say."""
    engine, account = Engine(config, days, quiet=True), AccountRun(config, days)
    expected, said, judge = list[Event](), list[Event](), Judge(config)
    for ticks in market:
        expected += engine.push_columns(ticks)
        day = days.at(int(ticks.ts[0]))
        scan = DayScan(config, day)
        scan.push(ticks)
        analysis = judge.judge(scan.finish(), day)
        said += account.run(analysis, *analysis.good(ticks.ts, ticks.price))
    expected += engine.finish()
    said += account.finish()
    assert said == [event for event in expected if not isinstance(event, TickDropped)]
    assert account.carry() == engine.carry()
    return said


@pytest.mark.data
@pytest.mark.parametrize(("name", "symbol", "side", "times"), MARKETS, ids=IDS)
@pytest.mark.parametrize(
    ("bars", "options"),
    [
        (BarRules(30), {}), (BarRules(30), OPTIONS), (BarRules(30, row_ticks=4), {}),
        (BarRules(kind="tick", size=150), {}), (BarRules(kind="volume", size=900), {}),
        (BarRules(kind="range", size=6), {}), (BarRules(kind="delta", size=150), OPTIONS),
    ],
    ids=str,
)  # fmt: skip
def test_recorded_markets(
    recorded_data: Path, name: str, symbol: str, side: Side, times: int, bars: BarRules,
    options: dict[str, int],
) -> None:  # fmt: skip
    days, ticks = recorded(recorded_data, name, symbol, side)
    if bars.kind not in ("time", "tick"):
        bars = replace(bars, size=bars.size * times)
    market = by_day(columns(ticks), days)
    config = trading(symbol, bars, times, **options)
    assert of(TradeClosed, assert_same(config, days, market))
    assert_same(replace(config, risk=replace(config.risk, stale_s=2)), days, market)


@pytest.mark.parametrize("symbol", ["ES", "MES"])
def test_simulated_days(symbol: str) -> None:
    feed = Simulator(symbol, seed=1, ticks_per_day=40_000).history(date(2025, 7, 3), 4)
    market = [joined([feed.simulator.day(day)]) for day in feed.days]
    config = engine_config(symbol)
    days = schedule(config.instrument, "rth")
    assert of(TradeClosed, assert_same(config, days, market))
    patient = replace(config.risk, stop_ticks=60, target_ticks=80, trail_ticks=9, time_stop_s=900)
    assert_same(replace(config, risk=patient), days, market)
