"""Recorded markets into the store, and their figures counted in another way."""

import csv
import gzip
import io
import json
import zipfile
from collections import Counter
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from engine.ticks import NS
from marketdata.errors import MarketDataError
from marketdata.store import TickStore
from tests.marketdata.imports.files import at, columns, dollars, imported

pytestmark = pytest.mark.data

ES = "es/esh4-glbx-mdp3-20231225.mbo.dbn.zst"
MINUTES = "es/futures_{}_2024-07-01T23-58_2024-07-02T00-02.dbn.zst"
NO_SIDE = "es/es_20130901_500k_noside.csv.gz"


def test_the_hour_after_christmas_as_databento_reads_it(recorded_data: Path, store: TickStore):
    databento = pytest.importorskip("databento")
    (day,) = imported(store, recorded_data / ES)
    assert (day.info.day, day.info.contract, day.info.side) == (
        date(2023, 12, 26), "ESH4", "aggressor",
    )  # fmt: skip
    found = columns(store, "ES", day.info.day)
    assert (len(found["size"]), sum(found["size"])) == (2_973, 9_892)
    assert Counter(found["side"]) == {1: 1_542, -1: 1_430, 0: 1}
    records = databento.DBNStore.from_file(recorded_data / ES).to_ndarray()
    records = records[records["action"] == b"T"]
    for ours, theirs in (
        ("ts_event", "ts_event"), ("ts_recv", "ts_recv"), ("size", "size"),
        ("sequence", "sequence"),
    ):  # fmt: skip
        assert found[ours] == records[theirs].tolist()
    assert [price * 250_000_000 for price in found["price"]] == records["price"].tolist()
    assert day.info.warnings[0].startswith("partial: ends 22 h 00 min before the close")


def test_a_book_without_trades_is_refused(recorded_data: Path, store: TickStore):
    with pytest.raises(MarketDataError, match="holds no trade of ESH4"):
        imported(store, recorded_data / "es/esh4-glbx-mdp3-20231224.mbo.dbn.zst")


def test_quotes_beside_trades_tell_the_sides_that_the_exchange_told(
    recorded_data: Path, store: TickStore, tmp_path: Path
):
    (day,) = imported(store, recorded_data / MINUTES.format("mbp-1"))
    told = columns(store, "ES", day.info.day)
    other = TickStore(tmp_path / "other")
    (guess,) = imported(other, recorded_data / MINUTES.format("mbp-1"), side="quotes")
    assert (day.info.side, guess.info.side) == ("aggressor", "inferred")
    inferred = columns(other, "ES", day.info.day)
    assert len(told["side"]) == 120
    assert sum(told["size"]) == 253
    assert inferred["side"] == told["side"]
    assert {**inferred, "side": []} == {**told, "side": []}
    third = TickStore(tmp_path / "third")
    imported(third, recorded_data / MINUTES.format("trades"))
    assert columns(third, "ES", day.info.day) == told
    with pytest.raises(MarketDataError, match="no quotes beside its trades"):
        imported(store, recorded_data / MINUTES.format("trades"), side="quotes")


def test_half_a_million_trades_without_sides(recorded_data: Path, store: TickStore):
    path = recorded_data / NO_SIDE
    words = {"symbol": "ES", "timezone": "America/Chicago"}
    with pytest.raises(MarketDataError, match="--side tick-rule"):
        imported(store, path, **words)
    with pytest.raises(MarketDataError, match="--timezone"):
        imported(store, path, symbol="ES", side="tick-rule")
    with pytest.raises(MarketDataError, match="19,080 of 500,000 trades lie where ES was closed"):
        imported(store, path, symbol="ES", side="tick-rule", timezone="UTC")
    assert store.symbols() == []
    days = imported(store, path, side="tick-rule", **words)

    expected: dict[date, list[tuple[int, Decimal, int]]] = {}
    zone = ZoneInfo("America/Chicago")
    with gzip.open(path, "rt") as file:
        for row in csv.DictReader(file):
            moment = datetime.fromisoformat(row["DateTime"]).replace(tzinfo=zone)
            # The day ends at 16:00 in Chicago; Sunday's evening is Monday's, a holiday with trades.
            day = (moment.replace(tzinfo=None) + timedelta(hours=8)).date()
            ns = int(moment.timestamp()) * NS + moment.microsecond * 1000
            trade = (ns, Decimal(row["Price"]), int(row["Volume"]))
            expected.setdefault(day, []).append(trade)
    assert {day.info.day: day.scan.ticks for day in days} == {
        date(2013, 9, 2): 55_799, date(2013, 9, 3): 444_201,
    }  # fmt: skip
    for day, trades in expected.items():
        found = columns(store, "ES", day)
        assert found["ts_event"] == [ns for ns, _, _ in trades]
        assert dollars("0.25", found["price"]) == [price for _, price, _ in trades]
        assert found["size"] == [size for _, _, size in trades]
    assert all(day.info.side == "inferred" for day in days)
    assert "times were read as America/Chicago" in days[0].info.warnings


