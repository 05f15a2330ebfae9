"""Databento files: trades only, the aggressor's side, exact prices, one contract."""

import gzip

import databento_dbn as dbn
import numpy as np
import pytest

from marketdata.errors import FeedError
from marketdata.feeds.files import open_file
from tests.marketdata.files import (
    START,
    UNDEF,
    Interval,
    Mapping,
    day,
    encode_metadata,
    order,
    trade,
    write_dbn,
)


def read(feed, max_ticks=1 << 16):
    blocks = list(feed.blocks(max_ticks))
    return [np.concatenate(columns).tolist() for columns in zip(*blocks, strict=True)]


@pytest.mark.parametrize("name", ["es.dbn", "es.dbn.zst"])
def test_trades_become_ticks(tmp_path, name):
    path = write_dbn(
        tmp_path / name,
        [trade(0, 5300.25, 3, "B"), trade(1, 5300.0, 1, "A"), trade(2, 5300.5, 7, "N")],
    )
    feed = open_file(path)
    ts, price, size, side = read(feed)
    assert ts == [START, START + 10**9, START + 2 * 10**9]
    assert price == [21201, 21200, 21202]
    assert size == [3, 1, 7]
    assert side == [1, -1, 0]
    assert (feed.info.symbol, feed.info.contract, feed.info.side) == ("ES", "ESM4", "aggressor")
    assert feed.counts.read == feed.counts.used == 3
    assert feed.progress == 1.0


def test_a_market_by_order_file_gives_its_trades_and_not_their_fills(tmp_path):
    path = write_dbn(
        tmp_path / "es.mbo.dbn",
        [
            order(0, 5300.0, 5, "A", "A"),
            order(1, 5300.0, 2, "T", "B"),
            order(2, 5300.0, 2, "F", "A"),
            order(3, 5300.0, 2, "C", "A"),
        ],
        schema="mbo",
    )
    feed = open_file(path)
    assert read(feed)[1:] == [[21200], [2], [1]]
    assert (feed.counts.read, feed.counts.used, feed.counts.ignored) == (4, 1, 3)


def test_a_file_with_send_times_is_read_alike(tmp_path):
    stamped = [
        dbn.TradeMsg(
            publisher_id=1, instrument_id=1, ts_event=START + i, price=5300 * 10**9, size=1 + i,
            action=dbn.Action.TRADE, side=dbn.Side.ASK, depth=0, ts_recv=START + i,
            sequence=i + 1, ts_out=START + i + 5,
        )
        for i in range(3)
    ]  # fmt: skip
    path = write_dbn(tmp_path / "es.dbn", stamped, ts_out=True)
    assert read(open_file(path))[2] == [1, 2, 3]


def test_what_is_no_valid_trade_is_dropped_with_its_reason(tmp_path):
    path = write_dbn(
        tmp_path / "es.dbn",
        [
            trade(0, 5300.0),
            trade(1, 0, nano=UNDEF),
            trade(2, -1.0),
            trade(3, 5300.1),
            trade(4, 0, nano=5300 * 10**9 + 1),
            trade(5, 5300.0, 0),
            trade(6, 5300.25),
        ],
    )
    feed = open_file(path)
    assert read(feed)[1] == [21200, 21201]
    assert feed.counts.dropped == {"price": 2, "off_grid": 2, "size": 1}
    assert feed.counts.read == 7


def test_only_the_contract_with_most_volume_is_taken_and_that_is_said(tmp_path):
    records = [
        trade(0, 5300.0, 4, number=1),
        trade(1, 5350.0, 3, number=2),
        trade(2, 50.0, 99, number=3),
        trade(3, 5350.25, 3, number=2),
    ]
    symbols = {"ESM4": 1, "ESU4": 2, "ESM4-ESU4": 3}
    path = write_dbn(tmp_path / "es.dbn", records, symbols)
    feed = open_file(path)
    assert feed.info.contract == "ESU4"
    assert "took ESU4" in feed.info.warnings[0]
    assert read(feed)[1] == [21400, 21401]
    assert feed.counts.dropped == {"other_contract": 2}
    chosen = open_file(path, contract="ESM4")
    assert read(chosen)[1] == [21200]
    assert chosen.info.warnings == ()


def test_with_several_products_the_symbol_decides(tmp_path):
    records = [trade(0, 5300.0, 9, number=1), trade(1, 18500.0, 2, number=2)]
    path = write_dbn(tmp_path / "both.dbn", records, {"ESM4": 1, "NQM4": 2})
    assert open_file(path, symbol="NQ").info.contract == "NQM4"


def test_a_file_that_names_nothing_needs_the_symbol(tmp_path):
    path = write_dbn(tmp_path / "x.dbn", [trade(0, 5300.0)], {})
    with pytest.raises(FeedError, match="give one with --symbol"):
        open_file(path)
    feed = open_file(path, symbol="ES")
    assert read(feed)[1] == [21200]
    assert feed.info.warnings == ("the file does not name its contract",)


def test_an_id_that_changed_hands_is_told_apart_by_its_dates(tmp_path):
    head = encode_metadata(
        "trades",
        [
            Mapping("ESM4", [Interval(day(), day(1), "1")]),
            Mapping("ESU4", [Interval(day(1), day(5), "1")]),
        ],
    )
    records = [trade(0, 5300.0), trade(24 * 3600, 5400.0)]
    path = tmp_path / "es.dbn"
    path.write_bytes(head.encode() + b"".join(map(bytes, records)))
    assert read(open_file(path, contract="ESM4"))[1] == [21200]
    assert read(open_file(path, contract="ESU4"))[1] == [21600]


