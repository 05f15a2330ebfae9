"""The simulated market: deterministic, on the calendar, and like a market."""

from datetime import date, time, timedelta
from itertools import islice, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config import VOLUMES
from engine.instruments import INSTRUMENTS, instrument
from engine.ticks import MAX_JUMP, NS
from marketdata.calendars import new_york, schedule
from marketdata.errors import FeedError
from marketdata.feeds.simulator import Simulator, live_start

WEDNESDAY = date(2024, 6, 12)
SMALL = 20_000


def joined(blocks):
    return [np.concatenate(columns) for columns in zip(*blocks, strict=True)]


def same(one, other) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def es_day():
    return Simulator("ES", seed=3).day(WEDNESDAY)


def hours(ticks, first: time, last: time, day: date = WEDNESDAY):
    return (ticks.ts >= new_york(day, first)) & (ticks.ts < new_york(day, last))


def test_a_seed_names_a_day():
    one = Simulator("MES", 5, SMALL).day(WEDNESDAY)
    assert same(one, Simulator("MES", 5, SMALL).day(WEDNESDAY))
    assert not same(one, Simulator("MES", 6, SMALL).day(WEDNESDAY))
    assert not same(one, Simulator("ES", 5, SMALL).day(WEDNESDAY))


def test_a_day_does_not_depend_on_the_days_asked_for_before():
    simulator = Simulator("MES", 5, SMALL)
    simulator.day(date(2024, 6, 11))
    assert same(simulator.day(WEDNESDAY), Simulator("MES", 5, SMALL).day(WEDNESDAY))


@settings(max_examples=10)
@given(st.integers(100, 100_000))
def test_block_size_does_not_change_the_ticks(size):
    feed = Simulator("MES", 5, SMALL).history(WEDNESDAY, 2)
    blocks = list(feed.blocks(size))
    assert all(0 < len(block.ts) <= size for block in blocks)
    days = [Simulator("MES", 5, SMALL).day(day) for day in feed.days]
    assert same(joined(blocks), joined(days))
    assert feed.counts.used == sum(len(day.ts) for day in days)
    assert feed.progress == 1.0


@pytest.mark.parametrize("symbol", sorted(INSTRUMENTS))
def test_ticks_are_valid_and_within_the_market_hours(symbol):
    simulator = Simulator(symbol, 2, 30_000)
    ticks = simulator.day(WEDNESDAY)
    day = schedule(instrument(symbol), "all").day(WEDNESDAY)
    assert day is not None
    assert [column.dtype for column in ticks] == [np.int64, np.int32, np.int32, np.int8]
    assert (np.diff(ticks.ts) >= 0).all()
    assert day.open <= ticks.ts[0]
    assert ticks.ts[-1] < day.close
    assert ticks.price.min() > 0
    assert ticks.size.min() > 0
    assert set(ticks.side.tolist()) <= {-1, 0, 1}
    assert (np.abs(np.diff(ticks.price)) * MAX_JUMP < ticks.price[:-1]).all()
    level = float(simulator.profile.level)
    assert 0.5 < float(simulator.instrument.price(int(ticks.price[0]))) / level < 2


def test_each_day_begins_where_the_one_before_ended():
    simulator = Simulator("ES", 4, SMALL)
    days = [simulator.day(day) for day in simulator.history(date(2024, 6, 3), 8).days]
    for before, after in pairwise(days):
        assert abs(int(before.price[-1]) - int(after.price[0])) < 60


def test_holidays_weekends_and_early_closes_are_kept():
    simulator = Simulator("ES", 1, SMALL)
    feed = simulator.history(date(2024, 12, 21), 3)
    assert feed.days == [date(2024, 12, 23), date(2024, 12, 24), date(2024, 12, 26)]
    early = simulator.day(date(2024, 12, 24))
    assert early.ts[-1] < new_york(date(2024, 12, 24), time(13, 15))
    assert len(early.ts) < 0.8 * SMALL
    with pytest.raises(FeedError, match="ES does not trade on 2024-12-25"):
        simulator.day(date(2024, 12, 25))
    assert len(Simulator("BTCUSDT", 1, SMALL).day(date(2024, 12, 25)).ts) > SMALL / 2


