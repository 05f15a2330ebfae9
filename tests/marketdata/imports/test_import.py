"""What an import stores, and what it makes of a file that it was given before."""

from datetime import date
from decimal import Decimal

import databento_dbn as dbn
import numpy as np
import pytest

from marketdata import imports
from marketdata.errors import ImportRefused, StoreError
from marketdata.feeds import StoredTicks
from marketdata.feeds.files.parquet import write_ticks
from marketdata.imports import ImportOptions, plan_import, store_days
from tests.marketdata.files import START, socket_trade, trade, write_dbn, write_text
from tests.marketdata.imports.files import NOW, at, columns, imported
from tests.marketdata.store.days import info, ticks

DAY = date(2024, 6, 10)
"""Of START, 06:13 UTC."""
HEAD = "ts,price,size,side"


def csv(path, *rows, head=HEAD):
    return write_text(path, [head, *rows])


def test_dbn_with_receive_times_and_sequences(tmp_path, store):
    path = write_dbn(
        tmp_path / "es.dbn.zst",
        [trade(0, 5300.25, 3, "B"), trade(1, 5300.0, 1, "A"), trade(2, 5300.0, 2, "N")],
    )
    (day,) = imported(store, path)
    assert store.read("ES", DAY).info == day.info
    assert (day.info.symbol, day.info.day, day.info.contract) == ("ES", DAY, "ESM4")
    assert (day.info.tick, day.info.lot) == (Decimal("0.25"), Decimal(1))
    assert (day.info.side, day.info.synthetic) == ("aggressor", False)
    assert day.info.source == "import es.dbn.zst (GLBX.MDP3 trades)"
    assert columns(store, "ES", DAY) == {
        "ts_event": [START, START + 10**9, START + 2 * 10**9],
        "ts_recv": [START + 1000, START + 10**9 + 1000, START + 2 * 10**9 + 1000],
        "price": [21_201, 21_200, 21_200],
        "size": [3, 1, 2],
        "side": [1, -1, 0],
        "sequence": [1, 2, 3],
    }


def test_a_receive_time_that_is_undefined(tmp_path, store):
    record = dbn.TradeMsg(
        1, 1, START, 5300 * 10**9, 1, dbn.Action.TRADE, dbn.Side.BID, 0, 2**64 - 1
    )
    imported(store, write_dbn(tmp_path / "es.dbn", [record]))
    assert columns(store, "ES", DAY)["ts_recv"] == [0]


def test_a_table_with_receive_times_and_sequences(tmp_path, store):
    path = csv(
        tmp_path / "es.csv",
        f"{START},5300.25,3,B,0,7",
        f"{START + 5},5300,1,S,{START + 9},8",
        head=f"{HEAD},ts_recv,sequence",
    )
    imported(store, path, symbol="ES", contract="ESM4")
    found = columns(store, "ES", DAY)
    assert found["ts_recv"] == [0, START + 9]
    assert found["sequence"] == [7, 8]


def test_of_a_book_in_a_table_only_the_trades(tmp_path, store):
    # A Databento CSV of a book: orders, and each trade again as the fill of the order that rested.
    path = csv(
        tmp_path / "es.csv",
        f"{START},5300.25,30,B,A,ESU4,1",
        f"{START},5300.25,3,B,T,ESM4,2",
        f"{START},5300.25,3,S,F,ESM4,2",
        f"{START},5300.50,8,S,C,ESM4,3",
        head=f"{HEAD},action,symbol,sequence",
    )
    (day,) = imported(store, path)
    assert day.info.contract == "ESM4"
    found = columns(store, "ES", DAY)
    assert (found["size"], found["side"], found["sequence"]) == ([3], [1], [2])
    assert day.scan.ticks == 1


def test_a_binance_socket_keeps_when_it_was_received(tmp_path, store):
    path = write_text(tmp_path / "usdm.jsonl", [socket_trade(0, "61800.30", "0.006")])
    (day,) = imported(store, path)
    found = columns(store, "BTCUSDT", day.info.day)
    assert found["ts_recv"] == [1_723_161_255_000_000_000]
    assert found["sequence"] == [5_000]
    assert found["size"] == [6]


