"""What cannot be vouched for is refused in one line, and nothing of the file is stored."""

import pytest

from marketdata.errors import FeedError, ImportRefused, MarketDataError
from tests.marketdata.files import trade, write_dbn, write_text
from tests.marketdata.imports.files import imported

HEAD = "ts,price,size,side"
UTC = {"symbol": "ES", "timezone": "UTC"}


def csv(path, *rows, head=HEAD):
    return write_text(path, [head, *rows])


def refused(store, path, said, **words):
    with pytest.raises(MarketDataError, match=said) as caught:
        imported(store, path, **words)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    assert store.symbols() == []


def rows(count, *, day=10, start=0, price=5300.0):
    return [
        f"2024-06-{day} 10:{i // 60 % 60:02}:{i % 60:02},{price + (i % 7) / 4},1,B"
        for i in range(start, start + count)
    ]


def test_times_without_a_zone_need_one(tmp_path, store):
    path = csv(tmp_path / "es.csv", *rows(5))
    refused(store, path, "name no time zone; say which with --timezone", symbol="ES")
    assert imported(store, path, **UTC)


def test_times_that_lose_their_zone_on_the_way(tmp_path, store):
    # Lines so long that a few thousand of them are more than is read at once.
    zoned, naive = (f"2024-06-10T10:00:00{zone},5300.25,1,B,{'.' * 999}" for zone in ("Z", ""))
    path = csv(tmp_path / "es.csv", *[zoned] * 5_000, *[naive] * 9_000, head=f"{HEAD},note")
    refused(store, path, "name no time zone", symbol="ES")


@pytest.mark.parametrize("zone", ["Mars/Olympus", ""])
def test_an_unknown_zone(tmp_path, store, zone):
    path = csv(tmp_path / "es.csv", *rows(5))
    with pytest.raises(FeedError, match="unknown timezone"):
        imported(store, path, symbol="ES", timezone=zone)


def test_no_sides(tmp_path, store):
    path = csv(tmp_path / "es.csv", "2024-06-10 10:00:00,5300,1", head="ts,price,size")
    refused(store, path, "has no aggressor side; --side tick-rule infers one", **UTC)
    refused(store, path, "has no quotes beside its trades", side="quotes", **UTC)
    path = csv(tmp_path / "q.csv", "2024-06-10 10:00:00,5300,1,1,2", head="ts,price,size,bid,ask")
    refused(store, path, "infers one .* and so does --side quotes", **UTC)


def test_quotes_of_a_dbn_file_without_them(tmp_path, store):
    path = write_dbn(tmp_path / "es.dbn", [trade(0, 5300.0)])
    refused(store, path, "has no quotes beside its trades", side="quotes")


def test_an_unknown_layout(tmp_path, store):
    refused(store, csv(tmp_path / "es.csv", "1,2,3", head="a,b,c"), "no column for ts", **UTC)


def test_times_of_the_day_without_a_date(tmp_path, store):
    path = csv(tmp_path / "es.csv", "09:30:00.123,5300,1,B")
    refused(store, path, "times like '09:30:00.123' cannot be read", **UTC)


@pytest.mark.parametrize(
    "ts", ["2031-06-10 10:00:00Z", "1969-12-30 10:00:00Z", "8999999999"], ids=str
)
def test_times_that_are_of_no_day(tmp_path, store, ts):
    path = csv(tmp_path / "es.csv", f"{ts},5300,1,B")
    refused(store, path, "no past time: its trading day cannot be told", symbol="ES")


def test_too_many_prices_off_the_grid(tmp_path, store):
    path = csv(tmp_path / "es.csv", *rows(1000), *rows(2, start=1000, price=5300.1))
    refused(store, path, r"2 of 1,002 prices .* grid of ES \(0.25\); line 1002.*symbol", **UTC)


def test_few_prices_off_the_grid_are_dropped_and_said(tmp_path, store):
    path = csv(tmp_path / "es.csv", *rows(1000), *rows(1, start=1000, price=5300.1))
    (day,) = imported(store, path, **UTC)
    assert day.scan.ticks == 1000
    assert "of the whole file were dropped: 1 off_grid" in day.info.warnings


def test_too_many_lines_that_cannot_be_read(tmp_path, store):
    path = csv(tmp_path / "es.csv", *rows(500), "what,is,this,then")
    refused(store, path, "1 of 501 lines cannot be read; line 502: unparsable", **UTC)