def test_nothing_trades_in_the_halt():
    ticks = joined(Simulator("ES", 1, SMALL).history(date(2024, 6, 3), 5).blocks())
    after_roll = (ticks[0] // NS - 21 * 3600) % 86_400  # 17:00 New York in June
    assert after_roll.min() >= 3600


def test_a_day_has_about_the_asked_number_of_ticks(es_day):
    assert abs(len(es_day.ts) - 750_000) < 30_000
    assert abs(len(Simulator("MES").day(WEDNESDAY).ts) - 150_000) < 10_000


def test_volume_is_a_u_by_day_and_thin_by_night(es_day):
    total = len(es_day.ts)
    rth = hours(es_day, time(9, 30), time(16)).sum()
    assert 0.6 < rth / total < 0.85
    opening = hours(es_day, time(9, 30), time(10, 30)).sum()
    lunch = hours(es_day, time(12), time(13)).sum()
    closing = hours(es_day, time(15), time(16)).sum()
    night = hours(es_day, time(1), time(2)).sum()
    assert opening > 1.5 * lunch
    assert closing > 1.3 * lunch
    assert lunch > 3 * night > 0


def test_trades_come_in_bursts(es_day):
    lunch = es_day.ts[hours(es_day, time(12), time(13))]
    per_second = np.bincount((lunch - lunch[0]) // NS)
    assert per_second.var() > 2 * per_second.mean()  # a Poisson process has variance = mean


def test_sizes_are_mostly_ones_with_a_heavy_tail(es_day):
    assert 0.45 < (es_day.size == 1).mean() < 0.65
    assert (es_day.size >= 50).mean() > 0.001
    assert es_day.size.max() >= 100


def test_sides_are_balanced_and_nearly_always_known(es_day):
    assert 0.45 < (es_day.side > 0).mean() < 0.55
    assert 0 < (es_day.side == 0).mean() < 0.005


def test_trade_bounces_between_bid_and_ask(es_day):
    prices, sides = es_day.price[es_day.side != 0], es_day.side[es_day.side != 0]
    turns = sides[1:] != sides[:-1]
    steps = np.diff(prices)
    # A buy after a sell is usually a tick higher, without the market having moved.
    assert (steps[turns] * sides[1:][turns] == 1).mean() > 0.7


def test_sweeps_run_through_prices_within_milliseconds(es_day):
    ts, price, side = es_day.ts, es_day.price, es_day.side
    run = (
        (ts[2:] - ts[:-2] < 50_000_000)
        & (side[2:] == side[1:-1])
        & (side[1:-1] == side[:-2])
        & (price[2:] - price[1:-1] == side[2:])
        & (price[1:-1] - price[:-2] == side[2:])
    )
    assert run.sum() > 100


def five_minute_ladders(ticks):
    """Of each regular-hours bar: lowest price, bid and ask volume by price."""
    inside = hours(ticks, time(9, 30), time(16))
    bars = ticks.ts // (300 * NS)
    for bar in np.unique(bars[inside]):
        here = bars == bar
        price, size, side = ticks.price[here], ticks.size[here], ticks.side[here]
        low = int(price.min())
        width = int(price.max()) - low + 1
        bid, ask = (
            np.bincount(price[side == s] - low, size[side == s], width).astype(int) for s in (-1, 1)
        )
        yield price, low, bid, ask


def longest_run(flags) -> int:
    longest = run = 0
    for flag in flags:
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest


@pytest.mark.parametrize("symbol", ["ES", "MES"])
def test_what_the_strategy_looks_for_happens_but_not_in_every_bar(symbol):
    min_volume, min_absorption = VOLUMES[symbol]
    stacks = singles = absorptions = unfinished = bars = 0
    for seed in range(3):
        for price, low, bid, ask in five_minute_ladders(Simulator(symbol, seed).day(WEDNESDAY)):
            bars += 1
            buys = (ask[1:] >= min_volume) & (ask[1:] >= 3 * np.maximum(bid[:-1], 1))
            sells = (bid[:-1] >= min_volume) & (bid[:-1] >= 3 * np.maximum(ask[1:], 1))
            singles += bool(buys.any() or sells.any())
            stacks += max(longest_run(buys), longest_run(sells)) >= 3
            close = (int(price[-1]) - low) / max(len(bid) - 1, 1)
            for ours, others, turned in (
                (ask[-3:], bid[-3:], close < 0.5),
                (bid[:3], ask[:3], close > 0.5),
            ):
                both = ours.sum() + others.sum()
                absorbed = both >= min_absorption and ours.sum() >= 0.6 * both
                absorptions += bool(turned and absorbed)
            unfinished += bool(bid[-1] > 5 or ask[0] > 5)
    assert bars == 3 * 78
    assert singles / bars > 0.3
    assert 0.01 < stacks / bars < 0.6
    assert 0.01 < absorptions / bars < 0.7
    assert 0.01 < unfinished / bars < 0.95


def test_days_trend_and_range():
    ranges, moves = [], []
    for seed in range(8):
        price = Simulator("ES", seed, 50_000).day(WEDNESDAY).price
        ranges.append(int(price.max() - price.min()))
        moves.append(abs(int(price[-1]) - int(price[0])))
    assert 80 < np.median(ranges) < 700
    assert max(m / r for m, r in zip(moves, ranges, strict=True)) > 0.5
    assert min(m / r for m, r in zip(moves, ranges, strict=True)) < 0.4


def test_a_live_run_plays_the_ticks_that_the_day_has():
    simulator = Simulator("MES", 5, SMALL)
    start = new_york(WEDNESDAY, time(10, 30))
    live = simulator.live(start)
    so_far = live.so_far()
    assert so_far.ts[-1] < start
    rest = next(live.blocks(1 << 20))
    assert rest.ts[0] >= start
    assert same(joined([so_far, rest]), simulator.day(WEDNESDAY))


def test_a_live_run_never_ends():
    simulator = Simulator("MES", 5, SMALL)
    live = simulator.live(new_york(date(2024, 6, 14), time(16, 30)))
    days = [simulator.schedule.at(int(block.ts[0])).day for block in islice(live.blocks(), 3)]
    assert days == [date(2024, 6, 14), date(2024, 6, 17), date(2024, 6, 18)]


@pytest.mark.parametrize(
    ("now", "start"),
    [
        ((WEDNESDAY, time(11, 5)), (WEDNESDAY, time(11, 5))),
        ((WEDNESDAY, time(9, 30)), (WEDNESDAY, time(9, 30))),
        ((WEDNESDAY, time(15, 50)), (WEDNESDAY, time(10, 30))),
        ((WEDNESDAY, time(17, 30)), (WEDNESDAY, time(10, 30))),
        ((WEDNESDAY, time(3)), (date(2024, 6, 11), time(10, 30))),
        ((WEDNESDAY, time(9, 29)), (date(2024, 6, 11), time(10, 30))),
        ((date(2024, 6, 15), time(12)), (date(2024, 6, 14), time(10, 30))),
        ((date(2024, 6, 16), time(20)), (date(2024, 6, 14), time(10, 30))),
        ((date(2024, 11, 30), time(12)), (date(2024, 11, 27), time(10, 30))),
    ],
)
def test_a_live_run_starts_now_or_in_the_last_regular_session(now, start):
    assert live_start("MES", new_york(*now)) == new_york(*start)


@given(st.integers(new_york(date(2023, 1, 5), time(0)), new_york(date(2027, 12, 20), time(0))))
def test_a_live_run_always_starts_where_entries_are_possible(now):
    start = live_start("ES", now)
    day = schedule(instrument("ES"), "rth").at(start)
    assert start <= now
    assert day.entries_from <= start < day.entries_to
    assert now - start < timedelta(days=8).total_seconds() * NS


def test_coins_are_live_at_any_hour():
    now = new_york(date(2024, 6, 15), time(3))
    assert live_start("BTCUSDT", now) == now


def test_it_says_that_it_is_simulated():
    info = Simulator("MES", 7).history(WEDNESDAY).info
    assert info.synthetic
    assert info.source == "simulator, seed 7, 150,000 ticks a day"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("XX",), "'XX' cannot be simulated; known are ES"),
        (("ES", -1), "seed -1 is negative"),
        (("ES", 1, 5), "ticks_per_day 5 is too few"),
    ],
)
def test_impossible_markets_are_refused(arguments, said):
    with pytest.raises(FeedError, match=said):
        Simulator(*arguments)


def test_a_history_needs_a_day():
    with pytest.raises(FeedError, match="days is 0"):
        Simulator("ES").history(WEDNESDAY, 0)
