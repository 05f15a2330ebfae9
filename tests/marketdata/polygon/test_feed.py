"""Days as a feed: its session, its bars again, its cache; what it says of itself and refuses."""

from datetime import date, time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments import INSTRUMENTS, instrument
from engine.ticks import TickColumns, joined, part
from marketdata.calendars import calendar_date, new_york, schedule
from marketdata.errors import FeedError
from marketdata.feeds.polygon import Access, PolygonFeed, open_polygon
from marketdata.feeds.polygon.bars import nearest, session_bars
from marketdata.feeds.polygon.cache import MinuteCache
from marketdata.feeds.polygon.minutes import Minutes, minutes_of
from marketdata.feeds.polygon.ticks import MINUTE_NS
from tests.marketdata.polygon.days import DAY, bars_of
from tests.servers.polygon import KEY, PolygonServer

NEXT_DAY = date(2024, 11, 14)
SPY = instrument("SPY")


def opened(server: PolygonServer, folder: Path, *days: date, **more: Any) -> PolygonFeed:
    more.setdefault("access", lambda: Access(KEY, server.url))
    return open_polygon("SPY", days or [DAY], folder=folder, **more)


def refused(server: PolygonServer, folder: Path, *days: date, **more: Any) -> str:
    with pytest.raises(FeedError) as error:
        opened(server, folder, *days, **more)
    return str(error.value)


def nobody() -> Access:
    raise AssertionError("nothing is to be downloaded")


def same(a: TickColumns, b: TickColumns) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def cents(text: str) -> int:
    return round(float(text) * 100)


def test_the_ticks_of_a_day_make_the_bars_of_its_session(
    server: PolygonServer, tmp_path: Path
) -> None:
    ticks = joined(opened(server, tmp_path).blocks())
    bars = {bar["t"]: bar for bar in bars_of(DAY, time(8), time(17))}
    minute = ticks.ts // MINUTE_NS
    assert len(np.unique(minute)) == 390
    assert ticks.ts[0] >= new_york(DAY, time(9, 30))
    assert ticks.ts[-1] < new_york(DAY, time(16))
    for start in np.unique(minute).tolist():
        mine = part(ticks, minute == start)
        bar = bars[start * 60_000]
        price = mine.price.tolist()
        assert (price[0], max(price), min(price), price[-1]) == tuple(
            cents(bar[key]) for key in "ohlc"
        )
        assert int(mine.size.sum()) == bar["v"]
        assert len(price) == bar["n"]
        vwap = int((mine.price.astype(np.int64) * mine.size).sum()) / bar["v"] / 100
        assert abs(vwap - float(bar["vw"])) < 0.0001


@given(size=st.integers(1, 3_000))
def test_any_split_into_blocks_gives_the_same_ticks(size: int) -> None:
    feed = feed_of(DAY)
    blocks = list(feed.blocks(size * 7))
    assert all(0 < len(block.ts) <= size * 7 for block in blocks)
    assert same(joined(blocks), joined(feed.blocks()))
    assert feed.counts.used == feed.counts.read == sum(len(block.ts) for block in blocks)
    assert feed.progress == 1.0


def feed_of(*days: date, seed: int = 1) -> PolygonFeed:
    """Without a server or a file, an hour of each day."""
    hours = schedule(SPY, "rth")
    return PolygonFeed(SPY, [(hours.day(day), rows(day)) for day in days], seed)  # type: ignore[misc]


def rows(day: date) -> Minutes:
    texts = bars_of(day, time(9, 15), time(10))
    return minutes_of(
        [{k: _decimal(v) if isinstance(v, str) else v for k, v in bar.items()} for bar in texts],
        "SPY",
        day,
    )


def _decimal(text: str) -> Any:
    from decimal import Decimal

    return Decimal(text)


def test_a_day_is_the_same_alone_and_among_others() -> None:
    days = (DAY, NEXT_DAY)
    together = joined(feed_of(*days).blocks())
    alone = [joined(feed_of(day).blocks()) for day in days]
    assert same(together, joined(alone))
    assert not same(joined(feed_of(DAY, seed=2).blocks()), alone[0])