def test_prices_below_zero(tmp_path, store):
    # Crude oil on 2020-04-20.
    path = csv(tmp_path / "cl.csv", *rows(10), "2024-06-10 11:00:00,-37.63,1,B")
    words = {**UTC, "symbol": "CL"}
    refused(store, path, "1 of 11 trades have no price above 0; line 12: price", **words)


def test_the_wrong_symbol(tmp_path, store):
    path = csv(tmp_path / "es.csv", *rows(10, price=5300.13))
    refused(store, path, "prices are not on the grid of ES", **UTC)


def test_another_unit(tmp_path, store):
    lines = [f"2024-06-10 10:00:{i:02},{6543 + i},1,B" for i in range(30)]
    path = csv(tmp_path / "cl.csv", *lines)
    words = {**UTC, "symbol": "CL"}
    refused(store, path, "whole steps of 1.00, which is 100 ticks of CL; are they in", **words)
    few = csv(tmp_path / "few.csv", *lines[:15])
    assert imported(store, few, **words)


def test_nothing_that_could_be_stored(tmp_path, store):
    refused(store, csv(tmp_path / "none.csv"), "holds no trade of ES", **UTC)
    path = csv(tmp_path / "es.csv", "2024-06-10 10:00:00,5300,0,B")
    refused(store, path, r"holds no trade of ES that could be used \(dropped: 1 size\)", **UTC)


def test_days_that_are_not_in_order(tmp_path, store):
    path = csv(tmp_path / "es.csv", *rows(3, day=11), *rows(3, day=10))
    refused(store, path, "goes back from 2024-06-11 .* to 2024-06-10 .* sort it by time", **UTC)
    path = csv(tmp_path / "es2.csv", *rows(3), *rows(3, day=11), *rows(3, start=10))
    refused(store, path, "goes back from 2024-06-11 .* to 2024-06-10", **UTC)


def test_times_that_are_not_in_order_within_a_day(tmp_path, store):
    path = csv(tmp_path / "es.csv", *rows(300, start=300), *rows(10))
    refused(store, path, "10 of 310 trades are more than a second after later ones", **UTC)


def test_a_few_late_ticks_are_said(tmp_path, store):
    path = csv(tmp_path / "es.csv", *rows(1500), *rows(1, start=1400))
    (day,) = imported(store, path, **UTC)
    assert "1 ticks are more than a second late" in day.info.warnings


def test_an_hour_twice_in_autumn(tmp_path, store):
    # Written in New York's time on 2024-11-03, when 01:00 to 02:00 came twice.
    stamps = [f"2024-11-03 01:{m:02}:00,61800,1,B" for _ in range(2) for m in range(60)]
    path = csv(tmp_path / "btc.csv", *stamps)
    words = {"symbol": "BTCUSDT", "timezone": "America/New_York"}
    refused(store, path, "trades are more than a second after later ones; .* winter time", **words)


def test_trades_while_the_market_was_closed(tmp_path, store):
    # New York's afternoon, said to be UTC: its 21:00 would be in the halt.
    moments = [f"2024-06-10 {21 if i % 20 == 0 else 14}:10:00,5300,1,B" for i in range(60)]
    path = csv(tmp_path / "es.csv", *sorted(moments))
    refused(store, path, "3 of 60 trades lie where ES was closed.*time zone.*--any-hours", **UTC)
    _, second = imported(store, path, any_hours=True, **UTC)
    assert "3 ticks lie where ES was closed" in second.info.warnings


def test_a_file_that_is_cut_off(tmp_path, store):
    path = write_dbn(tmp_path / "es.dbn.zst", [trade(i, 5300.0) for i in range(500)])
    path.write_bytes(path.read_bytes()[:-10])
    refused(store, path, "cut off in the middle of its zstd data")


def test_the_last_day_is_damaged_and_the_first_is_not_stored(tmp_path, store):
    whole = [trade(i * 3600 * 6, 5300.0) for i in range(20)]
    path = write_dbn(tmp_path / "es.dbn", whole)
    path.write_bytes(path.read_bytes()[:-7])
    refused(store, path, "cut off in the middle of a record")


def test_a_side_that_is_none(tmp_path, store):
    path = csv(tmp_path / "es.csv", *rows(3))
    with pytest.raises(FeedError, match="side 'guess' is not known"):
        imported(store, path, side="guess", **UTC)


def test_refusals_are_of_one_family():
    assert issubclass(ImportRefused, MarketDataError)
