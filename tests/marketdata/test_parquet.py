"""Parquet: our own layout and what others write."""

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments import INSTRUMENTS, NANO, instrument
from engine.ticks import TickColumns
from marketdata.errors import FeedError
from marketdata.feeds.files import open_file
from marketdata.feeds.files.convert import to_nano
from marketdata.feeds.files.parquet import ROW_GROUP, write_ticks

START = 1_718_199_000 * NANO


def ticks(n: int, seed: int = 1) -> TickColumns:
    random = np.random.default_rng(seed)
    return TickColumns(
        START + np.cumsum(random.integers(0, 10**9, n)),
        random.integers(20_000, 21_000, n, dtype=np.int32),
        random.integers(1, 50, n, dtype=np.int32),
        random.integers(-1, 2, n, dtype=np.int8),
    )


def read(feed):
    blocks = list(feed.blocks())
    return [np.concatenate(columns).tolist() for columns in zip(*blocks, strict=True)]


def write(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "es.parquet"
    whole = ticks(ROW_GROUP + 1234)
    assert write_ticks(path, "ES", whole, contract="ESM4", source="recorded") == ROW_GROUP + 1234
    feed = open_file(path)
    assert read(feed) == [column.tolist() for column in whole]
    assert (feed.info.symbol, feed.info.contract, feed.info.side) == ("ES", "ESM4", "aggressor")
    assert feed.counts.used == ROW_GROUP + 1234
    assert feed.progress == 1.0
    assert pq.ParquetFile(path).num_row_groups == 2


def test_blocks_are_writable_and_of_the_right_types(tmp_path):
    write_ticks(tmp_path / "es.parquet", "ES", ticks(1000))
    for block in open_file(tmp_path / "es.parquet").blocks(300):
        assert len(block.ts) <= 300
        assert [column.dtype for column in block] == [np.int64, np.int32, np.int32, np.int8]
        assert all(column.flags.writeable and column.flags.c_contiguous for column in block)


def test_blocks_written_one_by_one_are_the_same_file(tmp_path):
    whole = ticks(5000)
    pieces = [TickColumns(*(c[i : i + 700] for c in whole)) for i in range(0, 5000, 700)]
    write_ticks(tmp_path / "a.parquet", "ES", whole)
    write_ticks(tmp_path / "b.parquet", "ES", iter(pieces))
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "es.parquet"
    write_ticks(path, "ES", ticks(10))
    before = path.read_bytes()

    def blocks():
        yield ticks(10)
        raise FeedError("the source broke")

    with pytest.raises(FeedError):
        write_ticks(path, "ES", blocks())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_file_says_about_itself_is_kept(tmp_path):
    path = tmp_path / "es.parquet"
    write_ticks(path, "ES", ticks(10), side="inferred", synthetic=True)
    assert open_file(path).info.side == "inferred"
    assert open_file(path).info.synthetic
    with pytest.raises(FeedError, match="holds ES and not NQ"):
        open_file(path, "NQ")
    with pytest.raises(FeedError, match="has no contract ESM4"):
        open_file(path, "ES", "ESM4")


def test_another_layout_version_is_refused(tmp_path):
    table = pa.table({"ts": [1]}).replace_schema_metadata({"tradebot.tick_layout": "2"})
    pq.write_table(table, tmp_path / "es.parquet")
    with pytest.raises(FeedError, match="tick layout 2 is not known"):
        open_file(tmp_path / "es.parquet")
    table = table.replace_schema_metadata({"tradebot.tick_layout": "1", "tradebot.symbol": "ES"})
    pq.write_table(table, tmp_path / "es.parquet")
    with pytest.raises(FeedError, match="its columns differ"):
        open_file(tmp_path / "es.parquet")


@pytest.mark.parametrize(
    "price",
    [
        pa.array([5300.25, 5300.1, 5299.0]),
        pa.array([5300.25, 5300.1, 5299.0], pa.float32()),
        pa.array(["5300.25", "5300.1", "5299"]),
        pa.array([Decimal("5300.25"), Decimal("5300.10"), Decimal("5299.00")]),
        pa.array(["5300.25", "5300.1", "5299"]).dictionary_encode(),
    ],
    ids=["double", "float", "text", "decimal", "dictionary"],
)
def test_prices_of_any_type_are_exact(tmp_path, price):
    path = write(
        tmp_path / "x.parquet",
        timestamp=[START, START + 1, START + 2],
        price=price,
        quantity=[1, 2, 3],
        side=["buy", "sell", "none"],
    )
    feed = open_file(path, "ES")
    assert read(feed) == [[START, START + 2], [21201, 21196], [1, 3], [1, 0]]
    assert feed.counts.dropped == {"off_grid": 1}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_timestamps_of_any_unit_and_zone(tmp_path, unit, zone):
    moment = datetime(2024, 6, 12, 13, 30, tzinfo=UTC)
    wall = moment if zone else moment.replace(tzinfo=None)
    path = write(
        tmp_path / "x.parquet",
        ts=pa.array([wall], pa.timestamp(unit, zone)),
        price=["5300"],
        size=[1],
        is_buyer_maker=[True],
    )
    feed = open_file(path, "ES", timezone="Europe/London")
    hour = 0 if zone else 3600 * NANO  # London is an hour ahead of UTC in June
    assert read(feed) == [[START - hour], [21200], [1], [-1]]
    assert feed.info.timezone == ("UTC" if zone else "Europe/London assumed")


def test_missing_values_are_unparsable(tmp_path):
    path = write(
        tmp_path / "x.parquet",
        ts=[START, None, START, START],
        price=[5300.0, 5300.0, None, 5300.0],
        size=pa.array([1, 1, 1, None], pa.int64()),
        side=["B"] * 4,
    )
    feed = open_file(path, "ES")
    assert len(read(feed)[0]) == 1
    assert feed.counts.dropped == {"unparsable": 3}


def test_candles_are_no_trades(tmp_path):
    path = write(tmp_path / "bars.parquet", start_ms=[1], open=["1"], volume=[2])
    with pytest.raises(FeedError, match="no column for ts"):
        open_file(path, "BTCUSDT")


def test_a_cut_off_file_is_an_error(tmp_path):
    path = tmp_path / "es.parquet"
    write_ticks(path, "ES", ticks(10_000))
    data = path.read_bytes()
    path.write_bytes(data[:-100])
    with pytest.raises(FeedError, match="cut off or damaged"):
        open_file(path)
    path.write_bytes(data[: len(data) // 4] + b"\x00" * 64 + data[len(data) // 4 + 64 :])
    with pytest.raises(FeedError, match="cut off or damaged"):
        read(open_file(path))


@given(
    st.sampled_from(sorted(INSTRUMENTS)),
    st.lists(st.integers(1, 2**31 - 1), min_size=1, max_size=30),
)
def test_every_price_on_the_grid_survives_a_double(symbol, counts):
    item = instrument(symbol)
    prices = [item.price(count) for count in counts]
    nano, ok = to_nano(pa.array([float(price) for price in prices]), int(item.tick * NANO))
    assert ok.all()
    assert item.ticks_from_nano(nano)[0].tolist() == counts
    assert item.ticks_from_nano(nano)[1].all()


@given(st.sampled_from(sorted(INSTRUMENTS)), st.decimals("0.0001", "99999", places=4))
def test_a_double_is_read_as_its_shortest_decimal(symbol, value):
    item = instrument(symbol)
    nano, ok = to_nano(pa.array([float(value)]), int(item.tick * NANO))
    assert ok.all()
    ticks_read, whole = item.ticks_from_nano(nano)
    assert whole[0] == (value % item.tick == 0)
    if whole[0]:
        assert int(ticks_read[0]) == value / item.tick
