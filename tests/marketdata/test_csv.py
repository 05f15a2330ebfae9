"""CSV: columns by name, exact numbers, times in a stated zone, bad lines named."""

import gzip
from datetime import UTC, datetime

import numpy as np
import pytest

from marketdata.errors import FeedError
from marketdata.feeds.files import open_file
from tests.marketdata.files import write_text

HEAD = "ts,price,size,side"


def read(feed):
    blocks = list(feed.blocks())
    return [np.concatenate(columns).tolist() for columns in zip(*blocks, strict=True)]


def ns(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp()) * 10**9


@pytest.mark.parametrize("name", ["es.csv", "es.csv.gz"])
def test_named_columns_in_any_case_and_order(tmp_path, name):
    path = write_text(
        tmp_path / name,
        [
            "Volume,Side,DateTime,Extra,Price",
            "3,B,2024-06-12 13:30:00.250,x,5300.25",
            "1,sell,2024-06-12 13:30:01,x,5300",
            "2,,2024-06-12 13:30:01.000000001,x,5300.50",
        ],
    )
    feed = open_file(path, "ES")
    ts, price, size, side = read(feed)
    start = ns("2024-06-12T13:30:00")
    assert ts == [start + 250_000_000, start + 10**9, start + 10**9 + 1]
    assert price == [21201, 21200, 21202]
    assert size == [3, 1, 2]
    assert side == [1, -1, 0]
    assert feed.info.timezone == "UTC assumed"
    assert feed.progress == 1.0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1718199000", "2024-06-12T13:30:00"),
        ("1718199000000", "2024-06-12T13:30:00"),
        ("1718199000000000", "2024-06-12T13:30:00"),
        ("1718199000000000000", "2024-06-12T13:30:00"),
        ("2024-06-12T13:30:00Z", "2024-06-12T13:30:00"),
        ("2024-06-12T09:30:00-04:00", "2024-06-12T13:30:00"),
        ("2024-06-12 13:30", "2024-06-12T13:30:00"),
    ],
)
def test_times_of_many_kinds(tmp_path, text, expected):
    path = write_text(tmp_path / "es.csv", [HEAD, f"{text},5300,1,B"])
    assert read(open_file(path, "ES"))[0] == [ns(expected)]


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2024-03-08 09:30:00", "2024-03-08T14:30:00"),
        ("2024-03-11 09:30:00", "2024-03-11T13:30:00"),
        ("2024-11-04 09:30:00", "2024-11-04T14:30:00"),
    ],
)
def test_naive_times_are_read_in_the_given_zone(tmp_path, local, utc):
    path = write_text(tmp_path / "es.csv", [HEAD, f"{local},5300,1,B"])
    feed = open_file(path, "ES", timezone="America/New_York")
    assert read(feed)[0] == [ns(utc)]
    assert feed.info.timezone == "America/New_York assumed"


def test_a_zone_in_the_file_wins(tmp_path):
    path = write_text(tmp_path / "es.csv", [HEAD, "2024-06-12T13:30:00Z,5300,1,B"])
    feed = open_file(path, "ES", timezone="America/New_York")
    assert read(feed)[0] == [ns("2024-06-12T13:30:00")]
    assert feed.info.timezone == "UTC"


def test_bad_lines_are_counted_and_the_first_are_named(tmp_path):
    path = write_text(
        tmp_path / "es.csv",
        [
            HEAD,
            "1718199000,5300.00,1,B",
            "1718199001,5300.10,1,B",
            "1718199002,abc,1,B",
            "1718199003,5300.00",
            "1718199004,5300.00,0,B",
            "soon,5300.00,1,B",
            "1718199006,-5300.00,1,B",
            "1718199007,5300.00,1,X",
            "1718199008,5300.0000000001,1,B",
            "1718199009,5300.25,1,S",
        ],
    )
    feed = open_file(path, "ES")
    assert read(feed)[1] == [21200, 21201]
    assert feed.counts.dropped == {"unparsable": 4, "off_grid": 2, "size": 1, "price": 1}
    assert feed.counts.read == 10
    assert feed.counts.used == 2
    assert feed.counts.examples == [
        (3, "off_grid"), (4, "unparsable"), (5, "unparsable"), (6, "size"), (7, "unparsable"),
    ]  # fmt: skip


def test_prices_that_a_float_would_round_are_off_the_grid(tmp_path):
    # As doubles the first two equal 0.01 * n exactly; as the text they are they do not.
    lines = [HEAD, "1718199000,61837.640000000000001,1,B", "1718199001,61837.64,1,B"]
    feed = open_file(write_text(tmp_path / "x.csv", lines), "BTCUSDT-SPOT")
    assert read(feed)[1] == [6183764]
    assert feed.counts.dropped == {"off_grid": 1}


def test_quantities_of_coins_are_whole_lots(tmp_path):
    lines = [
        HEAD,
        "1718199000,61837.6,0.006,B",
        "1718199001,61837.6,0.0005,B",
        "1718199001,61837.6,1e-2,B",
    ]
    feed = open_file(write_text(tmp_path / "x.csv", lines), "BTCUSDT")
    assert read(feed)[2] == [6, 10]
    assert feed.counts.dropped == {"size": 1}


def test_without_sides_the_remedy_is_named(tmp_path):
    path = write_text(tmp_path / "es.csv", ["DateTime,Price,Volume", "1718199000,5300,1"])
    with pytest.raises(FeedError, match="--side tick-rule"):
        open_file(path, "ES")


