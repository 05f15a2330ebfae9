"""Which trade completed a pattern: on pictures, and against every prefix seen by the oracle."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

import pytest

from engine.completing import Completion, completion
from engine.config import BarRules, EngineConfig, PatternRules, engine_config
from engine.engine import Engine
from engine.errors import InputError
from engine.events import Bar, BarClosed, Signal, SignalDetected
from engine.names import Pattern
from engine.rules import compiled_rules
from engine.ticks import BUY, NONE, NS, SELL, columns
from tests.engine.drive import BAR, Driven, at, of
from tests.engine.markets import START, random_market
from tests.oracle.bars import BarTicks, DayBars
from tests.oracle.days import ALL_DAY
from tests.oracle.ladder import Tick, ladder, ladders, tick_array
from tests.oracle.patterns import find_patterns

ES = engine_config("ES")


def completed(
    pattern: Pattern, trades: Sequence[tuple[int, int, int]], *before: str,
    config: EngineConfig = ES,
) -> Completion:  # fmt: skip
    """When the last bar had the pattern: bars as pictures, then trades (price, size, side)."""
    driven = Driven(config)
    driven.push(ladders(*before, start=at(0)))
    first = at(len(before) * BAR)
    ticks = [(first + k * NS, *trade) for k, trade in enumerate(trades)]
    driven.push(ticks)
    driven.finish()
    *earlier, bar = driven.bars
    signal = next(
        event.signal
        for event in driven.said(SignalDetected)
        if event.signal.bar_start == bar.start and event.signal.pattern is pattern
    )
    figures = [(one.high, one.low, one.delta) for one in earlier]
    return completion(signal, bar, columns(tick_array(ticks)), figures, compiled_rules(config))


def test_an_imbalance_is_complete_with_the_trade_that_reaches_the_ratio() -> None:
    done = completed(
        Pattern.BUY_IMBALANCE,
        [(4800, 10, SELL), (4801, 20, BUY), (4801, 9, BUY), (4801, 1, BUY), (4801, 5, BUY)],
    )
    assert (done.number, done.trades, done.at_the_close) == (4, 5, False)
    assert done.strength == pytest.approx(0.3)
    assert done.details == {"volume": 30, "against": 10, "ratio": 3.0, "count": 1}
    assert (done.low, done.high) == (4800, 4801)


def test_what_was_lost_again_does_not_count() -> None:
    done = completed(
        Pattern.BUY_IMBALANCE,
        [(4800, 1, SELL), (4801, 40, BUY), (4800, 20, SELL), (4801, 22, BUY), (4801, 1, BUY)],
    )
    assert done.number == 5  # 40 against 1 held, 62 against 21 did not, 63 does


def test_an_imbalance_counts_from_when_it_was_the_strongest() -> None:
    done = completed(
        Pattern.BUY_IMBALANCE,
        [(4800, 1, SELL), (4801, 20, BUY), (4801, 1, SELL), (4802, 30, BUY), (4802, 1, BUY)],
    )
    assert done.number == 4


def test_the_trades_before_it_are_those_at_the_rows_concerned() -> None:
    trades = [
        (4800, 2, SELL), (4801, 3, BUY), (4802, 7, SELL), (4801, 4, SELL), (4800, 1, SELL),
        (4800, 2, SELL), (4801, 1, NONE), (4801, 12, BUY), (4802, 1, BUY),
    ]  # fmt: skip
    done = completed(Pattern.BUY_IMBALANCE, trades)
    assert [(p.number, p.before, p.after, p.delta) for p in done.prints] == [
        (4, 0, 4, -10), (5, 2, 3, -11), (6, 3, 5, -13), (7, 0, 1, -13), (8, 3, 15, -1),
    ]  # fmt: skip
    assert [p.completing for p in done.prints] == [False] * 4 + [True]
    last = done.prints[-1]
    assert (last.ts, last.price, last.size, last.side, last.row) == (
        at(7), 4801, 12, BUY, 4801,
    )  # fmt: skip


def test_rows_of_several_ticks() -> None:
    config = replace(ES, bars=BarRules(row_ticks=4))
    trades = [(4800, 5, SELL), (4803, 5, SELL), (4804, 20, BUY), (4807, 10, BUY), (4805, 1, BUY)]
    done = completed(Pattern.BUY_IMBALANCE, trades, config=config)
    assert (done.number, done.low, done.high) == (4, 4800, 4804)
    assert [(p.row, p.before, p.after) for p in done.prints] == [
        (4800, 0, 5), (4800, 5, 10), (4804, 0, 20), (4804, 20, 30),
    ]  # fmt: skip


def test_absorption_is_completed_by_the_close_that_turns_away() -> None:
    trades = [
        (4800, 1, SELL), (4808, 90, BUY), (4809, 90, BUY), (4810, 20, BUY),
        (4806, 1, SELL), (4805, 1, SELL), (4804, 1, SELL),
    ]  # fmt: skip
    done = completed(Pattern.SELLING_ABSORPTION, trades)
    assert (done.number, done.at_the_close, done.low, done.high) == (7, True, 4808, 4810)


def test_divergence_is_completed_by_the_trade_that_turns_the_delta() -> None:
    before = [
        "4802 | 0 x 1\n4800 | 1 x 1", "4804 | 0 x 20\n4801 | 1 x 0", "4803 | 0 x 1\n4802 | 9 x 0",
        "4804 | 0 x 9\n4802 | 15 x 0",
    ]  # fmt: skip
    trades = [(4803, 5, BUY), (4806, 3, BUY), (4806, 7, SELL), (4805, 3, SELL), (4805, 1, BUY)]
    done = completed(Pattern.BEARISH_DELTA_DIVERGENCE, trades, *before)
    assert done.number == 4
    assert (done.low, done.high) == (4803, 4806)


def test_a_revisit_is_complete_with_the_first_trade_at_the_level() -> None:
    unfinished = "4804 | 9 x 9\n4803 | 1 x 1"
    trades = [(4803, 1, BUY), (4804, 1, BUY), (4804, 1, SELL), (4805, 1, BUY)]
    assert completed(Pattern.UNFINISHED_REVISITED, trades, unfinished).number == 2


def test_trades_of_another_bar_are_refused() -> None:
    driven = Driven()
    driven.push(ladder("4801 | 0 x 40\n4800 | 1 x 0", at(0)))
    driven.finish()
    (bar,), signal = driven.bars, driven.said(SignalDetected)[0].signal
    other = columns(tick_array(ladder("4801 | 0 x 40\n4800 | 2 x 0", at(0))))
    with pytest.raises(InputError, match="2 trades and 41 lots, not 2 and 42"):
        completion(signal, bar, other, [], compiled_rules(ES))
    same = columns(tick_array(ladder("4801 | 0 x 1\n4800 | 40 x 0", at(0))))
    with pytest.raises(InputError, match="has no BUY_IMBALANCE at 4801"):
        completion(signal, bar, same, [], compiled_rules(ES))


def first_of_the_lasting(
    signal: Signal, ticks: list[Tick], before: list, levels: list, config: EngineConfig
) -> int:  # type: ignore[type-arg]
    """The completing trade's number by the oracle: every prefix as a bar of its own."""
    wanted = (signal.pattern, signal.direction, signal.price)
    number = 1
    for count in range(1, len(ticks) + 1):
        prefix = DayBars(ALL_DAY.at(ticks[0][0])).close(
            BarTicks(ALL_DAY.at(ticks[0][0]), signal.bar_start, signal.ts, ticks[:count])
        )
        found = find_patterns(prefix, before, list(levels), config.patterns, config.bars.row_ticks)
        if wanted not in [(one.pattern, one.direction, one.price) for one in found]:
            number = count + 1
    return number


