"""The whole chain: what must hold for any ticks, and one day drawn by hand."""

import random
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from engine.config import engine_config
from engine.money import to_units
from engine.names import ExitReason, Pattern, Regime
from engine.ticks import MAX_LATE_NS, NS
from tests.oracle import Result, run
from tests.oracle.bars import value_area
from tests.oracle.days import ALL_DAY, HOUR, Days
from tests.oracle.ladder import ladder, ladders, tick_array
from tests.oracle.ticks import Tick


def walk(seed: int, count: int, start: int = 0) -> list[Tick]:
    """Ticks of a random walk, some of them bad."""
    rnd = random.Random(seed)
    ticks, ts, price = [], start, 19_200
    for _ in range(count):
        ts += rnd.choice((0, 1, 40, 700, 4000)) * 1_000_000
        price += rnd.choice((-1, 0, 0, 0, 1))
        late = rnd.choice((0, 0, 0, 0, 0, 0, 0, 900, 1100)) * 1_000_000
        bad = rnd.choice((0,) * 60 + (-price, 5000))
        ticks.append((ts - late, price + bad, rnd.randint(1, 30), rnd.choice((-1, 1, 1, -1, 0))))
    return ticks


def example(seed: int, count: int = 30_000) -> Result:
    """Bars of a minute, near stops, limits out of reach."""
    config = engine_config("ES").override(
        {
            "bars.seconds": "60",
            "risk.stop_ticks": "4",
            "risk.target_ticks": "4",
            "risk.loss_limit": "9000",
            "risk.profit_target": "9000",
            "risk.max_drawdown": "9000",
        }
    )
    tier = replace(config.risk.tiers[-1], loss_limit=Decimal(9000))
    config = replace(config, risk=replace(config.risk, tiers=(tier,)))
    config = replace(config, account=replace(config.account, balance=Decimal(100_000)))
    return run(config, ALL_DAY, walk(seed, count))


def test_nothing_from_nothing() -> None:
    assert run(engine_config("ES"), ALL_DAY, []).bars == []


def test_every_volume_of_a_bar_adds_up() -> None:
    result = example(1)
    ticks = walk(1, 30_000)
    assert sum(bar.trades for bar in result.bars) + len(result.dropped) == len(ticks)
    assert {drop.reason for drop in result.dropped} == {"price", "jump", "late"}
    for bar in result.bars:
        prices = [level[0] for level in bar.levels]
        assert (prices[0], prices[-1], prices) == (bar.low, bar.high, sorted(prices))
        assert sum(sum(level[1:]) for level in bar.levels) == bar.volume
        assert bar.buy_volume - bar.sell_volume == bar.delta
        assert bar.min_delta <= min(bar.delta, 0) <= max(bar.delta, 0) <= bar.max_delta
        assert bar.low <= bar.val <= bar.poc <= bar.vah <= bar.high
        inside = sum(sum(level[1:]) for level in bar.levels if bar.val <= level[0] <= bar.vah)
        assert inside * 10 >= bar.volume * 7
        assert bar.end - bar.start == 60 * NS


def test_money_adds_up() -> None:
    result = example(2)
    assert len(result.trades) >= 10
    assert result.balance == to_units(Decimal(100_000)) + sum(
        trade.pnl_net for trade in result.trades
    )
    assert result.trades[-1].balance == result.balance
    for before, after in pairwise(result.trades):
        assert before.entry_ts < before.exit_ts < after.entry_ts
    entered = [decision for decision in result.decisions if decision.action == "enter"]
    assert len(entered) == len(result.trades)