def test_days_end_at_17_new_york_in_summer_and_winter(tmp_path, store):
    moments = [
        "2024-03-08 21:59:59.999", "2024-03-10 22:00", "2024-03-11 20:59:59", "2024-03-11 22:00",
    ]  # fmt: skip
    path = csv(tmp_path / "es.csv", *(f"{moment},5300,1,B" for moment in moments))
    days = imported(store, path, symbol="ES", timezone="UTC")
    assert [day.info.day for day in days] == [
        date(2024, 3, 8), date(2024, 3, 11), date(2024, 3, 12),
    ]  # fmt: skip
    assert columns(store, "ES", date(2024, 3, 11))["ts_event"] == [at(moments[1]), at(moments[2])]


def test_a_whole_day_is_not_called_partial_and_half_a_day_is(tmp_path, store):
    rows = [f"2024-06-{moment},5300,1,B" for moment in ("09 22:14", "10 20:46", "11 08:00")]
    first, second = imported(store, csv(tmp_path / "es.csv", *rows), symbol="ES", timezone="UTC")
    assert first.info.warnings == ("times were read as UTC",)
    assert second.info.warnings[1:] == (
        "partial: begins 10 h 00 min after the open, 2024-06-11 08:00:00 UTC",
        "partial: ends 13 h 00 min before the close, 2024-06-11 08:00:00 UTC",
    )


def test_a_tick_that_is_late_over_the_end_of_the_day(tmp_path, store):
    # Of a market that never closes: half a second after the new day began one comes of the old.
    end = at("2024-06-10 21:00")
    times = [end - 10**9, end + 4 * 10**8, end - 10**8, end + 5 * 10**8, end + 3 * 10**9]
    rows = [f"{ts},61800,{i + 1},B" for i, ts in enumerate(times)]
    imported(store, csv(tmp_path / "btc.csv", *rows), symbol="BTCUSDT")
    assert columns(store, "BTCUSDT", date(2024, 6, 10))["ts_event"] == [times[0], times[2]]
    assert columns(store, "BTCUSDT", date(2024, 6, 11))["size"] == [2_000, 4_000, 5_000]


def test_sides_by_the_tick_rule_are_marked(tmp_path, store):
    rows = [f"2024-06-10 10:00:0{i},{price},1" for i, price in enumerate((5300, 5301, 5300, 5300))]
    path = csv(tmp_path / "es.csv", *rows, head="ts,price,size")
    (day,) = imported(store, path, symbol="ES", timezone="UTC", side="tick-rule")
    assert columns(store, "ES", DAY)["side"] == [0, 1, -1, -1]
    assert day.info.side == "inferred"
    assert "sides are inferred by the tick rule; 1 of 4 have none" in day.info.warnings
    assert store.feed("ES", [DAY]).info.side == "inferred"


def test_sides_by_the_quotes_of_a_table(tmp_path, store):
    rows = [
        "2024-06-10 10:00:00,5300.25,1,5300,5300.25",
        "2024-06-10 10:00:00,5300,1,5300,5300.25",
        "2024-06-10 10:00:00,5300.25,1,5300,5300.50",
        "2024-06-10 10:00:00,5300.25,1,,5300.50",
        "2024-06-10 10:00:00,5300.25,1,5301,5300.50",
    ]
    path = csv(tmp_path / "es.csv", *rows, head="ts,price,size,bid,ask")
    imported(store, path, symbol="ES", timezone="UTC", side="quotes")
    assert columns(store, "ES", DAY)["side"] == [1, -1, 0, 0, 0]


def test_a_synthetic_recording_stays_synthetic(tmp_path, store):
    path = tmp_path / "ticks.parquet"
    write_ticks(path, "MES", ticks(50).columns, contract="MESZ5", synthetic=True, side="inferred")
    (day,) = imported(store, path)
    assert (day.info.synthetic, day.info.side) == (True, "inferred")