def test_the_tick_rule_on_request_is_labelled(tmp_path):
    path = write_dbn(tmp_path / "es.dbn", [trade(0, 5300.0, side="A"), trade(1, 5300.25, side="A")])
    feed = open_file(path, side="tick-rule")
    assert read(feed)[3] == [0, 1]
    assert feed.info.side == "inferred"


def test_blocks_are_small_and_the_same_ticks(tmp_path):
    path = write_dbn(tmp_path / "es.dbn.zst", [trade(i, 5300.0 + i % 7) for i in range(1000)])
    feed = open_file(path)
    whole = read(feed)
    sizes = [len(block.ts) for block in feed.blocks(64)]
    assert max(sizes) == 64
    assert min(sizes) > 0
    assert read(feed, 64) == whole


@pytest.mark.parametrize(
    ("symbol", "contract", "said"),
    [
        ("NQ", None, "holds ESM4, which is ES and not NQ"),
        (None, "ESZ4", "has no contract ESZ4; it has ESM4"),
        ("MES", "ESM4", "which is ES and not MES"),
    ],
)
def test_a_wrong_symbol_or_contract_is_refused(tmp_path, symbol, contract, said):
    path = write_dbn(tmp_path / "es.dbn", [trade(0, 5300.0)])
    with pytest.raises(FeedError, match=said):
        open_file(path, symbol, contract)


def test_schemas_without_trades_are_refused(tmp_path):
    path = write_dbn(tmp_path / "bars.dbn", [], schema="ohlcv-1m")
    with pytest.raises(FeedError, match="schema ohlcv-1m holds no trades; fetch one of trades"):
        open_file(path)
    path = write_dbn(tmp_path / "live.dbn", [trade(0, 5300.0)], schema=None)
    with pytest.raises(FeedError, match="mixed records"):
        open_file(path)


@pytest.mark.parametrize("keep", [0.2, 0.5, 0.9, 0.999])
def test_a_cut_off_zstd_file_is_an_error_and_not_a_short_day(tmp_path, keep):
    random = np.random.default_rng(1)
    records = [trade(i, 5000.0 + random.integers(0, 4000) / 4) for i in range(20_000)]
    path = write_dbn(tmp_path / "es.dbn.zst", records)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    with pytest.raises(FeedError, match="cut off"):
        read(open_file(path))


@pytest.mark.parametrize("lost", [1, 20, 47])
def test_a_plain_file_that_ends_within_a_record_is_an_error(tmp_path, lost):
    path = write_dbn(tmp_path / "es.dbn", [trade(i, 5300.0) for i in range(5)])
    path.write_bytes(path.read_bytes()[:-lost])
    with pytest.raises(FeedError, match="cut off in the middle of a record"):
        read(open_file(path))


def test_damage_is_an_error(tmp_path):
    records = [trade(i, 5300.0 + i % 9, 1 + i % 5) for i in range(2000)]
    path = write_dbn(tmp_path / "es.dbn.zst", records)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 40] = b"\xff" * 40
    path.write_bytes(data)
    with pytest.raises(FeedError, match="damaged"):
        read(open_file(path))


def test_foreign_records_are_an_error(tmp_path):
    path = write_dbn(tmp_path / "es.dbn", [trade(0, 5300.0), order(1, 5300.0, 1, "T", "B")] * 12)
    with pytest.raises(FeedError, match="not all records are trades"):
        read(open_file(path))


def test_a_cut_off_head_is_an_error(tmp_path):
    path = write_dbn(tmp_path / "es.dbn", [])
    for size in (6, 60):
        cut = tmp_path / f"{size}.dbn"
        cut.write_bytes(path.read_bytes()[:size])
        with pytest.raises(FeedError, match="cut off in its metadata"):
            open_file(cut)


def test_zstd_that_is_no_dbn_is_refused(tmp_path):
    import zstandard

    path = tmp_path / "x.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(b"price,size\n" * 100))
    with pytest.raises(FeedError, match="not a DBN file"):
        open_file(path)


def test_a_replay_after_a_reconnect_is_dropped(tmp_path):
    records = [trade(i, 5300.0 + i % 3 / 4) for i in range(50)]
    path = write_dbn(tmp_path / "es.dbn", records[:40] + records[30:])
    feed = open_file(path)
    assert len(read(feed)[0]) == 50
    assert feed.counts.dropped == {"duplicate": 10}


def test_alike_trades_of_one_packet_are_all_real(tmp_path):
    packet = [trade(1, 5300.0, 1, "B", sequence=7) for _ in range(3)]
    path = write_dbn(tmp_path / "es.dbn", [trade(0, 5300.0, sequence=6), *packet])
    assert len(read(open_file(path))[0]) == 4


def test_gzip_around_dbn_is_refused_in_one_line(tmp_path):
    path = write_dbn(tmp_path / "es.dbn", [trade(0, 5300.0)])
    packed = tmp_path / "es.dbn.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(FeedError) as caught:
        open_file(packed)
    assert "\n" not in str(caught.value)