def test_position_at_the_end_is_closed_at_the_last_trade_before_the_last_bar() -> None:
    whole = example(2)
    trade = whole.trades[3]
    ticks = walk(2, 30_000)
    cut = next(i for i, tick in enumerate(ticks) if tick[0] > trade.entry_ts) + 2
    ended = example(2, cut)
    last = ended.bars[-1]
    assert ended.trades[:3] == whole.trades[:3]
    assert ended.trades[3].entry_ts == trade.entry_ts
    assert ended.trades[3].reason == ExitReason.END_OF_DATA
    assert ended.trades[3].exit_ts < last.end
    assert ended.trades[3].exit_price == last.close - trade.direction
    assert all(one.action == "none" for one in ended.decisions if one.ts == last.end)


def test_later_ticks_change_no_earlier_bar() -> None:
    whole, half = example(3), example(3, 15_000)
    known = len(half.bars) - 1
    assert half.bars[:known] == whole.bars[:known]
    assert half.readings[:known] == whole.readings[:known]


def test_a_new_day_starts_empty_and_remembers_unfinished_levels() -> None:
    schedule = Days(roll=22 * HOUR)
    picture = "4801 | 6 x 40\n4800 | 40 x 0"
    ticks = [*ladder(picture, 21 * HOUR), *ladder("4801 | 1 x 1", 22 * HOUR)]
    result = run(engine_config("ES"), schedule, ticks)
    first, second = result.bars
    assert (second.index, second.cum_delta, second.session_volume) == (0, 0, 2)
    assert first.cum_delta == -6
    assert result.signals[-1].pattern == Pattern.UNFINISHED_REVISITED


def test_divergence_looks_over_the_day_s_bars() -> None:
    """Peaks of the delta at 9 and 5, and a new high on selling."""
    deltas = ((4800, 0), (4801, 9), (4799, 1), (4801, 5), (4802, -1))
    pictures = [f"{price} | {10 - min(delta, 0)} x {10 + max(delta, 0)}" for price, delta in deltas]
    result = run(engine_config("ES"), ALL_DAY, ladders(*pictures))
    (signal,) = [one for one in result.signals if one.pattern == Pattern.BEARISH_DELTA_DIVERGENCE]
    assert signal.details == {"extreme": 4802, "peak_before": 9, "peak_last": 5}
    assert signal.bar_start == 4 * 300 * NS


def test_signals_carry_the_regime_and_the_verdict() -> None:
    result = run(engine_config("ES"), ALL_DAY, ladder("4801 | 0 x 30\n4800 | 5 x 0"))
    (signal,) = [one for one in result.signals if one.pattern == Pattern.BUY_IMBALANCE]
    assert (signal.regime, signal.approved, signal.reason) == (Regime.NO_TRADE, False, "disabled")
    assert (signal.ts, signal.bar_start) == (300 * NS, 0)


def test_pictures_become_the_engine_s_ticks() -> None:
    ticks = ladders("4801 | 1 x 2 + 3", "", "4800 | 4 x 0", start=600 * NS)
    array = tick_array(ticks)
    assert array.tolist() == ticks
    assert [tick[1:] for tick in ticks] == [
        (4801, 1, -1),
        (4801, 2, 1),
        (4801, 3, 0),
        (4800, 4, -1),
    ]
    assert [tick[0] // NS for tick in ticks] == [600, 700, 800, 1200]


@given(st.dictionaries(st.integers(100, 130), st.integers(1, 50), min_size=1), st.integers())
def test_value_area_is_around_the_poc_and_holds_enough(volumes: dict[int, int], pick: int) -> None:
    poc = sorted(volumes)[pick % len(volumes)]
    val, vah = value_area(volumes, poc)
    total = sum(volumes.values())
    inside = sum(volume for price, volume in volumes.items() if val <= price <= vah)
    assert min(volumes) <= val <= poc <= vah <= max(volumes)
    assert inside * 10 >= total * 7


def test_late_limit_is_inclusive() -> None:
    ticks = [(5 * NS, 4800, 1, 1), (5 * NS - MAX_LATE_NS, 4800, 1, 1)]
    assert run(engine_config("ES"), ALL_DAY, ticks).dropped == []
