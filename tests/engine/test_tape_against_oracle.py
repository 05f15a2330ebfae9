"""The tape and the life of levels against the oracle, on random markets, over days, in all bars."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import BarRules, EngineConfig
from engine.engine import Engine
from engine.events import BarClosed, Event, LargeTrade, LevelGone, LevelMade, LevelTouched, Sweep
from engine.names import LevelKind
from engine.ticks import NS, TickArray
from tests.engine.drive import of
from tests.engine.markets import random_market
from tests.engine.strategies import OPEN_LATE, busy, markets, schedules
from tests.oracle import run
from tests.oracle.days import ALL_DAY, Days
from tests.oracle.tape import read_tape

Said = tuple[int, str, str, int, int, int, int]


def assert_same_tape(config: EngineConfig, days: Days, ticks: TickArray) -> list[Event]:
    engine = Engine(config, days)
    events = [*engine.push(ticks), *engine.finish()]
    tape = read_tape(config, days, ticks.tolist())
    assert [
        (one.ts, one.price, one.size, one.side, one.threshold) for one in of(LargeTrade, events)
    ] == [tuple(one) for one in tape.large_trades]
    assert [
        (s.ts, s.start, s.end, s.side, s.first, s.last, s.prices, s.volume, s.trades)
        for s in of(Sweep, events)
    ] == [tuple(one) for one in tape.sweeps]
    bars = [event.bar for event in of(BarClosed, events)]
    assert [(list(bar.zero_ask_prints), list(bar.zero_bid_prints)) for bar in bars] == [
        tuple(one) for one in tape.zero_prints
    ]
    levels = run(config, days, ticks.tolist(), with_levels=True).levels
    assert life(events) == [tuple(one) for one in levels]
    return events


def life(events: list[Event]) -> list[Said]:
    """What befell the levels, as the oracle says it."""
    kinds = {LevelKind.NAKED_POC: "poc"}
    levels, said = {}, []
    for event in events:
        match event:
            case LevelMade(ts=ts, level=level):
                levels[level.id] = level
                what = "made"
            case LevelTouched(ts=ts, level_id=name):
                level, what = levels[name], "touched"
            case LevelGone(ts=ts, level_id=name, reason=reason):
                level, what = levels.pop(name), str(reason)
            case _:
                continue
        kind = kinds.get(level.kind, str(level.kind))
        said.append((ts, what, kind, level.made, level.low, level.high, level.direction))
    return said


def tape(bars: BarRules, **rules: object) -> EngineConfig:
    settings = {f"tape.{name}": str(value) for name, value in rules.items()}
    return busy(bars=bars).override(settings)


@pytest.mark.parametrize("days", [ALL_DAY, OPEN_LATE])
@pytest.mark.parametrize(
    "bars", [BarRules(60), BarRules(300, row_ticks=3), BarRules(kind="tick", size=60)], ids=str
)
def test_same_tape_over_three_days(bars: BarRules, days: Days) -> None:
    ticks = random_market(41, ticks=60_000, hours=60)
    ticks["ts"][1::3] = ticks["ts"][0::3][: len(ticks["ts"][1::3])] + 1  # bursts
    events = assert_same_tape(tape(bars, zone_memory=2, large_trade_after=100), days, ticks)
    said = {(what, kind) for _, what, kind, *_ in life(events)}
    assert said >= {
        (what, kind)
        for kind, whats in {
            "zone": ("made", "touched", "traded_through", "displaced"),
            "unfinished": ("made", "revisited", "displaced"),
            "poc": ("made", "traded"),
        }.items()
        for what in whats
    }
    assert len(of(LargeTrade, events)) > 100
    assert len(of(Sweep, events)) > 20


def test_same_tape_at_the_defaults() -> None:
    assert_same_tape(busy(bars=BarRules(300)), Days(), random_market(42, ticks=40_000, hours=60))


@given(
    st.sampled_from([
        BarRules(60), BarRules(300, row_ticks=3), BarRules(kind="tick", size=9),
        BarRules(kind="volume", size=60), BarRules(kind="range", size=4),
        BarRules(kind="delta", size=20),
    ]),
    st.fixed_dictionaries({}, optional={
        "large_trade_size": st.sampled_from([0, 1, 9, 1025]),
        "large_trade_share": st.sampled_from([0.000001, 0.5, 0.9, 0.995, 0.999999, 1.0]),
        "large_trade_after": st.sampled_from([1, 10, 300]),
        "sweep_ms": st.sampled_from([1, 50, 5_000, 600_000]),
        "sweep_prices": st.integers(2, 6),
        "zone_memory": st.integers(1, 5),
    }),
    schedules, markets(), st.sampled_from([1, 400, 70_000]), st.sampled_from([1, NS, 60 * NS]),
)  # fmt: skip
def test_same_tape_with_any_settings(
    bars: BarRules, rules: dict[str, object], days: Days, ticks: TickArray, lots: int, grid: int,
) -> None:  # fmt: skip
    """Sizes reach beyond those that are counted one by one; trades come at the very moment that a
    sweep is over."""
    ticks["size"] *= lots
    ticks["ts"] -= ticks["ts"] % grid
    assert_same_tape(tape(bars, **rules), days, ticks)
