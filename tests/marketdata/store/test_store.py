"""The store as a whole: what is written is read again, whole or not at all."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from marketdata.errors import MarketDataError, StoreError
from marketdata.feeds import StoredTicks, stored
from marketdata.store import TickStore
from tests.marketdata.store.days import DAY, OPEN, info, joined, same, ticks


def test_a_day_is_read_as_it_was_written(tmp_path: Path) -> None:
    store, day = TickStore(tmp_path), ticks(1000)
    facts = info(contract="MESZ5", warnings=("a note",), side="inferred", synthetic=True)
    blocks = [day.part(slice(at, at + 7)) for at in range(0, 1000, 7)]
    assert store.write(facts, blocks) == 1000
    found = store.read("MES", DAY)
    assert found.info == facts
    assert found.count == 1000
    assert same(joined(found.blocks(64)), day)
    columns = list(found.columns(64))
    assert [len(block.ts) for block in columns] == [64] * 15 + [40]
    assert np.array_equal(np.concatenate([block.price for block in columns]), day.price)
    assert all(array.flags.writeable for block in columns for array in block)


def test_days_and_symbols_are_listed_with_those_that_are_still_recorded(tmp_path: Path) -> None:
    store = TickStore(tmp_path / "ticks")
    assert store.symbols() == []
    assert store.days("MES") == []
    store.write(info(), [ticks(5)])
    with store.appender(info(day=date(2025, 11, 21))) as appender:
        appender.append(ticks(5))
        (tmp_path / "ticks" / "MES" / "notes.txt").write_text("not a day")
        assert store.days("MES") == [DAY, date(2025, 11, 21)]
    assert store.symbols() == ["MES"]
    assert store.path("MES", DAY) == tmp_path / "ticks" / "MES" / "2025-11-20.parquet"


def test_a_stored_day_is_replaced_only_when_that_is_asked_for(tmp_path: Path) -> None:
    store = TickStore(tmp_path)
    store.write(info(), [ticks(5)])
    with pytest.raises(StoreError, match="MES 2025-11-20: is in the tick store already"):
        store.write(info(), [ticks(6)])
    assert store.read("MES", DAY).count == 5
    store.write(info(), [ticks(6)], replace=True)
    assert store.read("MES", DAY).count == 6


def test_nothing_is_left_behind_when_the_source_fails(tmp_path: Path) -> None:
    store = TickStore(tmp_path)

    def source() -> Iterator[StoredTicks]:
        yield ticks(5)
        raise StoreError("the source is damaged")

    with pytest.raises(StoreError, match="the source is damaged"):
        store.write(info(), source())
    assert list((tmp_path / "MES").iterdir()) == []


@pytest.mark.parametrize("replace", [False, True])
def test_a_day_that_begins_to_be_recorded_meanwhile_is_not_written_over(
    tmp_path: Path, replace: bool
) -> None:
    store = TickStore(tmp_path)

    def source() -> Iterator[StoredTicks]:
        yield ticks(5)
        with store.appender(info()) as appender:
            appender.append(ticks(7))

    with pytest.raises(StoreError, match="MES 2025-11-20: is "):
        store.write(info(), source(), replace=replace)
    assert store.read("MES", DAY).count == 7


def test_of_two_who_store_a_day_at_once_the_second_is_refused(tmp_path: Path) -> None:
    store = TickStore(tmp_path)

    def source() -> Iterator[StoredTicks]:
        yield ticks(5)
        store.write(info(), [ticks(7)])

    with pytest.raises(StoreError, match="is in the tick store already"):
        store.write(info(), source())
    assert store.read("MES", DAY).count == 7


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"price": np.array([0], np.int32)}, "tick 1 is no valid trade"),
        ({"size": np.array([-1], np.int32)}, "tick 1 is no valid trade"),
        ({"side": np.array([2], np.int8)}, "tick 1 is no valid trade"),
        ({"ts_event": np.array([OPEN + 86400 * 10**9])}, "tick 1 lies outside the trading day"),
        ({"ts_event": np.array([OPEN - 2 * 3600 * 10**9])}, "tick 1 lies outside the trading day"),
        ({"price": np.array([1], np.int64)}, "columns differ"),
        ({"price": np.array([1, 2], np.int32)}, "columns differ"),
    ],
)
def test_what_cannot_be_a_tick_of_the_day_is_refused(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises(StoreError, match=message):
        TickStore(tmp_path).write(info(), [ticks(1)._replace(**change)])  # type: ignore[arg-type]
    assert TickStore(tmp_path).days("MES") == []


def test_a_day_without_ticks_and_a_day_without_trading_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no ticks"):
        TickStore(tmp_path).write(info(), [])
    with pytest.raises(StoreError, match="MES 2025-11-22: is no trading day"):
        TickStore(tmp_path).write(info(day=date(2025, 11, 22)), [ticks(5)])


def test_a_missing_day_and_a_symbol_that_is_a_path_are_named(tmp_path: Path) -> None:
    with pytest.raises(MarketDataError, match="MES 2025-11-20: is not in the tick store"):
        TickStore(tmp_path).read("MES", DAY)
    with pytest.raises(StoreError, match=r"'\.\./x' is no symbol"):
        TickStore(tmp_path).days("../x")


def test_a_damaged_file_is_refused_with_its_name(tmp_path: Path) -> None:
    store = TickStore(tmp_path)
    store.write(info(), [ticks(5000)])
    path = store.path("MES", DAY)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"2025-11-20\.parquet: is cut off or damaged"):
        list(store.read("MES", DAY).blocks())


def test_days_become_a_feed(tmp_path: Path) -> None:
    store, later = TickStore(tmp_path), date(2025, 11, 21)
    first, second = ticks(300), ticks(200, start=OPEN + 24 * 3600 * 10**9)
    store.write(info(), [first])
    store.write(info(day=later, contract="MESH6", side="inferred"), [stored(second.columns)])
    feed = store.feed("MES", [DAY, later])
    assert (feed.info.symbol, feed.info.contract, feed.info.side) == ("MES", "", "inferred")
    assert "MESZ5, MESH6" in feed.info.warnings[-1]
    for _ in range(2):
        blocks = list(feed.blocks(128))
        assert [len(block.ts) for block in blocks] == [128, 128, 44, 128, 72]
        assert feed.counts.used == 500
        assert feed.progress == 1.0
    assert store.feed("MES", [DAY]).info.contract == "MESZ5"
    with pytest.raises(StoreError, match="2025-11-24: is not in the tick store"):
        store.feed("MES", [DAY, date(2025, 11, 24)])


def test_a_day_that_counts_in_other_ticks_is_no_feed(tmp_path: Path) -> None:
    store = TickStore(tmp_path)
    store.write(info(tick=Decimal("0.05")), [ticks(5)])
    with pytest.raises(StoreError, match=r"ticks of 0\.05 and lots of 1, not 0\.25 and 1"):
        store.feed("MES", [DAY])
