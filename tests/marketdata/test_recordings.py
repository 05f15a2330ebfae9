"""Recorded markets: the figures that others counted in these files."""

import gzip
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from engine.instruments import instrument
from engine.ticks import NS
from marketdata.errors import FeedError
from marketdata.feeds.files import open_file

pytestmark = pytest.mark.data

ES = "es/esh4-glbx-mdp3-20231225.mbo.dbn.zst"


def read(feed):
    blocks = list(feed.blocks())
    return [np.concatenate(columns) for columns in zip(*blocks, strict=True)]


def test_the_hour_after_christmas(recorded_data: Path):
    feed = open_file(recorded_data / ES)
    ts, price, size, side = read(feed)
    assert feed.counts.read == 68_792
    assert feed.counts.used == len(ts) == 2_973
    assert Counter(side.tolist()) == {1: 1_542, -1: 1_430, 0: 1}
    assert size.sum() == 9_892
    assert (price.min(), price.max()) == (4800.25 * 4, 4811.75 * 4)
    assert (np.diff(ts) >= 0).all()
    assert not feed.counts.dropped
    assert (feed.info.symbol, feed.info.contract) == ("ES", "ESH4")


def test_the_same_minutes_as_trades_and_as_top_of_book(recorded_data: Path):
    name = "es/futures_{}_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"
    trades, book = (open_file(recorded_data / name.format(kind)) for kind in ("trades", "mbp-1"))
    assert [a.tolist() for a in read(trades)] == [b.tolist() for b in read(book)]
    assert trades.counts.used == 120


def test_databento_reads_the_same_trades(recorded_data: Path):
    databento = pytest.importorskip("databento")
    records = databento.DBNStore.from_file(recorded_data / ES).to_ndarray()
    trades = records[records["action"] == b"T"]
    ts, price, size, side = read(open_file(recorded_data / ES))
    assert ts.tolist() == trades["ts_event"].tolist()
    assert (price.astype(np.int64) * 250_000_000).tolist() == trades["price"].tolist()
    assert size.tolist() == trades["size"].tolist()
    signs = {b"A": -1, b"B": 1, b"N": 0}
    assert side.tolist() == [signs[letter] for letter in trades["side"].tolist()]


@pytest.mark.parametrize(
    ("name", "symbol", "trades"),
    [("usdm", "BTCUSDT", 21_313), ("spot", "BTCUSDT-SPOT", 9_757)],
)
def test_binance_sockets(recorded_data: Path, name, symbol, trades):
    path = recorded_data / f"binance/{name}_btcusdt_20240808.gz"
    feed = open_file(path)
    ts, price, size, side = read(feed)
    assert feed.info.symbol == symbol
    assert feed.counts.used == trades
    lines = gzip.decompress(path.read_bytes()).splitlines()
    events = [
        json.loads(line.split(b" ", 1)[1])["data"] for line in lines if b'"e":"trade"' in line
    ]
    assert ts.tolist() == [event["T"] * 10**6 for event in events]
    assert side.tolist() == [-1 if event["m"] else 1 for event in events]
    item = instrument(symbol)
    assert [item.price(ticks) for ticks in price.tolist()] == [Decimal(e["p"]) for e in events]
    assert [item.quantity(lots) for lots in size.tolist()] == [Decimal(e["q"]) for e in events]
    assert feed.counts.dropped == {}


def test_half_a_million_trades_without_sides(recorded_data: Path):
    path = recorded_data / "es/es_20130901_500k_noside.csv.gz"
    with pytest.raises(FeedError, match="--side tick-rule"):
        open_file(path, "ES")
    feed = open_file(path, "ES", side="tick-rule", timezone="America/Chicago")
    ts, price, size, side = read(feed)
    assert feed.counts.used == 500_000
    assert feed.info.side == "inferred"
    assert feed.info.timezone == "America/Chicago assumed"
    # 17:00 in Chicago, when the market opened on that Sunday, was 22:00 UTC.
    assert int(ts[0]) // NS == 1_378_072_800
    assert (price[0], size[0]) == (1640.25 * 4, 8)
    assert set(side[1000:].tolist()) == {-1, 1}


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("mcl/*.ohlcv-*.dbn.zst", "holds no trades"),
        ("es/definition*.dbn.zst", "schema definition holds no trades"),
        ("bybit/*.parquet", "no column for ts"),
        ("gc/*.zip", "GCZ3, which is GC and not MCL|no outright contract of MCL|no aggressor side"),
        ("mcl/symbology.json", "holds no trade"),
    ],
)
def test_what_holds_no_trades_is_refused(recorded_data: Path, pattern, said):
    paths = sorted(recorded_data.glob(pattern))
    assert paths
    for path in paths:
        with pytest.raises(FeedError, match=said) as caught:
            open_file(path, "MCL")
        assert "\n" not in str(caught.value)


def test_every_schema_is_read_or_refused(recorded_data: Path):
    used = {}
    for path in sorted((recorded_data / "databento-schemas").glob("*.dbn.zst")):
        schema = path.name.split(".")[1]
        try:
            feed = open_file(path)
        except FeedError as error:
            assert f"schema {schema} holds no trades" in str(error)  # noqa: PT017
        else:
            used[schema] = sum(len(block.ts) for block in feed.blocks())
    assert used == {"trades": 4, "tbbo": 4, "mbo": 0, "mbp-1": 0, "mbp-10": 0}
