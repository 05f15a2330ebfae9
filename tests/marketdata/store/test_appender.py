"""The journal of the day that is being recorded."""

from pathlib import Path

import pytest

from marketdata.errors import StoreError
from marketdata.store import TickStore
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
