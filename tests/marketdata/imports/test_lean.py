"""LEAN's zips: contracts by file, times of the day in UTC."""

import zipfile
from datetime import date
from decimal import Decimal

import pytest

from marketdata.errors import FeedError, ImportRefused
from marketdata.feeds.files import open_file
from tests.marketdata.imports.files import at, columns, dollars, imported, write_lean

DAY = date(2013, 10, 7)
NAME = "20131007_gc_tick_trade_2013{}.csv"
NOON = 43_200_000


def lines(*rows: tuple[int, str, int]) -> list[str]:
    return [f"{ms},{price},{size},usa,,0" for ms, price, size in rows]


@pytest.fixture
def path(tmp_path):
    return write_lean(
        tmp_path / "20131007_trade.zip",
        {
            NAME.format("10"): lines((NOON, "1313.8", 1)),
            NAME.format(12): lines((NOON, "1313.7", 2), (NOON + 5, "1313.8", 3)),
        },
    )


def test_a_contract_of_several(path, store):
    (day,) = imported(store, path, contract="GCZ3", side="tick-rule")
    assert (day.info.symbol, day.info.contract, day.info.side) == ("GC", "GCZ3", "inferred")
    found = columns(store, "GC", DAY)
    noon = at("2013-10-07 12:00")
    assert found["ts_event"] == [noon, noon + 5_000_000]
    assert dollars("0.10", found["price"]) == [Decimal("1313.7"), Decimal("1313.8")]
    assert found["size"] == [2, 3]
    assert found["side"] == [0, 1]


def test_several_contracts_need_a_choice(path, store):
    with pytest.raises(ImportRefused, match=r"several contracts \(GCV3, GCZ3\); choose"):
        imported(store, path, side="tick-rule")


def test_another_time_zone(path, store):
    words = {"contract": "GCZ3", "side": "tick-rule", "timezone": "America/New_York"}
    imported(store, path, **words)
    assert columns(store, "GC", DAY)["ts_event"][0] == at("2013-10-07 16:00")


def test_bad_lines_are_dropped_one_by_one(tmp_path):
    rows = [*lines((NOON, "1313.7", 2)), "noon,1313.7,1,usa,,0", "1,2", "86400000,1313.7,1,usa,,0"]
    path = write_lean(tmp_path / "x.zip", {NAME.format(12): [*rows, *lines((NOON, "1313.8", 0))]})
    feed = open_file(path, side="tick-rule")
    (ticks,) = feed.blocks()
    assert ticks.size.tolist() == [2]
    assert feed.counts.dropped == {"unparsable": 3, "size": 1}
    assert feed.counts.read == 5
    assert [line for line, _ in feed.counts.examples] == [2, 3, 4, 5]


@pytest.mark.parametrize(
    "name",
    [
        "20131007_gc_minute_trade_201312.csv",
        "20131007_gc_tick_quote_201312_201312.csv",
        "20131007_gc_tick_trade_201313.csv",
        "20131340_gc_tick_trade_201312.csv",
        "readme.txt",
    ],
)
def test_other_archives_are_refused(tmp_path, name):
    with pytest.raises(FeedError, match=f"a zip archive with {name}.*; unpack it"):
        open_file(write_lean(tmp_path / "x.zip", {name: ["1,2,3"]}), "GC", side="tick-rule")


def test_there_are_no_sides_and_no_quotes(path):
    with pytest.raises(FeedError, match="no aggressor side; --side tick-rule"):
        open_file(path)
    with pytest.raises(FeedError, match="no quotes beside its trades; --side tick-rule"):
        open_file(path, side="quotes")


def test_a_damaged_member_is_noticed(path, store):
    with zipfile.ZipFile(path) as archive:
        start = archive.infolist()[0].header_offset
    data = bytearray(path.read_bytes())
    data[start + 70] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(FeedError, match="zip archive is damaged"):
        imported(store, path, contract="GCZ3", side="tick-rule")
    assert store.symbols() == []