@pytest.mark.parametrize(("seed", "row_ticks"), [(1, 1), (2, 1), (3, 2)])
def test_every_signal_of_a_market_is_completed_where_the_oracle_says(
    seed: int, row_ticks: int
) -> None:
    config = replace(
        ES,
        bars=BarRules(seconds=300, row_ticks=row_ticks),
        patterns=PatternRules(min_volume=3, min_absorption=15),
    )
    ticks = random_market(seed, ticks=2_000, hours=2, start=START)
    engine = Engine(config, ALL_DAY)
    events = [*engine.push(ticks), *engine.finish()]
    bars: list[Bar] = [event.bar for event in of(BarClosed, events)]
    signals = {
        start: [event.signal for event in group]
        for start, group in groupby(
            of(SignalDetected, events), key=lambda event: event.signal.bar_start
        )
    }
    rows, levels, before = ticks.tolist(), [], []
    day = DayBars(ALL_DAY.at(START))
    rules = compiled_rules(config)
    seen = set()
    for bar in bars:
        own = [row for row in rows if bar.start <= row[0] < bar.end]
        figures = [(one.high, one.low, one.delta) for one in before]
        inside = columns(ticks[(ticks["ts"] >= bar.start) & (ticks["ts"] < bar.end)])
        for signal in signals.get(bar.start, []):
            done = completion(signal, bar, inside, figures, rules)
            assert done.number == first_of_the_lasting(signal, own, before, levels, config), signal
            assert done.prints[-1].number == done.number
            seen.add(signal.pattern)
        whole = day.close(BarTicks(day.day, bar.start, bar.end, own))
        find_patterns(whole, before, levels, config.patterns, row_ticks)
        before.append(whole)
    assert len(seen) >= 10
