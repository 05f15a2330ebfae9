"""`manage.py ticks simulate`: simulated days in the store."""

from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from engine.ticks import joined
from marketdata.feeds.simulator import Simulator
from marketdata.store import TickStore
from tests.marketdata.store.days import info, ticks

LAST = date(2025, 11, 28)


@pytest.fixture
def store(tmp_path: Path, settings: Any) -> TickStore:
    settings.DATA_DIR = tmp_path
    return TickStore(tmp_path / "ticks")


def simulate(*words: object) -> str:
    out = StringIO()
    given = ("--symbol", "MES", "--to", LAST, "--ticks-per-day", 1000, *words)
    call_command("ticks", "simulate", *map(str, given), stdout=out)
    return out.getvalue()


def test_the_days_are_the_last_trading_days_and_marked_synthetic(store: TickStore) -> None:
    assert "3 simulated, 0 there already" in simulate("--days", 3)
    # Thanksgiving trades until noon; the weekend before does not.
    assert store.days("MES") == [date(2025, 11, 26), date(2025, 11, 27), LAST]
    held = store.read("MES", LAST)
    assert held.info.synthetic
    wanted = Simulator("MES", 1, 1000).day(LAST)
    for found, expected in zip(joined(held.columns()), wanted, strict=True):
        assert np.array_equal(found, expected)


def test_a_second_time_nothing_is_made(store: TickStore) -> None:
    simulate("--days", 2)
    made = store.path("MES", LAST).stat().st_mtime_ns
    assert "1 simulated, 2 there already" in simulate("--days", 3)
    assert store.path("MES", LAST).stat().st_mtime_ns == made


def test_another_market_replaces_simulated_days_only_when_told(store: TickStore) -> None:
    simulate("--days", 1)
    with pytest.raises(CommandError, match=r"holds other ticks .*--replace"):
        simulate("--days", 1, "--seed", 2)
    assert "1 simulated" in simulate("--days", 1, "--seed", 2, "--replace")
    assert "seed 2" in store.read("MES", LAST).info.source


def test_a_recorded_day_is_never_replaced(store: TickStore) -> None:
    day = date(2025, 11, 20)
    store.write(info(day=day), [ticks(10)])
    with pytest.raises(CommandError, match="recorded days are not replaced"):
        simulate("--from", date(2025, 11, 19), "--replace")
    assert store.days("MES") == [day]
    assert store.read("MES", day).count == 10


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--days", "0"), "whole number above 0"),
        (("--from", "2025-12-01"), "is after the last day"),
        (("--from", "2025-11-22", "--to", "2025-11-22"), "does not trade"),
        (("--ticks-per-day", "10"), "too few"),
    ],
)
def test_what_makes_no_sense_is_refused(
    store: TickStore, words: tuple[str, ...], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        simulate(*words)