def test_gold_of_a_lean_zip(recorded_data: Path, store: TickStore):
    path = recorded_data / "gc/20131007_trade.zip"
    with pytest.raises(MarketDataError, match="several contracts"):
        imported(store, path, side="tick-rule")
    days = imported(store, path, side="tick-rule", contract="front")
    assert [(day.info.day, day.info.contract, day.scan.ticks) for day in days] == [
        (date(2013, 10, 7), "GCZ3", 39_159), (date(2013, 10, 8), "GCZ3", 451),
    ]  # fmt: skip
    with zipfile.ZipFile(path) as archive:
        text = archive.read("20131007_gc_tick_trade_201312.csv").decode()
    lines = [row for row in csv.reader(io.StringIO(text)) if row[2] != "0"]
    midnight, roll = at("2013-10-07"), at("2013-10-07 21:00")
    found = {
        name: columns(store, "GC", days[0].info.day)[name]
        + columns(store, "GC", days[1].info.day)[name]
        for name in ("ts_event", "price", "size")
    }
    assert found["ts_event"] == [midnight + int(row[0]) * 10**6 for row in lines]
    assert dollars("0.10", found["price"]) == [Decimal(row[1]) for row in lines]
    assert found["size"] == [int(row[2]) for row in lines]
    assert columns(store, "GC", days[1].info.day)["ts_event"][0] >= roll
    assert "of the whole file were dropped: 92 size" in days[0].info.warnings
    # UTC: gold paused from 17:15 to 18:00 in New York, which by its times is 21:15 to 22:00.
    pause = at("2013-10-07 21:15"), at("2013-10-07 22:00")
    assert not any(pause[0] <= ts < pause[1] for ts in found["ts_event"])
    assert any(roll <= ts < pause[0] for ts in found["ts_event"])


def test_gold_in_the_wrong_zone_lies_where_it_was_closed(recorded_data: Path, store: TickStore):
    words = {"side": "tick-rule", "contract": "GCZ3", "timezone": "America/Chicago"}
    with pytest.raises(MarketDataError, match="lie where GC was closed"):
        imported(store, recorded_data / "gc/20131007_trade.zip", **words)


@pytest.mark.parametrize(
    ("name", "symbol", "trades", "lots"),
    [("usdm", "BTCUSDT", 21_313, 2_429_366), ("spot", "BTCUSDT-SPOT", 9_757, 21_203_315)],
)
def test_binance_sockets(recorded_data: Path, store: TickStore, name, symbol, trades, lots):
    path = recorded_data / f"binance/{name}_btcusdt_20240808.gz"
    (day,) = imported(store, path)
    assert (day.info.symbol, day.info.day) == (symbol, date(2024, 8, 9))
    assert (day.scan.ticks, day.scan.volume) == (trades, lots)
    found = columns(store, symbol, day.info.day)
    lines = [line.split(b" ", 1) for line in gzip.decompress(path.read_bytes()).splitlines()]
    rows = [(int(ns), json.loads(text)["data"]) for ns, text in lines if b'"e":"trade"' in text]
    assert found["ts_recv"] == [ns for ns, _ in rows]
    assert found["sequence"] == [event["t"] for _, event in rows]
    assert found["ts_event"] == [event["T"] * 10**6 for _, event in rows]
    assert found["side"] == [-1 if event["m"] else 1 for _, event in rows]


def test_every_schema_with_trades_and_no_other(recorded_data: Path, tmp_path: Path):
    stored = {}
    for path in sorted((recorded_data / "databento-schemas").glob("*.dbn.zst")):
        schema = path.name.split(".")[1]
        store = TickStore(tmp_path / schema)
        try:
            stored[schema] = sum(day.scan.ticks for day in imported(store, path))
        except MarketDataError as error:
            assert "holds no trade" in str(error)  # noqa: PT017
            assert store.symbols() == []
    assert stored == {"trades": 4, "tbbo": 4}


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("mcl/*.dbn.zst", "holds no trades"),
        ("mcl/symbology.json", "holds no trade"),
        ("bybit/*.parquet", "no column for ts"),
        ("es/definition*", "schema definition holds no trades"),
    ],
)
def test_bars_and_definitions_are_refused(recorded_data: Path, store, pattern, said):
    paths = sorted(recorded_data.glob(pattern))
    assert paths
    for path in paths:
        with pytest.raises(MarketDataError, match=said):
            imported(store, path)
    assert store.symbols() == []
