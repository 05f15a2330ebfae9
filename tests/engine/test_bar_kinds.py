"""Bars that end with the trade that fills them: by trades, volume, range and delta."""

from dataclasses import replace

import pytest

from engine.config import BarRules, EngineConfig, engine_config
from engine.engine import Engine
from engine.errors import ConfigError
from engine.events import Bar, BarClosed, Decision, Event, TradeClosed
from engine.ticks import TickArray, columns
from tests.engine.drive import acted
from tests.engine.markets import HOUR, random_market
from tests.oracle.days import ALL_DAY, DAY, Days

KINDS = [("tick", 70), ("volume", 400), ("range", 9), ("delta", 90), ("tick", 1), ("range", 1)]
BUSY = Days(0, 0, 0, 23 * HOUR, 23 * HOUR + HOUR // 2, 24 * HOUR)


def config_of(kind: str, size: int, **settings: str) -> EngineConfig:
    return engine_config("ES", bars=BarRules(kind=kind, size=size)).override(settings)


def run(config: EngineConfig, days: Days, ticks: TickArray, quiet: bool = False) -> list[Event]:
    engine = Engine(config, days, quiet=quiet)
    return [*engine.push_columns(columns(ticks)), *engine.finish()]


def bars_of(events: list[Event]) -> list[Bar]:
    return [event.bar for event in events if isinstance(event, BarClosed)]


def is_full(kind: str, size: int, ticks: list[tuple[int, int, int, int]]) -> bool:
    prices = [price for _, price, _, _ in ticks]
    return {
        "tick": len(ticks),
        "volume": sum(volume for _, _, volume, _ in ticks),
        "range": max(prices) - min(prices),
        "delta": abs(sum(volume * side for _, _, volume, side in ticks)),
    }[kind] >= size


@pytest.mark.parametrize(("kind", "size"), KINDS)
def test_a_bar_ends_with_the_trade_that_fills_it_or_with_the_day(kind: str, size: int) -> None:
    ticks = random_market(21, ticks=4_000, hours=40)
    expected: list[list[tuple[int, int, int, int]]] = []
    day, fresh = None, True
    for tick in ticks.tolist():
        if fresh or tick[0] // DAY != day:
            expected.append([])
        day, fresh = tick[0] // DAY, False
        expected[-1].append(tick)
        fresh = is_full(kind, size, expected[-1])
    bars = bars_of(run(config_of(kind, size), ALL_DAY, ticks))
    assert [(bar.start, bar.trades, bar.volume, bar.close) for bar in bars] == [
        (group[0][0], len(group), sum(tick[2] for tick in group), group[-1][1])
        for group in expected
    ]
    for bar, group in zip(bars[:-1], expected[:-1], strict=True):
        end = group[-1][0] if is_full(kind, size, group) else (group[0][0] // DAY + 1) * DAY
        assert bar.end == end


@pytest.mark.parametrize(("kind", "size"), KINDS)
def test_any_split_gives_the_same_events(kind: str, size: int) -> None:
    ticks = random_market(5, ticks=3_000, hours=10)
    config = config_of(kind, size)
    whole = run(config, BUSY, ticks)
    engine = Engine(config, BUSY)
    single = [event for k in range(len(ticks)) for event in engine.push(ticks[k : k + 1])]
    assert [*single, *engine.finish()] == whole


@pytest.mark.parametrize(("kind", "size"), KINDS)
def test_the_quiet_engine_trades_the_same(kind: str, size: int) -> None:
    shorter = {"risk.stop_ticks": "4", "risk.target_ticks": "5", "risk.cooldown_bars": "2"}
    config = config_of(kind, size, **shorter)
    ticks = random_market(7, ticks=12_000, hours=60)
    loud, quiet = run(config, BUSY, ticks), run(config, BUSY, ticks, quiet=True)
    assert acted(loud) == acted(quiet)
    if size > 1:
        assert any(isinstance(event, TradeClosed) for event in quiet)


def test_a_decision_is_made_at_the_trade_that_fills_the_bar() -> None:
    events = run(config_of("tick", 50), BUSY, random_market(7, ticks=12_000, hours=20))
    bars = {bar.end for bar in bars_of(events)}
    entered = [e for e in events if isinstance(e, Decision) and e.action == "enter"]
    assert entered
    assert {decision.ts for decision in entered} <= bars


def test_a_beat_does_not_end_a_bar_that_is_not_full() -> None:
    ticks = random_market(2, ticks=10, hours=0.1)
    engine = Engine(config_of("tick", 11), ALL_DAY)
    engine.push(ticks)
    assert bars_of(list(engine.beat(int(ticks["ts"][-1]) + HOUR))) == []
    forming = engine.forming()
    assert forming is not None
    assert forming.trades == 10


@pytest.mark.parametrize("change", [{"kind": "renko"}, {"size": 0}, {"size": -5}])
def test_refuses_kinds_and_sizes_that_are_none(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        replace(BarRules(), **change)
