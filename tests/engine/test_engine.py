"""Time, days, beats and bad ticks: what the market does, seen through the whole engine."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from engine.commands import Flatten, HaltTrading
from engine.config import BarRules
from engine.engine import Engine
from engine.errors import ConfigError, EngineError, InputError
from engine.events import (
    BarClosed,
    DayStarted,
    Decision,
    Halted,
    Resumed,
    SessionChanged,
    SignalDetected,
    TickDropped,
)
from engine.names import Halt, Pattern
from engine.schedule import TradingDay
from engine.ticks import MAX_LADDER, MAX_TS, NS, TICK, TickColumns, columns
from tests.engine.drive import BAR, BUY_BAR, DAY_0, QUIET_BAR, Driven, at, easy, entered, of, opened
from tests.oracle.days import ALL_DAY, DAY, HOUR, Days
from tests.oracle.ladder import Tick, ladder, tick_array

SESSION = Days(0, HOUR, HOUR + 60 * NS, 2 * HOUR, 3 * HOUR, 4 * HOUR)
"""Opens at 3600 s, entries from 3660 to 7200, flatten 10800, close 14400."""


def drops(driven: Driven) -> list[str]:
    return [drop.reason for drop in driven.said(TickDropped)]


# Inputs


def test_only_tick_arrays_are_taken() -> None:
    engine = Engine(easy(), ALL_DAY)
    with pytest.raises(InputError, match="push takes an array of dtype TICK, not int64"):
        engine.push(np.zeros(3, np.int64))
    packed = np.dtype([(name, TICK[name]) for name in TICK.names or ()])
    with pytest.raises(InputError, match="dtype TICK"):
        engine.push(np.zeros(3, packed))


def test_columns_must_be_of_one_length() -> None:
    ts, price, size, side = columns(tick_array(ladder(QUIET_BAR)))
    with pytest.raises(InputError, match=r"columns differ in length: \[2, 1, 2, 2\]"):
        Engine(easy(), ALL_DAY).push_columns(TickColumns(ts, price[:1], size, side))


def test_nothing_pushed_is_nothing_said() -> None:
    driven = Driven()
    assert driven.push([]) == []
    assert list(driven.engine.push_columns(columns(tick_array([])))) == []
    driven.trade(1, 4800)
    assert driven.push([]) == []
    assert driven.finish() != []


def test_slices_and_read_only_arrays_are_taken() -> None:
    ticks = tick_array([(at(n), 4800, 1, 0) for n in range(6)])
    frozen = ticks.copy()
    frozen.flags.writeable = False
    engine = Engine(easy(), ALL_DAY)
    engine.push(ticks[::2])
    engine.push(frozen[5:])
    assert engine.status().ticks == 4


@pytest.mark.parametrize("ts", [MAX_TS, 2**63, 2**70])
def test_times_after_2116_are_refused(ts: int) -> None:
    driven = Driven()
    driven.trade(1, 4800)
    before = driven.engine.status()
    with pytest.raises(InputError, match=f"time {ts} is after 2116"):
        driven.engine.beat(ts)
    with pytest.raises(InputError, match=f"time {ts} is after 2116"):
        driven.command(Flatten(id="f", ts=ts))
    assert driven.engine.status() == before
    assert driven.command(Flatten(id="f", ts=at(2)))


@pytest.mark.parametrize("quiet", [False, True])
def test_the_bar_in_which_time_ends_takes_no_tick_after_it(quiet: bool) -> None:
    engine = Engine(easy(), ALL_DAY, quiet=quiet)
    ticks = tick_array([(MAX_TS - 2 + k, 4800, 1, 1) for k in range(5)])
    dropped = of(TickDropped, engine.push(ticks))
    assert [event.ts for event in dropped] == [MAX_TS, MAX_TS + 1, MAX_TS + 2]
    assert engine.status().ticks == 2


# Bad ticks


@pytest.mark.parametrize(
    ("tick", "reason"),
    [
        ((at(10), 0, 0, 9), "price"),
        ((at(10), -1, 1, 1), "price"),
        ((at(10), 4800, 0, 9), "size"),
        ((at(10), 4800, -5, 1), "size"),
        ((at(10), 4800, 1, 2), "side"),
        ((at(10), 4800, 1, -128), "side"),
        ((-1, 4800, 1, 1), "time"),
        ((MAX_TS, 4800, 1, 1), "time"),
        ((2**63 - 1, 4800, 1, 1), "time"),
        ((at(9) - 1, 9000, 1, 1), "late"),
        ((at(10), 5041, 1, 1), "jump"),
        ((at(10), 4559, 1, 1), "jump"),
    ],
)
def test_bad_ticks_are_dropped_with_the_first_reason(tick: Tick, reason: str) -> None:
    driven = Driven()
    driven.trade(10, 4800)
    before = driven.engine.status()
    (drop,) = driven.push([tick])
    assert isinstance(drop, TickDropped)
    assert (drop.reason, drop.ts, drop.price, drop.size, drop.side) == (reason, *tick)
    after = driven.engine.status()
    assert after == replace(before, dropped={reason: 1})


@pytest.mark.parametrize("price", [5040, 4560])
def test_five_percent_is_no_jump(price: int) -> None:
    driven = Driven()
    driven.trade(10, 4800, price)
    assert drops(driven) == []


def test_a_tick_late_by_a_second_is_kept_at_the_time_reached() -> None:
    driven = Driven()
    driven.push([(at(10), 4800, 1, 0), (at(9), 4801, 1, 0)])
    status = driven.engine.status()
    assert (status.ts, status.last_tick_ts, status.last_price) == (at(10), at(10), 4801)
    assert drops(driven) == []


def test_a_late_tick_goes_into_the_bar_of_the_time_reached() -> None:
    driven = Driven()
    driven.push([(at(BAR - 1), 4800, 1, 0), (at(BAR), 4801, 1, 0), (at(BAR - 1), 4802, 1, 0)])
    assert driven.bars[0].trades == 1
    forming = driven.engine.forming()
    assert forming is not None
    assert (forming.start, forming.trades) == (at(BAR), 2)


def test_a_market_at_a_new_level_is_followed_after_five_agreeing_jumps() -> None:
    driven = Driven()
    driven.trade(10, 4800, *[6000] * 6)
    assert drops(driven) == ["jump"] * 4
    assert driven.engine.status().last_price == 6000


def test_jumps_that_disagree_or_are_interrupted_are_counted_anew() -> None:
    driven = Driven()
    driven.trade(10, 4800, 6000, 6000, 6000, 6000, 9000, 6000, 6000, 6000, 6000)
    assert drops(driven) == ["jump"] * 9
    driven.trade(11, 4800, 6000)
    assert drops(driven) == ["jump"] * 10


def test_the_first_tick_of_a_day_is_no_jump() -> None:
    driven = Driven()
    driven.trade(10, 4800)
    driven.trade(10, 9000, day=1)
    assert drops(driven) == []


def test_a_bar_that_would_be_too_wide_keeps_its_tick_out_and_no_time_passes() -> None:
    """From 30,000,000 on, 5 % is more than the widest ladder."""
    low = 30_000_000
    driven = Driven(easy(), SESSION)
    driven.push([(at(3500), low, 1, 0), (at(3501), low + MAX_LADDER - 1, 1, 0)])
    said = driven.push([(at(3590), low + MAX_LADDER, 1, 0)])
    assert [type(event) for event in said] == [TickDropped]
    assert drops(driven) == ["range"]
    assert driven.engine.status().ts == at(3501)
    driven.push([(at(3600), low + MAX_LADDER, 1, 0)])
    assert driven.bars[0].high - driven.bars[0].low == MAX_LADDER - 1
    assert drops(driven) == ["range"]


# Days


def test_the_first_tick_of_a_day_starts_it_with_the_moments_that_are_past() -> None:
    driven = Driven(easy(), SESSION)
    driven.trade(8000, 4800)
    started, opens, closed = driven.events
    assert (type(started), started.ts) == (DayStarted, at(0))
    assert [(opens.ts, opens.phase), (closed.ts, closed.phase)] == [  # type: ignore[union-attr]
        (at(3600), "open"), (at(7200), "entries_closed"),
    ]  # fmt: skip


def test_a_day_s_moments_in_order_and_the_phase_between_them() -> None:
    driven = Driven(easy(), SESSION)
    assert driven.engine.status().phase == "closed"
    driven.trade(1, 4800)
    phases = [driven.engine.status().phase]
    for second in (3600, 7200, 10_800, 14_400):
        driven.beat(second - 1)
        assert driven.engine.status().phase == phases[-1]
        driven.beat(second)
        phases.append(driven.engine.status().phase)
    assert phases == ["before_open", "open", "entries_closed", "flatten", "closed"]
    assert [(c.ts, c.phase) for c in driven.said(SessionChanged)] == [
        (at(3600), "open"), (at(7200), "entries_closed"), (at(10_800), "flatten"),
        (at(14_400), "closed"),
    ]  # fmt: skip
    driven.beat(0, day=1)
    assert driven.engine.status().day is None
    assert len(driven.said(DayStarted)) == 1


def test_bars_and_sums_begin_anew_each_day() -> None:
    driven = Driven()
    driven.bar(BUY_BAR, 0)
    driven.bar(BUY_BAR, 5)
    driven.bar("4800 | 1 x 3", 0, day=2)
    driven.beat(BAR, day=2)
    assert [(bar.index, bar.cum_delta) for bar in driven.bars] == [(0, 39), (1, 78), (0, 2)]
    assert driven.bars[2].session_volume == 4
    assert driven.engine.status().bars == 1


def test_beats_before_the_first_tick_start_nothing() -> None:
    driven = Driven()
    assert driven.beat(5) == []
    assert driven.engine.status().ts == at(5)
    assert driven.engine.status().last_price is None
    driven.trade(4.5, 4800)
    assert driven.engine.status().last_tick_ts == at(5)


def test_a_schedule_that_gives_another_day_is_refused() -> None:
    @dataclass
    class Wrong:
        def at(self, ts: int) -> TradingDay:
            return ALL_DAY.at(ts + DAY)

    with pytest.raises(EngineError, match="does not contain it"):
        Engine(easy(), Wrong()).push(tick_array([(at(1), 4800, 1, 0)]))


@pytest.mark.parametrize(
    "times", [(0, 5, 4, 6, 7, 8, 9), (0, 0, 0, 0, 0, 0, 0), (1, 1, 1, 1, 1, 1, 0)]
)
def test_a_trading_day_s_times_are_in_order(times: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match="trading day 2024-10-04: times are not in order"):
        TradingDay(ALL_DAY.at(DAY_0).day, *times)


# Beats


def test_a_beat_at_the_bar_s_end_closes_it_and_one_before_does_not() -> None:
    driven = Driven()
    driven.bar(BUY_BAR)
    assert driven.beat(BAR - 0.001) == []
    kinds = [type(event) for event in driven.beat(BAR)]
    assert kinds[:2] == [BarClosed, SignalDetected]
    assert driven.beat(BAR) == driven.beat(BAR - 5) == []
    assert driven.engine.status().ts == at(BAR)


def test_a_bar_closed_by_a_beat_is_the_bar_closed_by_a_tick() -> None:
    by_beat, by_tick = Driven(), Driven()
    by_beat.bar(BUY_BAR)
    by_tick.bar(BUY_BAR)
    by_beat.beat(7 * BAR)
    by_beat.trade(8 * BAR, 4800)
    by_tick.trade(8 * BAR, 4800)
    assert by_beat.events == by_tick.events
    assert by_beat.engine.status() == by_tick.engine.status()


def test_signal_ids_name_the_bar_and_the_place() -> None:
    driven = entered()
    assert [signal.signal.id for signal in driven.said(SignalDetected)] == [
        f"{at(0)}-{n}" for n in range(len(driven.said(SignalDetected)))
    ]


# Stale feed


def stale(driven: Driven) -> list[tuple[type, int]]:
    return [
        (type(event), event.ts)
        for event in driven.events
        if isinstance(event, Halted | Resumed) and event.halt is Halt.STALE_FEED
    ]


def session(*seconds: float, beats: bool = False) -> Driven:
    """An engine with `SESSION` after trades (or, after the first, beats) at these seconds."""
    driven = Driven(easy(stale_s=30), SESSION)
    for n, second in enumerate(seconds):
        if beats and n:
            driven.beat(second)
        else:
            driven.trade(second, 4800)
    return driven


def test_thirty_seconds_without_a_tick_are_stale_and_the_next_tick_lifts_it() -> None:
    assert stale(session(4000, 4030)) == []
    driven = session(4000, 4030.001)
    assert stale(driven) == [(Halted, at(4030)), (Resumed, at(4030.001))]
    assert driven.said(Halted)[0].reason == "no tick for 30 s in the session"
    assert driven.said(Resumed)[0].reason == "ticks again"


def test_a_beat_finds_the_feed_stale_and_the_next_tick_lifts_it() -> None:
    driven = session(4000, 4030, beats=True)
    assert stale(driven) == []
    driven.beat(4031)
    assert stale(driven) == [(Halted, at(4030))]
    driven.beat(4200)
    driven.push([(at(4202), 0, 1, 0)])  # a bad tick is none
    assert driven.engine.status().halts == (Halt.STALE_FEED,)
    driven.trade(4210, 4800)  # within the same bar, whose scan must stop for it
    assert stale(driven)[1:] == [(Resumed, at(4210))]
    assert driven.engine.status().halts == ()


@pytest.mark.parametrize(
    ("first", "second", "when"),
    [
        (3000, 3600, None),  # before the hours for entries nothing is stale
        (3640, 3690, None),  # they begin at 3660, and so do the 30 s
        (3640, 3691, 3690),
        (3665, 3696, 3695),
        (7195, 7226, 7225),  # after the last entry, until the flatten time
        (10_760, 10_900, 10_790),
        (10_770, 10_900, None),
        (10_790, 14_000, None),
    ],
)
def test_stale_only_in_the_session(first: int, second: int, when: int | None) -> None:
    expected = [] if when is None else [(Halted, at(when)), (Resumed, at(second))]
    assert stale(session(first, second)) == expected
    by_beat = session(first, second, beats=True)
    by_beat.trade(second, 4800)
    assert stale(by_beat) == expected


def test_a_bar_that_ends_as_the_feed_goes_stale_comes_first() -> None:
    driven = Driven(easy(stale_s=150))
    driven.bar(BUY_BAR)  # its last trade is 150 s before its end
    driven.beat(BAR)
    assert [decision.rule for decision in driven.said(Decision)] == [""]
    driven.beat(BAR + 1)
    assert driven.engine.status().halts == (Halt.STALE_FEED,)


def test_a_stale_feed_forbids_entries() -> None:
    driven = Driven(easy(stale_s=149))
    driven.bar(BUY_BAR)
    driven.trade(BAR, 4800)
    (decision,) = driven.said(Decision)
    assert decision.reason == "halted: stale_feed: no tick for 149 s in the session"


def test_a_feed_gone_stale_before_the_flatten_time_is_lifted_by_a_tick_after_it() -> None:
    """In a bar that no time ends, so that nothing else makes the engine look at that tick."""
    config = replace(easy(stale_s=30), bars=BarRules(kind="tick", size=9))
    driven = Driven(config, SESSION)
    driven.trade(10_700, 4800)
    driven.beat(10_900)
    driven.trade(11_000, 4800)
    assert stale(driven) == [(Halted, at(10_730)), (Resumed, at(11_000))]


def test_a_stale_feed_ends_with_the_day() -> None:
    driven = Driven(easy(stale_s=30))
    driven.trade(80_000, 4800)
    driven.beat(86_000)
    driven.trade(1, 4800, day=1)
    assert stale(driven) == [(Halted, at(80_030)), (Resumed, at(0, day=1))]


# Views


def test_status_before_anything() -> None:
    status = Engine(easy(), ALL_DAY).status()
    assert (status.ts, status.last_tick_ts, status.last_price, status.day) == (None,) * 4
    assert (status.ticks, status.bars, status.dropped, status.halts) == (0, 0, {}, ())
    assert (status.position, status.waiting, status.reading) == (None, None, None)


def test_status_of_an_open_position() -> None:
    driven = opened()
    driven.trade(BAR + 2, 4810)
    status = driven.engine.status()
    assert (status.ts, status.last_tick_ts, status.last_price) == (at(BAR + 2),) * 2 + (4810,)
    assert status.day == ALL_DAY.at(DAY_0)
    assert status.open_pnl == 9 * 1_250_000_000 - 450_000_000
    assert (status.tier, status.tier_symbol, status.bars, status.ticks) == (
        "ES 1-3 top", "ES", 1, 4,
    )  # fmt: skip
    assert status.loss_limit == 300 * 10**8
    assert status.profit_target == 500 * 10**8
    assert status.reading == driven.bars[0].reading


def test_the_bar_being_built_is_seen_without_closing_it() -> None:
    driven = Driven()
    assert driven.engine.forming() is None
    driven.bar(BUY_BAR)
    forming = driven.engine.forming()
    assert forming is not None
    assert forming == driven.engine.forming()
    driven.beat(BAR)
    assert driven.engine.forming() is None
    assert replace(forming, reading=driven.bars[0].reading) == driven.bars[0]
    assert forming.buy_imbalances == (4801,)


def test_unfinished_levels_are_carried_into_a_new_engine() -> None:
    driven = Driven()
    driven.bar("4801 | 6 x 1\n4800 | 1 x 6")
    driven.beat(BAR)
    carry = driven.engine.carry()
    assert carry.unfinished == ((4801, 1), (4800, -1))
    fresh = Driven(carry=carry)
    fresh.bar("4801 | 1 x 1")
    fresh.beat(BAR)
    found = [event.signal for event in fresh.said(SignalDetected)]
    assert [signal.pattern for signal in found] == [Pattern.UNFINISHED_REVISITED]
    assert fresh.engine.carry().unfinished == ((4800, -1),)


def test_a_halt_before_the_first_tick_holds() -> None:
    driven = Driven()
    driven.command(HaltTrading(id="h", ts=at(0)))
    driven.bar(BUY_BAR)
    driven.beat(BAR)
    assert [d.rule for d in of(Decision, driven.events)] == ["halt"]


def test_nothing_is_decided_outside_a_trading_day() -> None:
    with pytest.raises(EngineError, match="a bar was closed outside a trading day"):
        Engine(easy(), ALL_DAY)._decide(at(0), [])