def test_a_day_of_another_store_keeps_what_is_known_of_it(tmp_path, store):
    other = type(store)(tmp_path / "other")
    known = info(source="databento live", warnings=("a gap of 2 s",), side="inferred")
    whole = ticks(1_000)
    other.write(known, [whole])
    imported(store, other.path("MES", known.day))
    stored = store.read("MES", known.day).info
    assert (stored.source, stored.side, stored.contract) == ("databento live", "inferred", "MESZ5")
    assert "a gap of 2 s" in stored.warnings
    found = columns(store, "MES", known.day)
    assert found == {name: getattr(whole, name).tolist() for name in StoredTicks._fields}


def parent(tmp_path):
    """Two contracts over two days; the front month changes between them."""
    hours = 24 * 3600
    return write_dbn(
        tmp_path / "es.dbn",
        [
            trade(0, 5300.0, 9, number=1), trade(1, 5350.0, 2, number=2),
            trade(2, -50.0, 50, number=3),
            trade(hours, 5300.0, 3, number=1), trade(hours + 1, 5350.0, 4, number=2),
            trade(hours + 2, 5350.25, 4, number=2),
        ],
        {"ESM4": 1, "ESU4": 2, "ESM4-ESU4": 3},
    )  # fmt: skip


def test_several_contracts_need_a_choice(tmp_path, store):
    with pytest.raises(ImportRefused, match=r"several contracts \(ESM4, ESU4\); choose one"):
        imported(store, parent(tmp_path))
    assert store.symbols() == []
    assert [day.info.contract for day in imported(store, parent(tmp_path), contract="ESM4")] == [
        "ESM4", "ESM4",
    ]  # fmt: skip


def test_the_front_month_by_volume_day_by_day(tmp_path, store):
    first, second = imported(store, parent(tmp_path), contract="front")
    assert [first.info.contract, second.info.contract] == ["ESM4", "ESU4"]
    assert columns(store, "ES", first.info.day)["size"] == [9]
    assert columns(store, "ES", second.info.day)["size"] == [4, 4]
    assert "took ESU4, the outright with the most volume of this day" in second.info.warnings


def test_the_front_month_in_a_table(tmp_path, store):
    rows = ["2024-06-10 10:00:00,5300,5,B,ESM4", "2024-06-10 10:00:01,5350,2,B,ESU4"]
    rows += ["2024-06-11 10:00:00,5300,1,B,ESM4", "2024-06-11 10:00:01,5350,2,B,ESU4"]
    path = csv(tmp_path / "es.csv", *rows, head=f"{HEAD},contract")
    with pytest.raises(ImportRefused, match="several contracts"):
        imported(store, path, timezone="UTC")
    days = imported(store, path, timezone="UTC", contract="front")
    assert [day.info.contract for day in days] == ["ESM4", "ESU4"]


def test_the_front_month_of_a_file_that_names_none(tmp_path, store):
    path = csv(tmp_path / "es.csv", "2024-06-10 10:00:00,5300,5,B")
    with pytest.raises(ImportRefused, match="does not name its contracts"):
        imported(store, path, symbol="ES", timezone="UTC", contract="front")


def three_days(tmp_path):
    rows = [f"2024-06-{day} 10:00:0{i},530{i},1,B" for day in (10, 11, 12) for i in range(3)]
    return csv(tmp_path / "es.csv", *rows)


WORDS = {"symbol": "ES", "timezone": "UTC"}


def test_some_days_of_a_file(tmp_path, store):
    path = three_days(tmp_path)
    days = imported(store, path, first=date(2024, 6, 11), last=date(2024, 6, 11), **WORDS)
    assert [day.info.day for day in days] == store.days("ES") == [date(2024, 6, 11)]
    with pytest.raises(ImportRefused, match="no trades from 2024-06-15"):
        imported(store, path, first=date(2024, 6, 15), **WORDS)


def test_the_same_file_again_stores_nothing_again(tmp_path, store):
    path = three_days(tmp_path)
    assert len(imported(store, path, **WORDS)) == 3
    before = [store.path("ES", day).stat().st_mtime_ns for day in store.days("ES")]
    plan = plan_import(store, path, ImportOptions(**WORDS), NOW)
    assert [day.state for day in plan.days] == ["same"] * 3
    assert list(store_days(store, plan)) == []
    assert before == [store.path("ES", day).stat().st_mtime_ns for day in store.days("ES")]


