"""Tape, zones and anchored VWAP of recorded markets, counted once more from their trades alone."""

from bisect import insort
from fractions import Fraction
from itertools import groupby
from math import sqrt
from pathlib import Path

import pytest

from engine.config import BarRules, engine_config
from engine.engine import Engine
from engine.events import BarClosed, Event, LargeTrade, LevelGone, LevelMade, LevelTouched, Sweep
from engine.instruments import instrument
from engine.names import LevelEnd, LevelKind
from engine.ticks import NS, joined
from marketdata.calendars import schedule
from marketdata.feeds.files import open_file
from tests.engine.drive import of
from tests.engine.test_tape import Row, runs

pytestmark = pytest.mark.data

FILES = [
    ("es/esh4-glbx-mdp3-20231225.mbo.dbn.zst", "ES", 60, 2_973, 17, 12),
    ("binance/usdm_btcusdt_20240808.gz", "BTCUSDT", 10, 21_313, 146, 380),
]


@pytest.fixture(scope="module", params=FILES, ids=["ES", "BTCUSDT"])
def told(
    request: pytest.FixtureRequest, recorded_data: Path
) -> tuple[Engine, list[Event], list[Row], int, tuple[int, ...]]:
    """An engine that took the file in one block, what another said that took it to its end, the
    ticks, the bars' length, and how many ticks, large trades and sweeps there are."""
    name, symbol, seconds, *counts = request.param
    ticks = joined(open_file(recorded_data / name, symbol).blocks())
    config = engine_config(symbol, bars=BarRules(seconds=seconds))
    engine, other = (Engine(config, schedule(instrument(symbol), "all")) for _ in range(2))
    engine.push_columns(ticks)
    events = [*other.push_columns(ticks), *other.finish()]
    assert engine.status().dropped == {}
    return engine, events, ticks.records().tolist(), seconds * NS, tuple(counts)


Told = tuple[Engine, list[Event], list[Row], int, tuple[int, ...]]


def test_large_trades_are_those_that_sorting_finds(told: Told) -> None:
    _, events, ticks, _, (count, large, _) = told
    before: list[int] = []
    expected = []
    for ts, price, size, side in ticks:
        shift = max(size.bit_length() - 10, 0)
        if len(before) >= 1000:
            threshold = max(before[-(-Fraction(995, 1000) * len(before) // 1) - 1], 2)
            if size >= threshold:
                expected.append((ts, price, size, side, threshold))
        insort(before, size >> shift << shift)
    assert [(e.ts, e.price, e.size, e.side, e.threshold) for e in of(LargeTrade, events)] == (
        expected
    )
    assert (len(ticks), len(expected)) == (count, large)


def test_sweeps_are_those_that_looking_at_each_run_finds(told: Told) -> None:
    _, events, ticks, length, (_, _, count) = told
    expected = []
    for number, bar in groupby(ticks, lambda tick: tick[0] // length):
        expected += runs(list(bar), 50_000_000, 3, (number + 1) * length)
    found = [
        (s.ts, s.start, s.end, s.side, s.first, s.last, s.prices, s.volume, s.trades)
        for s in of(Sweep, events)
    ]
    assert found == expected
    assert len(expected) == count


def test_zones_live_until_a_bar_trades_through_them(told: Told) -> None:
    _, events, _, _, _ = told
    bars = [event.bar for event in of(BarClosed, events)]
    gone = {event.level_id: event for event in of(LevelGone, events)}
    touched = {event.level_id: event.ts for event in of(LevelTouched, events)}
    zones = [e.level for e in of(LevelMade, events) if e.level.kind is LevelKind.ZONE]
    assert zones
    for zone in zones:
        ends = [gone[zone.id].ts] if zone.id in gone else []
        if ends and gone[zone.id].reason is LevelEnd.DISPLACED:
            continue
        later = [bar for bar in bars if bar.end > zone.made]
        through = [
            bar.end
            for bar in later
            if (bar.low < zone.low if zone.direction > 0 else bar.high > zone.high)
        ]
        assert ends == through[:1]
        inside = [
            bar.end
            for bar in later
            if any(zone.low <= price <= zone.high for price in bar.levels[:, 0].tolist())
            and (not through or bar.end < through[0])
        ]
        assert touched.get(zone.id) == (inside[0] if inside else None)


def test_the_vwap_from_any_moment_is_that_of_the_trades_of_its_bars(told: Told) -> None:
    engine, _, ticks, length, _ = told
    for ts, *_ in ticks[:: len(ticks) // 7]:
        since = [(price, size) for when, price, size, _ in ticks if when >= ts // length * length]
        volume = sum(size for _, size in since)
        mean = Fraction(sum(price * size for price, size in since), volume)
        variance = sum((price - mean) ** 2 * size for price, size in since) / volume
        vwap = engine.profile(ts).vwap()
        assert vwap is not None
        assert Fraction(vwap.notional, vwap.volume) == mean
        assert vwap.deviation == pytest.approx(sqrt(variance), rel=1e-14)
