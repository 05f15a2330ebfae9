"""A journal becomes Parquet: nothing is lost or doubled, wherever it is interrupted."""

from pathlib import Path

import pytest

from marketdata.errors import StoreError
from marketdata.store import TickStore, compacting, parquet
from tests.marketdata.store.days import DAY, info, joined, same, ticks


def recorded(store: TickStore, *, count: int = 700) -> None:
    with store.appender(info()) as appender:
        day = ticks(count)
        for at in range(0, count, 11):
            appender.append(day.part(slice(at, at + 11)))


def test_a_compacted_day_is_the_journal_tick_for_tick(tmp_path: Path) -> None:
    store = TickStore(tmp_path)
    recorded(store)
    assert store.journalled("MES") == [DAY]
    assert store.compact("MES", DAY) == 700
    assert store.journalled("MES") == []
    found = store.read("MES", DAY)
    assert same(joined(found.blocks()), ticks(700))
    assert found.info == info()
    assert [path.name for path in (tmp_path / "MES").iterdir()] == ["2025-11-20.parquet"]


class Killed(BaseException):
    """Ends a compaction where the test wants it."""


@pytest.mark.parametrize("step", ["write", "remove"])
def test_an_interrupted_compaction_loses_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    store = TickStore(tmp_path)
    recorded(store)

    def killed(*_: object, **__: object) -> None:
        raise Killed

    where = parquet if step == "write" else compacting
    with monkeypatch.context() as patch:
        patch.setattr(where, step, killed)
        with pytest.raises(Killed):
            store.compact("MES", DAY)
    assert same(joined(store.read("MES", DAY).blocks()), ticks(700))
    assert store.read("MES", DAY).last == (
        int(ticks(700).ts_event[-1]),
        int(ticks(700).sequence[-1]),
    )
    assert store.compact("MES", DAY) == 700
    assert same(joined(store.read("MES", DAY).blocks()), ticks(700))
    assert store.journalled("MES") == []


def test_a_day_that_is_gone_on_with_after_its_compaction_keeps_both_parts(tmp_path: Path) -> None:
    store, day = TickStore(tmp_path), ticks(900)
    recorded(store)
    store.compact("MES", DAY)
    rest = ticks(300, start=int(day.ts_event[-1]), first=901, seed=2)
    with store.appender(info(source="after a restart")) as appender:
        appender.append(rest)
    assert store.read("MES", DAY).count == 1000
    assert store.compact("MES", DAY) == 1000
    found = store.read("MES", DAY)
    assert same(joined(found.blocks()), joined([ticks(700), rest]))
    assert found.info == info(source="test + after a restart")


def test_what_does_not_read_back_as_recorded_never_replaces_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TickStore(tmp_path)
    recorded(store)
    table = parquet._table
    monkeypatch.setattr(
        parquet,
        "_table",
        lambda group, contract: table(group._replace(size=group.size + 1), contract),
    )
    with pytest.raises(StoreError, match="size is not what was written; the journal is kept"):
        store.compact("MES", DAY)
    assert [path.name for path in (tmp_path / "MES").iterdir()] == ["2025-11-20.journal"]
    assert same(joined(store.read("MES", DAY).blocks()), ticks(700))


def test_a_day_that_is_being_recorded_is_not_compacted_nor_replaced(tmp_path: Path) -> None:
    store = TickStore(tmp_path)
    with store.appender(info()) as appender:
        appender.append(ticks(10))
        with pytest.raises(StoreError, match="recorded by another process"):
            store.compact("MES", DAY)
        with pytest.raises(StoreError, match="recorded by another process"):
            store.write(info(), [ticks(5)], replace=True)
        appender.append(ticks(10))
    assert store.read("MES", DAY).count == 20


def test_a_replaced_day_forgets_its_journal_even_if_that_is_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TickStore(tmp_path)
    recorded(store)
    from marketdata.store import store as folder

    with monkeypatch.context() as patch:
        patch.setattr(folder, "remove", lambda path: None)
        store.write(info(), [ticks(5)], replace=True)
    assert store.journalled("MES") == [DAY]
    assert store.read("MES", DAY).count == 5
    assert store.compact("MES", DAY) == 5


def test_frames_after_a_damaged_one_are_kept_and_the_damaged_journal_too(tmp_path: Path) -> None:
    store = TickStore(tmp_path)
    recorded(store)
    path = store.journal_path("MES", DAY)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert store.read("MES", DAY).count == 689
    assert store.compact("MES", DAY) == 689
    found = store.read("MES", DAY)
    assert found.count == 689
    assert "bytes of its journal were damaged" in found.info.warnings[0]
    assert (tmp_path / "MES" / "2025-11-20.journal.damaged-1").read_bytes() == content
    assert store.days("MES") == [DAY]


def test_an_empty_journal_leaves_no_day(tmp_path: Path) -> None:
    store = TickStore(tmp_path)
    store.appender(info()).close()
    assert store.compact("MES", DAY) == 0
    assert store.days("MES") == []