def test_a_stored_day_is_not_replaced_unless_that_is_asked_for(tmp_path, store):
    imported(store, three_days(tmp_path), **WORDS)
    kept = columns(store, "ES", DAY)
    other = csv(tmp_path / "other.csv", "2024-06-10 10:00:00,5300,9,B")
    with pytest.raises(ImportRefused, match=r"1 of its 1 days are .* already.*\(2024-06-10\)"):
        imported(store, other, **WORDS)
    assert columns(store, "ES", DAY) == kept
    (day,) = imported(store, other, replace=True, **WORDS)
    assert day.state == "replace"
    assert columns(store, "ES", DAY)["size"] == [9]


def test_the_same_file_read_another_way_is_another_source(tmp_path, store):
    path = three_days(tmp_path)
    imported(store, path, **WORDS)
    with pytest.raises(ImportRefused, match="3 of its 3 days are in the tick store already"):
        imported(store, path, side="tick-rule", **WORDS)
    with pytest.raises(ImportRefused, match="in the tick store already"):
        imported(store, path, symbol="ES", timezone="America/Chicago")


def test_a_day_that_is_being_recorded_is_left_alone(tmp_path, store):
    path = three_days(tmp_path)
    with store.appender(info("ES", DAY, contract="ESM4")) as appender:
        appender.append(ticks(10, start=START))
        with pytest.raises(ImportRefused, match="in the tick store already"):
            imported(store, path, **WORDS)
        with pytest.raises(StoreError):
            imported(store, path, replace=True, **WORDS)
    assert store.read("ES", DAY).count == 10


def test_a_damaged_day_is_replaced_only_when_that_is_asked_for(tmp_path, store):
    path = three_days(tmp_path)
    imported(store, path, **WORDS)
    store.path("ES", DAY).write_bytes(b"PAR1 no more")
    with pytest.raises(StoreError, match="damaged"):
        imported(store, path, **WORDS)
    imported(store, path, replace=True, **WORDS)
    assert columns(store, "ES", DAY)["size"] == [1, 1, 1]


def test_an_interrupted_import_leaves_whole_days_and_goes_on(tmp_path, store, monkeypatch):
    path = three_days(tmp_path)
    plan = plan_import(store, path, ImportOptions(**WORDS), NOW)
    seen = []

    def interrupt(fraction):
        seen.append(fraction)
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(store_days(store, plan, interrupt))
    assert store.days("ES") == [DAY]
    assert [each.name for each in (store.root / "ES").iterdir()] == ["2024-06-10.parquet"]
    again = plan_import(store, path, ImportOptions(**WORDS), NOW)
    assert [day.state for day in again.days] == ["same", "new", "new"]
    assert len(list(store_days(store, again))) == 2
    assert [columns(store, "ES", day)["size"] for day in store.days("ES")] == [[1, 1, 1]] * 3


@pytest.mark.parametrize("change", ["more", "other size"])
def test_a_file_that_changes_while_it_is_read(tmp_path, store, change):
    path = three_days(tmp_path)
    plan = plan_import(store, path, ImportOptions(**WORDS), NOW)
    text = path.read_text()
    path.write_text(text + "2024-06-12 11:00:00,5300,1,B\n" if change == "more" else text[:-1])
    with pytest.raises(ImportRefused, match="changed while it was read"):
        list(store_days(store, plan))
    assert store.symbols() == []


def test_a_file_that_says_other_ticks_the_second_time(tmp_path, store):
    path = three_days(tmp_path)
    plan = plan_import(store, path, ImportOptions(**WORDS), NOW)
    stat = path.stat()
    path.write_text(path.read_text().replace("5300,1", "5300,2"))
    import os

    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(ImportRefused, match="changed while it was read"):
        list(store_days(store, plan))
    assert store.symbols() == []


def test_progress_reaches_the_end_twice(tmp_path, store):
    path = three_days(tmp_path)
    seen = []
    plan = plan_import(store, path, ImportOptions(**WORDS), NOW, seen.append)
    assert seen[-1] == 1.0
    assert list(imports.store_days(store, plan, seen.append))
    assert seen[-1] == 1.0
    assert all(0 <= each <= 1 for each in seen)
    assert np.all(np.diff(seen[: len(seen) // 2]) >= 0)