def test_inferred_sides_are_labelled(tmp_path):
    path = write_text(
        tmp_path / "es.csv",
        ["DateTime,Price,Volume"]
        + [f"{1718199000 + i},{p},1" for i, p in enumerate((5300, 5300.25, 5300.25, 5300))],
    )
    feed = open_file(path, "ES", side="tick-rule")
    assert read(feed)[3] == [0, 1, 1, -1]
    assert feed.info.side == "inferred"


def test_binances_own_dumps(tmp_path):
    path = write_text(
        tmp_path / "BTCUSDT-trades-2024-06-12.csv",
        [
            "id,price,qty,quote_qty,time,is_buyer_maker",
            "5001,61837.6,0.006,371.0,1718199000123,true",
            "5002,61837.7,0.010,618.3,1718199000124,false",
            "5002,61837.7,0.010,618.3,1718199000124,false",
        ],
    )
    feed = open_file(path, "BTCUSDT")
    ts, price, size, side = read(feed)
    assert ts == [1718199000123000000, 1718199000124000000]
    assert (price, size, side) == ([618376, 618377], [6, 10], [-1, 1])
    assert feed.counts.dropped == {"duplicate": 1}


def test_one_contract_of_several(tmp_path):
    path = write_text(
        tmp_path / "es.csv",
        [
            "symbol," + HEAD,
            "ESM4,1718199000,5300,1,B",
            "ESU4,1718199001,5350,5,B",
            "ESM4-ESU4,1718199001,50,50,B",
        ],
    )
    feed = open_file(path)
    assert (feed.info.symbol, feed.info.contract) == ("ES", "ESU4")
    assert read(feed)[1] == [21400]
    assert feed.counts.dropped == {"other_contract": 2}
    assert read(open_file(path, "ES", "ESM4"))[1] == [21200]
    with pytest.raises(FeedError, match="no outright contract of NQ"):
        open_file(path, "NQ")


def test_semicolons_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "es.csv"
    path.write_bytes(("\ufeff" + HEAD.replace(",", ";") + "\n1718199000;5300;1;B\n").encode())
    assert read(open_file(path, "ES"))[1] == [21200]


def test_missing_columns_are_named(tmp_path):
    path = write_text(tmp_path / "bars.csv", ["open,high,low,close", "1,2,3,4"])
    with pytest.raises(FeedError, match=r"no column for ts .*price .*it has open, high"):
        open_file(path, "ES")


def test_a_cut_off_gzip_is_an_error(tmp_path):
    random = np.random.default_rng(1)
    lines = [f"{1718199000 + i},{5000 + random.integers(400) / 4},1,B" for i in range(20_000)]
    path = write_text(tmp_path / "es.csv.gz", [HEAD, *lines])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FeedError, match="cut off in the middle of its gzip data"):
        read(open_file(path, "ES"))


def test_an_unknown_symbol_or_zone_is_refused(tmp_path):
    path = write_text(tmp_path / "es.csv", [HEAD, "1718199000,5300,1,B"])
    with pytest.raises(FeedError, match="give one with --symbol"):
        open_file(path)
    with pytest.raises(FeedError, match="unknown timezone 'Mars'"):
        open_file(path, "ES", timezone="Mars")


def test_many_blocks_keep_their_line_numbers(tmp_path):
    lines = [f"{1718199000 + i},5300.25,1,B,{'x' * 90}" for i in range(100_000)]
    lines[70_000] = "1718199000,oops,1,B,x"
    lines[90_000] = "too,few"
    lines[95_000] = "1718199000,oops,1,B,x"
    path = write_text(tmp_path / "es.csv", [HEAD + ",note", *lines])
    feed = open_file(path, "ES")
    assert len(read(feed)[0]) == 99_997
    assert [line for line, _ in feed.counts.examples] == [70_002, 90_002, 95_002]


def test_a_half_written_last_line_does_not_pass_for_a_trade(tmp_path):
    path = write_text(tmp_path / "es.csv", [HEAD, "1718199000,5300,1,B", "1718199001,53"], end="")
    feed = open_file(path, "ES")
    assert len(read(feed)[0]) == 1
    assert feed.counts.dropped == {"unparsable": 1}


def test_gzip_of_nothing(tmp_path):
    path = tmp_path / "es.csv.gz"
    path.write_bytes(gzip.compress(b""))
    with pytest.raises(FeedError, match="no column for ts"):
        open_file(path, "ES")


def test_a_header_alone_is_a_day_without_trades(tmp_path):
    feed = open_file(write_text(tmp_path / "es.csv", [HEAD]), "ES")
    assert list(feed.blocks()) == []
    assert feed.counts.read == 0


def test_times_that_nobody_can_read_are_refused_at_once(tmp_path):
    path = write_text(tmp_path / "es.csv", [HEAD, "12/06/2024 09:30,5300,1,B"])
    with pytest.raises(FeedError, match=r"times like '12/06/2024 09:30' cannot be read"):
        open_file(path, "ES")


def test_a_wrong_symbol_is_suspected_when_prices_are_off_its_grid(tmp_path):
    lines = [f"{1718199000 + i},{72 + i / 100:.2f},1,B" for i in range(200)]
    feed = open_file(write_text(tmp_path / "cl.csv", [HEAD, *lines]), "ES")
    read(feed)
    assert feed.counts.dropped == {"off_grid": 192}
    assert "off the grid of ES: is that the right symbol?" in feed.info.warnings[0]


def test_the_assumed_zone_is_said_before_anything_is_read(tmp_path):
    path = write_text(tmp_path / "es.csv", [HEAD, "2024-06-12 09:30:00,5300,1,B"])
    assert open_file(path, "ES", timezone="Asia/Tokyo").info.timezone == "Asia/Tokyo assumed"