def test_it_says_that_it_is_synthetic(server: PolygonServer, tmp_path: Path) -> None:
    info = opened(server, tmp_path, seed=5).info
    assert info.synthetic
    assert info.side == "inferred"
    assert info.source == "Polygon minute bars (synthetic, method 1, seed 5)"
    assert info.warnings == ("the ticks are made from minute bars: no such trades took place",)


def test_a_second_time_needs_neither_network_nor_key(server: PolygonServer, tmp_path: Path) -> None:
    first = joined(opened(server, tmp_path).blocks())
    again = joined(opened(server, tmp_path, access=nobody).blocks())
    assert same(first, again)
    assert len(server.requests) == 1


def test_the_cache_keeps_what_was_sent(server: PolygonServer, tmp_path: Path) -> None:
    opened(server, tmp_path)
    kept = MinuteCache(tmp_path).read("SPY", DAY)
    assert kept is not None
    assert len(kept.ts) == 540  # before and after hours too
    assert kept.transactions.tolist() == [bar["n"] for bar in bars_of(DAY)]
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["2024-11-13.parquet"]


@pytest.mark.parametrize("how", ["cut", "flipped", "emptied", "of another day", "no Parquet"])
def test_a_damaged_file_is_downloaded_again(
    server: PolygonServer, tmp_path: Path, how: str
) -> None:
    first = joined(opened(server, tmp_path).blocks())
    path = MinuteCache(tmp_path).path("SPY", DAY)
    whole = path.read_bytes()
    damaged = {
        "cut": whole[: len(whole) // 2],
        "flipped": whole[:200] + bytes([whole[200] ^ 255]) + whole[201:],
        "emptied": b"",
        "of another day": whole,
        "no Parquet": b"hello" * 100,
    }[how]
    path.write_bytes(damaged)
    if how == "of another day":
        MinuteCache(tmp_path).write("SPY", NEXT_DAY, rows(DAY))
        MinuteCache(tmp_path).path("SPY", NEXT_DAY).replace(path)
    assert same(joined(opened(server, tmp_path).blocks()), first)
    assert len(server.requests) == 2
    assert MinuteCache(tmp_path).read("SPY", DAY) is not None


def test_a_failed_download_leaves_nothing_behind(server: PolygonServer, tmp_path: Path) -> None:
    server.misbehave.append("403")
    assert "plan" in refused(server, tmp_path)
    assert list(tmp_path.rglob("*.parquet*")) == []
    assert opened(server, tmp_path).info.synthetic


def test_a_day_without_bars_is_refused_and_not_kept(server: PolygonServer, tmp_path: Path) -> None:
    assert "has no minute bars of SPY on 2024-11-14" in refused(server, tmp_path, NEXT_DAY)
    server.add("SPY", *bars_of(NEXT_DAY))
    assert opened(server, tmp_path, NEXT_DAY).info.synthetic


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2024, 11, 28), "SPY does not trade on 2024-11-28: a weekend or holiday"),
        (date(2024, 11, 16), "a weekend or holiday"),
        (date(2024, 11, 15), "is not complete yet; ask half an hour after its close"),
    ],
)
def test_days_that_cannot_be_had_are_not_asked_for(
    server: PolygonServer, tmp_path: Path, day: date, words: str
) -> None:
    now = new_york(date(2024, 11, 15), time(16, 29))
    assert words in refused(server, tmp_path, day, now=lambda: now)
    assert server.requests == []


@pytest.mark.parametrize(
    "symbol", [s for s, item in INSTRUMENTS.items() if item.calendar != "NYSE"]
)
def test_only_stocks_have_such_bars(symbol: str, tmp_path: Path) -> None:
    with pytest.raises(FeedError, match=f"{symbol} is no US stock; .* are of SPY, QQQ, IWM"):
        open_polygon(symbol, [DAY], folder=tmp_path, access=nobody)


