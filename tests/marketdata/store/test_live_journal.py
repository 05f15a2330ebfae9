"""A live feed's ticks are kept day after day."""

from datetime import date, time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.instruments import instrument
from engine.ticks import NS
from marketdata.calendars import new_york
from marketdata.errors import StoreError
from marketdata.feeds import FeedInfo, StoredTicks
from marketdata.store import LiveJournal, TickStore, durable
from tests.marketdata.store.days import DAY, joined, same, ticks

MES = instrument("MES")
NEXT = date(2025, 11, 21)
ROLL = new_york(DAY, time(17))


def feed_info(contract: str = "MESZ5") -> FeedInfo:
    return FeedInfo(symbol="MES", contract=contract, source="databento live")


def two_days(count: int) -> StoredTicks:
    """The first half before the roll, the rest after the halt."""
    day = ticks(count)
    half = count // 2
    ts = day.ts_event - day.ts_event[half]
    ts = np.where(np.arange(count) < half, ROLL - 1 + ts, ROLL + 3600 * NS + ts)
    return day._replace(ts_event=ts.astype(np.int64))


def test_each_day_gets_its_own_file_and_contract_and_is_compacted_at_the_roll(
    tmp_path: Path,
) -> None:
    store, both = TickStore(tmp_path), two_days(400)
    contract = "MESZ5"
    journal = LiveJournal(store, MES, lambda: feed_info(contract))
    journal.append(both.part(slice(0, 200)))
    assert store.journalled("MES") == [DAY]
    contract = "MESH6"
    for at in range(200, 400, 9):
        journal.append(both.part(slice(at, min(at + 9, 400))))
    assert journal.last == (int(both.ts_event[-1]), int(both.sequence[-1]))
    journal.close()
    assert store.journalled("MES") == [NEXT]
    assert same(joined(store.read("MES", DAY).blocks()), both.part(slice(0, 200)))
    assert same(joined(store.read("MES", NEXT).blocks()), both.part(slice(200, 400)))
    assert [store.read("MES", day).info.contract for day in (DAY, NEXT)] == ["MESZ5", "MESH6"]
    assert store.read("MES", DAY).info.source == "databento live"


def test_a_restart_goes_on_with_the_day_and_compacts_the_ones_before(tmp_path: Path) -> None:
    store, both = TickStore(tmp_path), two_days(400)
    first = LiveJournal(store, MES, feed_info)
    assert first.last is None
    first.append(both.part(slice(0, 150)))
    first.close()
    second = LiveJournal(store, MES, feed_info)
    assert second.last == (int(both.ts_event[149]), int(both.sequence[149]))
    second.append(both.part(slice(150, 200)))
    second.close()
    third = LiveJournal(store, MES, feed_info)
    third.append(both.part(slice(200, 400)))
    third.close()
    assert store.journalled("MES") == [NEXT]
    assert same(joined(joined(store.read("MES", day).blocks()) for day in (DAY, NEXT)), both)


@settings(max_examples=15)
@given(cuts=st.lists(st.integers(1, 199), max_size=8))
def test_however_the_ticks_come_in_the_same_days_are_kept(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    store, both = TickStore(tmp_path_factory.mktemp("ticks")), two_days(200)
    journal = LiveJournal(store, MES, feed_info)
    for start, end in zip([0, *sorted(cuts)], [*sorted(cuts), 200], strict=True):
        journal.append(both.part(slice(start, end)))
    journal.close()
    assert journal.appended == 200
    for day, part in ((DAY, slice(0, 100)), (NEXT, slice(100, 200))):
        assert same(joined(store.read("MES", day).blocks()), both.part(part))


def test_a_late_tick_stays_in_the_day_that_it_came_in(tmp_path: Path) -> None:
    store, both = TickStore(tmp_path), two_days(4)
    late = both.part(slice(0, 1))
    journal = LiveJournal(store, MES, feed_info)
    for block in (both, late):
        journal.append(block)
    journal.close()
    assert store.read("MES", DAY).count == 2
    assert same(joined(store.read("MES", NEXT).blocks()), joined([both.part(slice(2, 4)), late]))


def test_a_disk_that_is_full_is_said_and_leaves_no_half_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setattr(durable, "SYNC_EVERY_S", 1e6)
    store, day = TickStore(tmp_path), ticks(20)
    journal = LiveJournal(store, MES, feed_info)
    journal.append(day.part(slice(0, 10)))
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda file, data: write(file, data[: len(data) // 2]))
        with pytest.raises(StoreError, match=r"20\.journal: cannot be written: No space left"):
            journal.append(day.part(slice(10, 20)))
    assert store.read("MES", DAY).count == 10
    journal.append(day.part(slice(10, 20)))
    journal.close()
    assert same(joined(store.read("MES", DAY).blocks()), day)
