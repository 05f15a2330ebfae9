"""Large trades, sweeps and zero prints, sentence by sentence as docs/orderflow.md has them."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.engine import Engine
from engine.events import BarClosed, Event, Filled, LargeTrade, SessionChanged, Sweep, TickDropped
from engine.ticks import BUY, NONE, NS, SELL, columns
from tests.engine.drive import BAR, Driven, at, easy, of, opened
from tests.oracle.days import ALL_DAY, HOUR, Days
from tests.oracle.ladder import tick_array

MS = NS // 1000
Row = tuple[int, int, int, int]  # milliseconds, price, size, side


def driven(days: Days = ALL_DAY, **tape: object) -> Driven:
    config = easy().override({f"tape.{name}": str(value) for name, value in tape.items()})
    return Driven(config, days)


def push(engine: Driven, *rows: Row) -> list[Event]:
    """Trades at milliseconds of the day."""
    return engine.push([(at(0) + ms * MS, *rest) for ms, *rest in rows])  # type: ignore[misc]


def sized(engine: Driven, *sizes: int, since: int = 0) -> list[LargeTrade]:
    """Large trades among trades of these sizes, a second apart."""
    rows = [((since + k) * 1000, 4800, size, NONE) for k, size in enumerate(sizes)]
    return of(LargeTrade, push(engine, *rows))


def sweeps(*rows: Row, **tape: object) -> list[tuple[int, int, int, int, int, int, int, int, int]]:
    """ts, start and end in ms, side, first, last, prices, volume, trades of what was swept."""
    engine = driven(**tape)
    push(engine, *rows)
    engine.finish()
    return [
        (
            *((t - at(0)) // MS for t in (s.ts, s.start, s.end)),
            s.side, s.first, s.last, s.prices, s.volume, s.trades,
        )
        for s in engine.said(Sweep)
    ]  # fmt: skip


# Large trades


def test_a_fixed_size_holds_from_the_days_first_trade_on() -> None:
    engine = driven(large_trade_size=7)
    found = push(engine, (0, 4800, 7, SELL), (1, 4801, 6, BUY), (2, 4802, 900, NONE))
    assert of(LargeTrade, found) == [
        LargeTrade(ts=at(0), price=4800, size=7, side=SELL, threshold=7),
        LargeTrade(ts=at(0.002), price=4802, size=900, side=NONE, threshold=7),
    ]


def test_the_threshold_is_the_smallest_size_that_the_share_of_trades_before_does_not_pass() -> None:
    engine = driven(large_trade_share=0.75, large_trade_after=4)
    assert sized(engine, 3, 5, 9, 20) == []
    (nine,) = sized(engine, 9, since=4)  # 3, 5 and 9 are three of four
    assert nine.threshold == 9
    assert sized(engine, 8, since=5) == []
    (twelve,) = sized(engine, 12, since=6)  # five of six are at or below 9, four at or below 8
    assert twelve.threshold == 9


def test_a_trade_is_compared_with_those_before_it_only() -> None:
    engine = driven(large_trade_share=1.0, large_trade_after=1)
    assert [large.threshold for large in sized(engine, 5, 6, 7, 6, 7)] == [5, 6, 7]


def test_a_share_means_the_decimal_number() -> None:
    engine = driven(large_trade_share=0.9, large_trade_after=10)
    sized(engine, *[2] * 9, 50)
    assert [large.threshold for large in sized(engine, 3, since=10)] == [2]


def test_one_lot_is_never_large() -> None:
    engine = driven(large_trade_after=1)
    assert [large.size for large in sized(engine, 1, 1, 1, 2, 1)] == [2]
    assert engine.said(LargeTrade)[0].threshold == 2


def test_nothing_is_large_with_fewer_trades_of_the_day_before_it() -> None:
    sizes = [1] * 999 + [50, 50]
    assert [large.ts for large in sized(driven(), *sizes)] == [at(1000)]


def test_from_1024_on_sizes_share_classes_by_their_ten_leading_binary_digits() -> None:
    engine = driven(large_trade_share=1.0, large_trade_after=1)
    found = sized(engine, 1023, 1024, 1025, 2047, 2046, 2045, 2**31 - 1, 2**31 - 2**21)
    assert [(large.size, large.threshold) for large in found] == [
        (1024, 1023), (1025, 1024), (2047, 1024), (2046, 2046),
        (2**31 - 1, 2046), (2**31 - 2**21, 2**31 - 2**21),
    ]  # fmt: skip


def test_a_trading_day_starts_without_trades() -> None:
    engine = driven(large_trade_after=2)
    assert len(sized(engine, 1, 1, 5)) == 1
    assert engine.push([(at(k, day=1), 4800, 5, NONE) for k in range(2)])
    assert len(engine.said(LargeTrade)) == 1


def test_bad_ticks_do_not_count() -> None:
    engine = driven(large_trade_after=2)
    found = push(
        engine, (0, 4800, 1, BUY), (1, 4800, -1, BUY), (2, 4800, 5, BUY), (3, 4800, 5, BUY)
    )
    assert [type(event) for event in found][-2:] == [TickDropped, LargeTrade]
    assert found[-1].ts == at(0.003)


@given(
    st.lists(st.integers(1, 9) | st.sampled_from([1000, 1024, 5000, 2**31 - 1]), max_size=80),
    st.sampled_from([0.5, 0.9, 0.995, 1.0]),
    st.integers(1, 20),
)
def test_large_trades_are_those_that_counting_finds(
    sizes: list[int], share: float, after: int
) -> None:
    def value(size: int) -> int:
        shift = max(size.bit_length() - 10, 0)
        return size >> shift << shift

    expected = []
    for k, size in enumerate(sizes):
        if k >= after:
            before = sorted(value(one) for one in sizes[:k])
            needed = -(-Fraction(str(share)) * k // 1)
            threshold = max(before[int(needed) - 1], 2)
            if size >= threshold:
                expected.append((k, size, threshold))
    found = sized(driven(large_trade_share=share, large_trade_after=after), *sizes)
    assert [((one.ts - at(0)) // NS, one.size, one.threshold) for one in found] == expected


def test_more_large_trades_than_wait_at_once_are_all_said() -> None:
    rows = [(at(0) + k, 4800, 5, BUY) for k in range(2_000)]
    engine = driven(large_trade_size=5)
    said = of(LargeTrade, engine.push(rows))
    assert [large.ts for large in said] == [row[0] for row in rows]


def test_what_is_found_is_said_by_the_call_that_brought_it() -> None:
    for give in (Engine.push, lambda engine, ticks: engine.push_columns(columns(ticks))):
        engine = driven(large_trade_size=5).engine
        engine.push(tick_array([(at(0), 4800, 1, BUY)]))
        assert of(LargeTrade, give(engine, tick_array([(at(1), 4800, 5, BUY)])))


# Sweeps


def test_one_aggressor_through_three_prices_within_50_ms() -> None:
    assert sweeps((0, 4800, 1, BUY), (20, 4801, 2, BUY), (50, 4803, 4, BUY)) == [
        (50, 0, 50, BUY, 4800, 4803, 3, 7, 3)
    ]
    assert sweeps((0, 4800, 1, SELL), (0, 4799, 2, SELL), (0, 4798, 4, SELL)) == [
        (50, 0, 0, SELL, 4800, 4798, 3, 7, 3)
    ]


@pytest.mark.parametrize(
    "rows",
    [
        [(0, 4800, 1, BUY), (0, 4801, 1, BUY), (0, 4801, 1, BUY)],
        [(0, 4800, 1, BUY), (0, 4801, 1, SELL), (0, 4802, 1, BUY), (0, 4803, 1, BUY)],
        [(0, 4800, 1, BUY), (0, 4801, 1, BUY), (0, 4802, 1, NONE), (0, 4803, 1, BUY)],
        [(0, 4800, 1, NONE), (0, 4801, 1, NONE), (0, 4802, 1, NONE)],
        [(0, 4800, 1, BUY), (0, 4801, 1, BUY), (0, 4800, 1, BUY), (0, 4801, 1, BUY)],
        [(0, 4800, 1, BUY), (20, 4801, 1, BUY), (51, 4802, 1, BUY)],
        [(0, 4800, 1, BUY), (60, 4801, 1, BUY), (120, 4802, 1, BUY)],
        [(299_999, 4800, 1, BUY), (299_999, 4801, 1, BUY), (300_000, 4802, 1, BUY)],
    ],
    ids=["two prices", "other side", "no side", "unknown", "turns back", "slow", "slower", "bars"],
)
def test_what_is_no_sweep(rows: list[Row]) -> None:
    assert sweeps(*rows) == []


def test_a_price_that_is_too_old_leaves_the_front_with_its_trades() -> None:
    rows = [(0, 4800, 1, BUY), (30, 4801, 2, BUY), (60, 4802, 4, BUY), (80, 4803, 8, BUY)]
    assert sweeps(*rows) == [(80, 30, 80, BUY, 4801, 4803, 3, 14, 3)]


def test_a_price_stays_while_its_last_trade_is_young_enough() -> None:
    rows = [(0, 4800, 1, BUY), (40, 4800, 2, BUY), (60, 4801, 4, BUY), (90, 4802, 8, BUY)]
    assert sweeps(*rows) == [(90, 40, 90, BUY, 4800, 4802, 3, 15, 4)]


def test_a_sweep_takes_trades_until_50_ms_after_the_last_at_its_first_price() -> None:
    rows = [
        (0, 4800, 1, BUY), (10, 4800, 1, BUY), (11, 4801, 1, BUY), (12, 4802, 1, BUY),
        (60, 4802, 1, BUY), (60, 4805, 1, BUY), (61, 4806, 1, BUY), (62, 4807, 1, BUY),
    ]  # fmt: skip
    assert sweeps(*rows) == [(60, 10, 60, BUY, 4800, 4805, 4, 6, 6)]


def test_the_trade_that_ends_a_sweep_begins_the_next_run() -> None:
    rows = [
        (0, 4800, 1, BUY), (1, 4801, 1, BUY), (2, 4802, 1, BUY),
        (3, 4801, 1, SELL), (4, 4800, 1, SELL), (5, 4799, 1, SELL), (6, 4799, 1, BUY),
    ]  # fmt: skip
    assert sweeps(*rows) == [
        (3, 0, 2, BUY, 4800, 4802, 3, 3, 3),
        (6, 3, 5, SELL, 4801, 4799, 3, 3, 3),
    ]


def test_the_number_of_prices_and_the_time_are_settings() -> None:
    rows = [(0, 4800, 1, BUY), (200, 4801, 1, BUY), (401, 4802, 1, BUY)]
    assert sweeps(*rows, sweep_prices=2, sweep_ms=200) == [(200, 0, 200, BUY, 4800, 4801, 2, 2, 2)]
    assert sweeps(*rows, sweep_prices=4, sweep_ms=1000) == []


SWEPT = [(0, 4800, 1, BUY), (1, 4801, 1, BUY), (2, 4802, 1, BUY)]


def test_a_sweep_is_said_before_what_happens_at_a_later_time() -> None:
    engine = driven()
    assert of(Sweep, push(engine, *SWEPT)) == []
    assert engine.beat(0.050) == []
    (sweep,) = engine.take(engine.engine.beat(at(0.050) + 1))
    assert (sweep.ts, sweep.end) == (at(0.050), at(0.002))
    assert of(Sweep, engine.finish()) == []


@pytest.mark.parametrize(("second", "first"), [(0.04, True), (0.05, True), (0.051, False)])
def test_a_sweep_and_a_moment_of_the_session_come_in_order_of_time(
    second: float, first: bool
) -> None:
    opens = round(second * NS)
    engine = driven(Days(0, opens, opens, 23 * HOUR, 23 * HOUR, 24 * HOUR))
    push(engine, *SWEPT)
    said = [*engine.beat(1), *engine.finish()]
    kinds = [type(event) for event in said if isinstance(event, SessionChanged | Sweep)]
    assert kinds[:2] == ([SessionChanged, Sweep] if first else [Sweep, SessionChanged])


def test_a_bars_end_ends_a_sweep_before_the_bars_own_event() -> None:
    engine = driven()
    late = BAR * 1000 - 10
    push(engine, *[(late + ms, *rest) for ms, *rest in SWEPT])  # type: ignore[misc]
    said = engine.beat(BAR)
    assert [type(event) for event in said][:2] == [Sweep, BarClosed]
    assert (said[0].ts, said[0].end) == (at(BAR), at(BAR - 0.008))


def test_a_full_bar_ends_a_sweep_with_the_trade_that_fills_it() -> None:
    config = easy().override({"bars.kind": "tick", "bars.size": "3"})
    engine = Driven(config)
    said = [type(event) for event in push(engine, *SWEPT)]
    assert said.index(Sweep) == said.index(BarClosed) - 1
    assert [type(event) for event in push(engine, (3, 4803, 1, BUY), (4, 4804, 1, BUY))] == []


def test_of_a_trade_the_sweep_it_ends_comes_first_then_itself_then_what_it_does() -> None:
    engine = opened(config=easy().override({"tape.large_trade_size": "9"}))
    start = BAR * 1000 + 2000
    push(engine, *[(start + ms, *rest) for ms, *rest in SWEPT])  # type: ignore[misc]
    said = push(engine, (start + 3, 4784, 9, SELL))
    assert [type(event) for event in said][:3] == [Sweep, LargeTrade, Filled]


TICKS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 1, 10, 30, 60]), st.sampled_from([-1, 0, 1, 1, 2]),
        st.integers(1, 9), st.sampled_from([BUY, BUY, BUY, SELL, NONE]),
    ),
    max_size=120,
)  # fmt: skip


def runs(rows: list[Row], ms: int, prices: int, bar_end: int) -> list[tuple[int, ...]]:
    """Sweeps by looking at all trades of each run again at each trade. Rows are of one bar, times
    in any unit."""
    found, run, swept = [], [], False

    def end(when: int) -> None:
        if swept:
            first = max(row[0] for row in run if row[1] == run[0][1])
            over = min(first + ms, when)
            seen = len({row[1] for row in run})
            found.append((over, first, run[-1][0], run[0][3], run[0][1], run[-1][1], seen,
                          sum(row[2] for row in run), len(run)))  # fmt: skip

    for row in rows:
        goes_on = bool(run) and row[3] == run[-1][3] != NONE and (row[1] - run[-1][1]) * row[3] >= 0
        if swept and goes_on:
            goes_on = row[0] <= max(r[0] for r in run if r[1] == run[0][1]) + ms
        if not goes_on:
            end(row[0])
            run, swept = [], False
        run.append(row)
        while not swept and max(r[0] for r in run if r[1] == run[0][1]) < row[0] - ms:
            run = [r for r in run if r[1] != run[0][1]]
        swept = swept or (len({r[1] for r in run}) >= prices and row[3] != NONE)
    end(bar_end)
    return found


@given(TICKS, st.sampled_from([1, 25, 50, 200]), st.integers(2, 5), st.integers(0, 120))
def test_sweeps_are_those_that_looking_at_each_run_finds(
    steps: list[Any], ms: int, prices: int, cut: int
) -> None:
    rows, now, price = [], 0, 4800
    for wait, step, size, side in steps:
        now, price = now + wait, price + step * (side or 1)
        rows.append((now, price, size, side))
    expected = runs(rows, ms, prices, BAR * 1000)
    assert sweeps(*rows, sweep_ms=ms, sweep_prices=prices) == expected
    for ts, start, end, *_, seen, _, _ in expected:
        assert start <= end <= min(ts, start + ms)
        assert seen >= prices
    config = easy().override({"tape.sweep_ms": str(ms), "tape.sweep_prices": str(prices)})
    engine, ticks = Engine(config, ALL_DAY), tick_array([(at(0) + m * MS, *r) for m, *r in rows])  # type: ignore[misc]
    said = [*engine.push(ticks[:cut]), *engine.push(ticks[cut:]), *engine.finish()]
    assert len(of(Sweep, said)) == len(expected)


# Zero prints


def test_zero_prints_are_inside_the_bar_and_of_one_side_alone() -> None:
    engine = Driven()
    engine.bar("""
        4806 |  0 x 3
        4805 |  2 x 0
        4804 |  0 x 0 + 4
        4803 |  0 x 5 + 1
        4801 |  6 x 7
        4800 |  8 x 0
    """)
    engine.finish()
    (bar,) = engine.bars
    assert (bar.zero_bid_prints, bar.zero_ask_prints) == ((4803,), (4805,))


def test_a_bar_of_one_price_has_no_zero_prints() -> None:
    engine = Driven()
    engine.bar("4800 | 0 x 3")
    engine.finish()
    assert engine.bars[0].zero_bid_prints == engine.bars[0].zero_ask_prints == ()


def test_a_quiet_engine_says_nothing_of_the_tape() -> None:
    engine = Driven(easy().override({"tape.large_trade_size": "1"}), quiet=True)
    push(engine, *SWEPT)
    assert not [e for e in [*engine.beat(1), *engine.finish()] if isinstance(e, LargeTrade | Sweep)]
