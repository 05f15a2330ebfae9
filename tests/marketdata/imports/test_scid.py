"""Sierra Chart's files: exact prices out of floats, sides out of volumes, trades and no bars."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments import instrument
from marketdata.errors import FeedError, ImportRefused
from marketdata.feeds.files import open_file
from marketdata.feeds.files.scid import ScidFile
from tests.marketdata.imports.files import (
    FIRST_SUB_TRADE,
    LAST_SUB_TRADE,
    at,
    columns,
    dollars,
    imported,
    scid_record,
    write_scid,
)

OPEN = at("2025-11-19 23:00:00")
DAY = date(2025, 11, 20)


def test_a_day_of_trades(tmp_path, store):
    path = write_scid(
        tmp_path / "ESZ25_FUT_CME.scid",
        [
            scid_record(OPEN + 1_001_000, 6700.25, 3, 1),
            scid_record(OPEN + 1_002_000, 6700.00, 2, -1),
            scid_record(OPEN + 5_000_000_000, 6700.25, 7, 0),
        ],
    )
    (day,) = imported(store, path)
    assert (day.info.symbol, day.info.contract, day.info.day) == ("ES", "ESZ5", DAY)
    assert (day.info.side, day.info.tick) == ("aggressor", Decimal("0.25"))
    assert day.info.source == "import ESZ25_FUT_CME.scid (Sierra Chart)"
    found = columns(store, "ES", DAY)
    assert found["ts_event"] == [OPEN + 1_001_000, OPEN + 1_002_000, OPEN + 5_000_000_000]
    assert dollars("0.25", found["price"]) == [Decimal("6700.25"), 6700, Decimal("6700.25")]
    assert found["size"] == [3, 2, 7]
    assert found["side"] == [1, -1, 0]
    assert found["ts_recv"] == found["sequence"] == [0, 0, 0]


def test_the_trades_of_a_sweep_are_trades(tmp_path):
    path = write_scid(
        tmp_path / "ESZ5.scid",
        [
            scid_record(OPEN, 6700.0, 1, 1, opened=FIRST_SUB_TRADE),
            scid_record(OPEN + 1000, 6700.0, 2, 1),
            scid_record(OPEN + 2000, 6700.25, 3, 1, opened=LAST_SUB_TRADE),
        ],
    )
    (ticks,) = open_file(path).blocks()
    assert ticks.size.tolist() == [1, 2, 3]


def test_a_trade_without_quotes_repeats_its_price(tmp_path):
    record = scid_record(OPEN, 6700.0, 4, opened=6700.0, bar=(6700.0, 6700.0))
    (ticks,) = open_file(write_scid(tmp_path / "ESZ5.scid", [record])).blocks()
    assert ticks.price.tolist() == [26_800]


@pytest.mark.parametrize(
    "record",
    [
        scid_record(OPEN, 6700.0, 9, opened=6699.0, bar=(6701.0, 6698.0)),
        scid_record(OPEN, 6700.0, 9, 1, trades=5),
        scid_record(OPEN, 6700.0, 9, volumes=(4, 5)),
    ],
    ids=["bar", "several trades", "both sides"],
)
def test_bars_are_refused(tmp_path, store, record):
    good = scid_record(OPEN, 6700.0, 1, 1)
    path = write_scid(tmp_path / "ESZ5.scid", [good, good, record])
    said = r"record 3 \(2025-11-19 23:00:00 UTC\) is a bar, not a trade; .* 1 Tick"
    with pytest.raises(FeedError, match=said):
        imported(store, path)
    assert store.symbols() == []


TICKS = st.sampled_from(["ES", "CL", "GC", "MCL", "BTCUSDT"])


@given(symbol=TICKS, data=st.data())
def test_every_price_that_a_float_can_tell_apart_is_read_exactly(tmp_path_factory, symbol, data):
    spec = instrument(symbol)
    most = 1_390_000 if symbol == "BTCUSDT" else 1 << 20
    ticks = data.draw(st.lists(st.integers(1, most), min_size=1, max_size=30))
    ulps = data.draw(st.integers(-1, 1))
    floats = np.array([float(spec.price(each)) for each in ticks], np.float32)
    if ulps:
        floats = np.nextafter(floats, np.float32(np.inf * ulps))
    path = tmp_path_factory.mktemp("scid") / "x.scid"
    records = [scid_record(OPEN + i * 1000, price, 1, 1) for i, price in enumerate(floats.tolist())]
    (block,) = ScidFile(write_scid(path, records), symbol).blocks()
    assert block.price.tolist() == ticks


@pytest.mark.parametrize("price", [6700.1, 6700.25 + 0.002, float("nan"), float("inf"), -5.0, 0.0])
def test_a_price_off_the_grid_is_none(tmp_path, price):
    feed = open_file(write_scid(tmp_path / "ESZ5.scid", [scid_record(OPEN, price, 1, 1)]))
    assert list(feed.blocks()) == []
    assert sum(feed.counts.dropped.values()) == 1


def test_a_price_too_large_for_its_tick_is_off_the_grid(tmp_path):
    # Around 100,000 neighbouring floats are 0.0078 apart, and ticks of spot Bitcoin 0.01.
    path = write_scid(tmp_path / "x.scid", [scid_record(OPEN, 100_000.0, 1, 1)])
    feed = ScidFile(path, "BTCUSDT-SPOT")
    assert list(feed.blocks()) == []
    assert feed.counts.dropped == {"off_grid": 1}


@pytest.mark.parametrize(
    ("symbol", "tick", "first", "step", "said"),
    [
        ("ES", "0.25", 670_025, 25, "100 of 100 prices are not on the grid of ES"),
        ("CL", "0.01", 6_543, 1, "all prices are whole steps of 1.00, which is 100 ticks of CL"),
    ],
)
def test_prices_without_their_decimals_are_noticed(
    tmp_path, store, symbol, tick, first, step, said
):
    prices = [first + step * (i % 30) for i in range(100)]
    records = [scid_record(OPEN + i * 10**9, float(p), 1, 1) for i, p in enumerate(prices)]
    path = write_scid(tmp_path / f"{symbol}Z5.scid", records)
    with pytest.raises(ImportRefused, match=f"{said}.*--price-scale"):
        imported(store, path)
    imported(store, path, scale=Decimal("0.01"))
    assert dollars(tick, columns(store, symbol, DAY)["price"]) == [
        Decimal(price) / 100 for price in prices
    ]


def test_only_prices_of_sierra_chart_are_scaled(tmp_path):
    path = tmp_path / "es.csv"
    path.write_text("ts,price,size,side\n")
    with pytest.raises(FeedError, match="only prices of Sierra Chart"):
        open_file(path, "ES", scale=Decimal("0.01"))


@pytest.mark.parametrize(
    ("name", "symbol", "contract", "expected"),
    [
        ("ESZ25_FUT_CME.scid", None, None, ("ES", "ESZ5")),
        ("MESH6.CME.scid", None, None, ("MES", "MESH6")),
        ("GCG24-COMEX.scid", "GC", "GCG4", ("GC", "GCG4")),
        ("my recording.scid", "ES", "ESZ5", ("ES", "ESZ5")),
        ("btcusdt_perp.scid", "BTCUSDT", None, ("BTCUSDT", "")),
    ],
)
def test_the_contract_is_in_the_name(tmp_path, name, symbol, contract, expected):
    path = write_scid(tmp_path / name, [scid_record(OPEN, 6700.0, 1, 1)])
    info = open_file(path, symbol, contract).info
    assert (info.symbol, info.contract) == expected


@pytest.mark.parametrize(
    ("name", "symbol", "contract", "said"),
    [
        ("recording.scid", None, None, "give one with --symbol"),
        ("ESZ25.scid", "NQ", None, "holds ESZ5, which is ES and not NQ"),
        ("ESZ25.scid", None, "ESH6", "has no contract ESH6; by its name it is ESZ5"),
    ],
)
def test_a_name_that_does_not_fit(tmp_path, name, symbol, contract, said):
    path = write_scid(tmp_path / name, [scid_record(OPEN, 6700.0, 1, 1)])
    with pytest.raises(FeedError, match=said):
        open_file(path, symbol, contract)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"utc_start": 12}, "first 12 records are not in UTC"),
        ({"size": 44}, "records of 44 bytes; known are 56 and 40"),
    ],
)
def test_a_header_of_another_kind(tmp_path, changes, said):
    path = write_scid(tmp_path / "ESZ5.scid", [scid_record(OPEN, 6700.0)], **changes)
    with pytest.raises(FeedError, match=said):
        open_file(path)


def test_times_in_floating_point_days(tmp_path, store):
    import struct

    old = struct.pack("<d", 45_980.95) + scid_record(OPEN, 6700.0, 1, 1)[8:]
    with pytest.raises(FeedError, match="times of another kind"):
        imported(store, write_scid(tmp_path / "ESZ5.scid", [old]))


@pytest.mark.parametrize("cut", [1, 39, 41])
def test_a_file_that_is_cut_off(tmp_path, store, cut):
    path = write_scid(tmp_path / "ESZ5.scid", [scid_record(OPEN, 6700.0, 1, 1)] * 3)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(FeedError, match="cut off in the middle of a record"):
        imported(store, path)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(FeedError, match="cut off in its header"):
        open_file(path)


def test_sides_from_the_quotes(tmp_path, store):
    path = write_scid(
        tmp_path / "ESZ5.scid",
        [
            scid_record(OPEN, 6700.25, bar=(6700.25, 6700.0)),
            scid_record(OPEN, 6700.0, bar=(6700.25, 6700.0)),
            scid_record(OPEN, 6700.25, bar=(6700.5, 6700.0)),
            scid_record(OPEN, 6700.25, bar=(0.0, 0.0)),
        ],
    )
    (day,) = imported(store, path, side="quotes")
    assert columns(store, "ES", DAY)["side"] == [1, -1, 0, 0]
    assert day.info.side == "inferred"
    assert "sides are inferred from the quotes beside the trades; 2 of 4 have none" in (
        day.info.warnings
    )
