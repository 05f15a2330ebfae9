"""The journal of the day that is being recorded."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketdata.errors import StoreError
from marketdata.store import TickStore, journal
from marketdata.store.day import StoredDay
from tests.marketdata.store.days import DAY, info, joined, same, ticks


def test_a_day_is_read_while_it_is_recorded_and_after_a_restart(tmp_path: Path) -> None:
    store, day = TickStore(tmp_path), ticks(900)
    with store.appender(info()) as appender:
        assert appender.last is None
        for at in range(0, 500, 3):
            appender.append(day.part(slice(at, min(at + 3, 500))))
        appender.sync()
        found = store.read("MES", DAY)
        assert (found.count, found.info) == (500, info())
        assert same(joined(found.blocks(64)), day.part(slice(500)))
    with store.appender(info()) as appender:
        assert appender.last == (int(day.ts_event[499]), int(day.sequence[499]))
        appender.append(day.part(slice(500, None)))
        appender.sync()
    assert same(joined(store.read("MES", DAY).blocks()), day)


def test_a_second_recording_of_a_day_is_refused(tmp_path: Path) -> None:
    store = TickStore(tmp_path)
    with store.appender(info()), pytest.raises(StoreError, match="recorded by another process"):
        store.appender(info())
    store.appender(info()).close()


def test_a_day_goes_on_with_its_own_contract_only(tmp_path: Path) -> None:
    store = TickStore(tmp_path)
    store.appender(info()).close()
    with pytest.raises(StoreError, match="begun with contract MESZ5 and cannot go on with MESH6"):
        store.appender(info(contract="MESH6"))


def test_every_torn_tail_is_cut_off(tmp_path: Path) -> None:
    store, day = TickStore(tmp_path), ticks(6)
    with store.appender(info()) as appender:
        appender.append(day.part(slice(0, 4)))
        whole = store.journal_path("MES", DAY).stat().st_size
        appender.append(day.part(slice(4, 6)))
    path = store.journal_path("MES", DAY)
    content = path.read_bytes()
    for size in range(whole, len(content)):
        path.write_bytes(content[:size])
        assert store.read("MES", DAY).count == 4
        with store.appender(info()) as appender:
            assert appender.last == (int(day.ts_event[3]), int(day.sequence[3]))
            appender.append(day.part(slice(4, 6)))
        assert path.read_bytes() == content


@settings(max_examples=60)
@given(at=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), cut=st.floats(0, 1))
def test_a_damaged_journal_loses_the_frame_that_is_damaged_and_changes_no_other(
    tmp_path_factory: pytest.TempPathFactory, at: float, bit: int, cut: float
) -> None:
    path, day = tmp_path_factory.mktemp("ticks") / "2025-11-20.journal", ticks(60)
    journal.create(path, info())
    header = path.stat().st_size
    frames = [day.part(slice(start, start + 6)) for start in range(0, 60, 6)]
    content = bytearray(path.read_bytes() + b"".join(map(journal.encode, frames)))
    size = (len(content) - header) // 10
    where = header + int(at * (len(content) - header))
    content[where] ^= 1 << bit
    end = header + int(cut * (len(content) - header))
    path.write_bytes(content[:end])
    kept = [
        frame
        for number, frame in enumerate(frames)
        if number != (where - header) // size and header + (number + 1) * size <= end
    ]
    found = journal.JournalFile(path)
    assert found.count == 6 * len(kept)
    if kept:
        assert same(joined(found.blocks(1000)), joined(kept))
        assert same(joined(found.blocks(1000, skip=5)), joined(kept).part(slice(5, None)))


def test_a_journal_that_goes_while_its_day_is_opened_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TickStore(tmp_path)
    with store.appender(info()) as appender:
        appender.append(ticks(9))
    exists = Path.exists

    def compacted_after(path: Path) -> bool:
        there = exists(path)
        if path.suffix == ".journal" and there:
            monkeypatch.undo()
            store.compact("MES", DAY)
        return there

    monkeypatch.setattr(Path, "exists", compacted_after)
    assert StoredDay(store.path("MES", DAY), store.journal_path("MES", DAY)).count == 9
