"""One shape, whether it comes from the engine or from the database."""

import json
import math
from decimal import Decimal

import numpy as np
import pytest

from engine import events as said_
from engine.instruments import instrument
from tests.trading.days import TickFeed, planned, said, started, ticks
from trading import wire
from trading.pipeline.recorder import Recorder
from trading.pipeline.store import Flush
from trading.selectors import session_bars, session_signals, session_trades

MES = instrument("MES")


@pytest.fixture
def start(db):
    return started(planned(TickFeed([ticks()])))[1]


@pytest.fixture
def events(start):
    events = said(start)
    recorder = Recorder(start.session)
    recorder.take(events)
    recorder.session.last_tick_ns = events[-1].ts
    recorder.session_changed = True
    Flush(recorder).run()
    return events


def of(kind, events):
    return [event for event in events if isinstance(event, kind)]


def test_bars_are_the_same_from_both(events, start):
    told = [wire.bar_to_wire(event.bar, MES) for event in of(said_.BarClosed, events)]
    assert wire.bars_to_wire(session_bars(start.session), MES) == told


def test_a_bar_says_the_vwaps_deviation_and_the_averages_in_ticks(events):
    bars = [event.bar for event in of(said_.BarClosed, events)]
    told = [wire.bar_to_wire(bar, MES) for bar in bars]
    assert told[0]["ema"] is None
    inputs = bars[-1].reading.inputs
    assert told[-1]["ema"] == pytest.approx([inputs["ema_fast"], inputs["ema_slow"]], abs=1e-4)
    assert told[-1]["sdev"] == pytest.approx(bars[-1].session_deviation, abs=1e-4)
    assert told[-1]["said"] == bars[-1].reading.reason


def test_averages_that_are_not_known_yet_are_null():
    nan = math.nan
    assert wire.averages({"ema_fast": 4.0, "ema_slow": nan}) is None
    assert wire.averages({"ema_fast": None, "ema_slow": None}) is None
    assert wire.averages(None) is None
    assert wire.averages({"ema_fast": 4.00004, "ema_slow": 5.0}) == [4.0, 5.0]


def test_signals_are_the_same_from_both(events, start):
    told = [wire.signal_to_wire(event.signal) for event in of(said_.SignalDetected, events)]
    rows = [wire.signal_row_to_wire(row, MES) for row in session_signals(start.session)]
    assert sorted(rows, key=lambda row: row["id"]) == sorted(told, key=lambda row: row["id"])


def test_trades_are_the_same_from_both(events, start):
    told = [wire.trade_to_wire(event.trade) for event in of(said_.TradeClosed, events)]
    assert [wire.trade_row_to_wire(row) for row in session_trades(start.session)] == told


def test_nothing_that_is_a_price_or_money_is_a_float(events):
    trade = wire.trade_to_wire(of(said_.TradeClosed, events)[0].trade)
    for name in ("ep", "xp", "gross", "fees", "net"):
        assert isinstance(trade[name], str)
        Decimal(trade[name])
    bar = wire.bar_to_wire(of(said_.BarClosed, events)[0].bar, MES)
    assert all(isinstance(bar[name], int) for name in ("t", "o", "h", "l", "c", "poc"))
    assert isinstance(bar["vwap"], str)


def test_config_says_what_the_page_needs(start):
    config = wire.config_to_wire(start.session)
    assert {name: config[name] for name in ("symbol", "tick", "decimals", "tick_value", "lot")} == {
        "symbol": "MES", "tick": "0.25", "decimals": 2, "tick_value": "1.25", "lot": "1",
    }  # fmt: skip
    assert (config["timeframe"], config["ratio"], config["min_volume"]) == (300, 3.0, 5)
    assert config["fills"]["profile"] == "honest"
    json.dumps(config)


def test_details_become_json_whatever_they_hold():
    value = {"a": np.int64(3), "b": [np.float64(0.5), math.nan], 3: math.inf, "c": np.array([1])}
    assert wire.plain(value) == {"a": 3, "b": [0.5, None], "3": None, "c": [1]}
