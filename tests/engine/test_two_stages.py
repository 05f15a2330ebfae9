"""A backtest in two stages says what one quiet engine says, event for event."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.account_rules import Tier
from engine.account_run import AccountRun
from engine.config import BarRules, EngineConfig
from engine.day_analysis import DayAnalysis, DayScan
from engine.engine import Engine
from engine.events import Event, TickDropped
from engine.schedule import Schedule
from engine.ticks import NS, TickArray, columns
from tests.engine.drive import of
from tests.engine.markets import random_market
from tests.engine.strategies import busy, options, spoil
from tests.oracle.days import DAY, HOUR, Days

FIRST = 1_719_792_000 * NS  # midnight of 2024-07-01, a Monday


@st.composite
def wild(draw: st.DrawFn) -> EngineConfig:
    """Everything that may reach over a day, or make the two stages differ."""
    bars = st.sampled_from([
        BarRules(60), BarRules(300), BarRules(900, row_ticks=3), BarRules(kind="tick", size=9),
        BarRules(kind="tick", size=1), BarRules(kind="volume", size=60),
        BarRules(kind="range", size=4, row_ticks=2), BarRules(kind="delta", size=20),
    ])  # fmt: skip
    config: EngineConfig = draw(
        st.builds(
            busy,
            **options,
            target_ticks=st.sampled_from([5, 12]),
            stop_ticks=st.sampled_from([4, 9]),
            symbol=st.sampled_from(["ES", "MES", "BTCUSDT"]),
            profile=st.sampled_from(["honest", "ideal"]),
            bars=bars,
            cooldown_bars=st.integers(0, 2),
            stale_s=st.sampled_from([1, 4, 10, 30, 3600]),
            loss_limit=st.sampled_from([Decimal(60), Decimal(300), Decimal(5000)]),
            profit_target=st.sampled_from([Decimal(100), Decimal(5000)]),
            max_drawdown=st.sampled_from([Decimal(150), Decimal(5000)]),
        )
    )
    if draw(st.booleans()):
        tiers = [
            Tier(f"from {floor}", Decimal(floor), "", low, low + 1, Decimal(limit))
            for floor, low, limit in [(0, 1, 40), (9950, 2, 90), (10_000, 1, 2000)]
        ]
        config = replace(config, risk=replace(config.risk, tiers=tuple(tiers)))
        config = replace(config, account=replace(config.account, balance=Decimal(10_000)))
    news = draw(st.sampled_from([(), ((FIRST + 8 * HOUR, FIRST + 30 * HOUR),)]))
    memory = draw(st.sampled_from([1, 2, 4, 50]))
    return replace(
        config,
        regime=replace(config.regime, news=news),
        patterns=replace(config.patterns, unfinished_memory=memory),
    )


@st.composite
def weeks(draw: st.DrawFn) -> list[TickArray]:
    """Days of a market, each of its own: some empty, of one tick, at another level, with silences,
    bad and late ticks, or with a price that is quoted anew."""
    seed = draw(st.integers(0, 10_000))
    rng = np.random.default_rng(seed)
    days = []
    price = 20_000
    for number in range(draw(st.integers(1, 4))):
        count = draw(st.sampled_from([0, 1, 2, 300, 700]))
        hours = draw(st.sampled_from([1, 6, 21.9]))
        begins = draw(st.sampled_from([0, NS // 2, HOUR, 2 * HOUR]))
        ticks = random_market(
            seed + number, count, hours, FIRST + number * DAY + begins, price=price
        )
        if count > 100:
            if draw(st.booleans()):
                spoil(ticks[3:], seed)
            if draw(st.booleans()):
                silent = np.sort(rng.integers(0, count, 2))
                ticks = np.delete(ticks, slice(*silent))
            if draw(st.booleans()):
                ticks["price"][int(rng.integers(0, len(ticks))) :] += 4000
            price = max(int(ticks["price"][-1]), 5000) + draw(st.sampled_from([0, 3, -900]))
        days.append(ticks)
    return days


MORNING = Days(0, HOUR, 2 * HOUR, 20 * HOUR, 21 * HOUR, 22 * HOUR)
trading_days = st.sampled_from(
    [MORNING, Days(0, 0, 0, DAY, DAY, DAY), Days(0, HOUR, HOUR, 3 * HOUR, 3 * HOUR, 23 * HOUR)]
)


def analysed(
    config: EngineConfig, days: Schedule, ticks: TickArray, cuts: Sequence[int] = ()
) -> DayAnalysis:
    """A day's analysis, of ticks in these pieces."""
    scan = DayScan(config, days.at(int(ticks["ts"][0]) if len(ticks) else FIRST))
    for start, end in pairwise([0, *sorted(cuts), len(ticks)]):
        scan.push(columns(ticks[start:end]))
    kept = scan.finish().as_arrays()
    for array in kept.values():
        array.flags.writeable = False
    return DayAnalysis.from_arrays(kept)


def without_drops(events: Sequence[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, TickDropped)]


@given(wild(), trading_days, weeks(), st.data())
def test_two_stages_say_what_one_quiet_engine_says(
    config: EngineConfig, days: Days, week: list[TickArray], data: st.DataObject
) -> None:
    cut = st.lists(st.integers(0, 700), max_size=6)
    pieces = [[min(at, len(ticks)) for at in data.draw(cut)] for ticks in week]
    analyses = [
        analysed(config, days, ticks, cuts)
        for ticks, cuts in [*zip(week, pieces, strict=True)][::-1]
    ][::-1]
    engine, account = Engine(config, days, quiet=True), AccountRun(config, days)
    for ticks, analysis in zip(week, analyses, strict=True):
        said = engine.push(ticks)
        good = analysis.good(ticks["ts"].copy(), ticks["price"].copy())
        assert list(account.run(analysis, *good)) == without_drops(said)
        assert account.carry() == engine.carry()
        dropped = Counter(event.reason for event in of(TickDropped, said))
        assert analysis.drops == dropped
        assert len(ticks) - dropped.total() == analysis.ticks
        if data.draw(st.booleans()):
            assert account.roll() == engine.roll()
            assert account.carry() == engine.carry()
    assert account.finish() == engine.finish()
    assert account.carry() == engine.carry()
