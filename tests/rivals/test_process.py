"""The rivals' process: what it answers, and that what it builds are our footprints."""

import sys
from datetime import date

import pytest

from bench.rivals.process import RivalError, Rivals
from bench.rivals.speed import RUNS, measure
from engine.config import engine_config
from engine.ticks import TickColumns
from marketdata.calendars import schedule
from marketdata.feeds.simulator import Simulator


def test_a_missing_environment_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(RivalError, match="make rivals"):
        Rivals()


def test_what_goes_wrong_there_is_raised_here_and_the_next_question_is_answered(rivals):
    with pytest.raises(RivalError, match="FileNotFoundError"):
        rivals.ask("nautilus_speed:prepare", path="/nowhere.npz")
    with pytest.raises(RivalError, match="AttributeError"):
        rivals.ask("nautilus_speed:nothing")


@pytest.mark.slow
@pytest.mark.usefixtures("rivals")
def test_every_rival_builds_our_footprints():
    config = engine_config("ES")
    day = Simulator("ES", seed=1, ticks_per_day=50_000).day(date(2025, 7, 7))
    ticks = TickColumns(*(column[:5_000] for column in day))
    measured = measure(ticks, config, schedule(config.instrument, "rth"), rounds=1)
    assert set(measured.rivals) == set(RUNS)
    assert measured.nautilus_trades > 0
    assert measured.imbalance_trades > 0
