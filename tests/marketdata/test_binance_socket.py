"""Raw Binance recordings: market trades only, the aggressor from the maker flag."""

import numpy as np
import pytest

from marketdata.errors import FeedError
from marketdata.feeds.files import open_file
from tests.marketdata.files import socket_trade, write_text

BOOK = '1723161255088169167 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","s":"BTCUSDT"}}'
SPOT = {"X": None, "M": True}


def read(feed):
    blocks = list(feed.blocks())
    return [np.concatenate(columns).tolist() for columns in zip(*blocks, strict=True)]


@pytest.mark.parametrize("name", ["usdm.gz", "usdm.jsonl"])
def test_trades_become_ticks(tmp_path, name):
    path = write_text(
        tmp_path / name,
        [
            BOOK,
            socket_trade(0, "61800.30", "0.006"),
            socket_trade(1, "61800.20", "0.010", maker=True),
        ],
    )
    feed = open_file(path)
    assert read(feed) == [
        [1723161256000000000, 1723161256001000000], [618003, 618002], [6, 10], [1, -1],
    ]  # fmt: skip
    assert feed.info.symbol == "BTCUSDT"
    assert feed.counts.ignored == 1
    assert feed.progress == 1.0


def test_spot_is_another_instrument(tmp_path):
    path = write_text(tmp_path / "spot.gz", [socket_trade(0, "61800.31", "0.00002", **SPOT)])
    assert open_file(path).info.symbol == "BTCUSDT-SPOT"
    assert read(open_file(path, "BTCUSDT-SPOT"))[1:3] == [[6180031], [2]]
    with pytest.raises(FeedError, match="holds spot BTCUSDT, which is BTCUSDT-SPOT and not BTCU"):
        open_file(path, "BTCUSDT")
    futures = write_text(tmp_path / "usdm.gz", [socket_trade(0, "61800.30", "0.006")])
    with pytest.raises(FeedError, match="holds USD-M futures BTCUSDT, which is BTCUSDT and not"):
        open_file(futures, "BTCUSDT-SPOT")
    with pytest.raises(FeedError, match="not ES"):
        open_file(futures, "ES")


def test_settlements_are_not_market_trades(tmp_path):
    lines = [socket_trade(i, "61800.30", "0.006", X=x) for i, x in enumerate(
        ("MARKET", "INSURANCE_FUND", "ADL", "NA", "MARKET"))]  # fmt: skip
    feed = open_file(write_text(tmp_path / "usdm.gz", lines))
    assert len(read(feed)[0]) == 2
    assert feed.counts.ignored == 3
    assert "ignored 1 trades outside the market: ADL" in feed.info.warnings


def test_a_trade_seen_twice_counts_once(tmp_path):
    line = socket_trade(0, "61800.30", "0.006")
    later = [socket_trade(i, "61800.30", "0.006") for i in range(1, 5)]
    feed = open_file(write_text(tmp_path / "usdm.gz", [line, line, *later, line]))
    assert len(read(feed)[0]) == 5
    assert feed.counts.dropped == {"duplicate": 2}


def test_aggregate_trades_and_trades_are_not_counted_both(tmp_path):
    both = [
        socket_trade(0, "61800.30", "0.006", e="aggTrade", a=77, X=None, t=None),
        socket_trade(0, "61800.30", "0.006"),
    ]
    feed = open_file(write_text(tmp_path / "usdm.gz", both))
    assert len(read(feed)[0]) == 1
    assert feed.info.warnings == ("took aggTrade, ignored 1 of the other kind",)


def test_broken_lines_are_counted_and_named(tmp_path):
    lines = [
        socket_trade(0, "61800.30", "0.006"),
        '17 {"data":{"e":"trade","s":"BTCUSDT",',
        socket_trade(2, "sixty", "0.006"),
        socket_trade(3, "61800.35", "0.006"),
        socket_trade(4, "61800.30", "0.0061"),
        socket_trade(5, "61800.30", "0.006", m="no"),
        socket_trade(6, "61800.40", "0.006", s="ETHUSDT"),
    ]
    feed = open_file(write_text(tmp_path / "usdm.gz", lines))
    assert len(read(feed)[0]) == 1
    assert feed.counts.dropped == {
        "unparsable": 3, "off_grid": 1, "size": 1, "other_contract": 1,
    }  # fmt: skip
    assert feed.counts.examples[0] == (2, "unparsable")


def test_cut_off_recordings_are_errors(tmp_path):
    lines = [socket_trade(i, "61800.30", f"0.{1 + i * 7919 % 997:03}") for i in range(5000)]
    packed = write_text(tmp_path / "usdm.gz", lines)
    packed.write_bytes(packed.read_bytes()[:-100])
    with pytest.raises(FeedError, match="cut off in the middle of its gzip data"):
        read(open_file(packed))
    plain = write_text(tmp_path / "usdm.jsonl", lines)
    plain.write_bytes(plain.read_bytes()[:-30])
    with pytest.raises(FeedError, match="cut off in line 5000"):
        read(open_file(plain))


def test_a_recording_without_trades_is_refused(tmp_path):
    with pytest.raises(FeedError, match="holds no trade or aggTrade events"):
        open_file(write_text(tmp_path / "usdm.gz", [BOOK, BOOK]))


def test_an_unlisted_coin_is_refused(tmp_path):
    path = write_text(tmp_path / "x.gz", [socket_trade(0, "0.1", "5", s="DOGEUSDT")])
    with pytest.raises(FeedError, match="DOGEUSDT is no known instrument"):
        open_file(path)