def test_a_negative_seed_is_refused(server: PolygonServer, tmp_path: Path) -> None:
    assert "seed -1 is negative" in refused(server, tmp_path, seed=-1)


def test_an_early_close_ends_the_day(server: PolygonServer, tmp_path: Path) -> None:
    friday = date(2024, 11, 29)
    server.add("SPY", *bars_of(friday))
    ticks = joined(opened(server, tmp_path, friday).blocks())
    assert ticks.ts[-1] < new_york(friday, time(13))
    assert len(np.unique(ticks.ts // MINUTE_NS)) == 210


@pytest.mark.parametrize("day", [date(2024, 3, 8), date(2024, 3, 11), date(2024, 11, 4)])
def test_hours_are_new_york_s_on_both_sides_of_a_clock_change(
    server: PolygonServer, tmp_path: Path, day: date
) -> None:
    server.add("SPY", *bars_of(day))
    ticks = joined(opened(server, tmp_path, day).blocks())
    assert new_york(day, time(9, 30)) <= ticks.ts[0] < new_york(day, time(9, 31))
    assert new_york(day, time(15, 59)) <= ticks.ts[-1] < new_york(day, time(16))
    assert {calendar_date(ts) for ts in ticks.ts[[0, -1]].tolist()} == {day}


# Bars that are not as they should be


def one(**changes: Any) -> dict[str, Any]:
    bar = {"v": 1_000, "vw": "598.12", "o": "598.10", "c": "598.12", "h": "598.20", "l": "598.05",
           "t": new_york(DAY, time(9, 30)) // 10**6, "n": 10}  # fmt: skip
    return {key: _decimal(v) if isinstance(v, str) else v for key, v in (bar | changes).items()}


def session(*bars: dict[str, Any]) -> Any:
    day = schedule(SPY, "rth").day(DAY)
    assert day is not None
    return session_bars(SPY, day, minutes_of(bars, "SPY", DAY))


def test_a_minute_that_no_trades_can_have_made_is_left_out_and_said() -> None:
    later = new_york(DAY, time(9, 31)) // 10**6
    bars = session(one(), one(t=later, h="598.00"), one(t=later + 60_000, v=0))
    assert (len(bars.minutes), bars.impossible, bars.absent) == (1, 2, 387)
    day = schedule(SPY, "rth").day(DAY)
    minutes = minutes_of([one(), one(t=later, h="598.00")], "SPY", DAY)
    assert PolygonFeed(SPY, [(day, minutes)], 1).info.warnings[1:] == (  # type: ignore[list-item]
        "388 of 390 minutes have no bar",
        "1 of 390 minutes have a bar that no trades can have made, left out",
    )


def test_prices_between_the_cents_are_rounded_and_counted() -> None:
    bars = session(one(o="598.105", c="598.115", h="598.1999", l="598.0501"))
    assert bars.minutes[0][1:5] == (59_810, 59_820, 59_805, 59_812)
    assert bars.rounded == 1


def test_fractions_of_shares_are_left_out_and_counted() -> None:
    bars = session(one(v="1000.75"))
    assert bars.minutes[0].volume == 1_000
    assert bars.cut == 1


def test_vwap_and_transactions_may_be_missing() -> None:
    bar = one()
    del bar["vw"], bar["n"]
    (minute,) = session(bar).minutes
    assert (minute.notional, minute.transactions) == (None, 0)


@given(st.lists(st.integers(0, 10**12), min_size=2, max_size=5))
def test_rounding_keeps_the_order_and_is_at_most_half_a_step(values: list[int]) -> None:
    step = 10**7
    rounded = nearest(np.array(sorted(values), np.int64), step).tolist()
    assert rounded == sorted(rounded)
    for value, whole in zip(sorted(values), rounded, strict=True):
        assert abs(whole * step - value) * 2 <= step


def test_halves_are_rounded_to_even() -> None:
    assert nearest(np.array([5, 15, 25], np.int64), 10).tolist() == [0, 2, 2]
