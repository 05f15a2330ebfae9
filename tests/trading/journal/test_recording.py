"""Every input is in the journal before the engine has it, each trading day in its own file."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.commands import HaltTrading
from engine.config import engine_config
from engine.desk import first_carry
from engine.engine import Engine
from engine.events import DayStarted
from engine.instruments import instrument
from engine.ticks import TickColumns, joined
from marketdata.calendars import schedule
from marketdata.feeds import stored
from marketdata.store import DayInfo, TickStore
from tests.trading.days import DAY, LOSSES, NEXT_DAY, Listener, started, ticks, trade
from trading.errors import JournalError
from trading.journal import files
from trading.journal.beginning import record
from trading.journal.files import Header
from trading.journal.reading import JournalFile
from trading.journal.recording import Recording
from trading.journal.records import Note, Reference
from trading.pipeline.core import Beat, Core, Finish, WarmUp
from trading.pipeline.options import Options, plan
from trading.pipeline.rows import carry_json

RTH = schedule(instrument("MES"), "rth")
CONFIG = engine_config("MES")


@pytest.fixture(autouse=True)
def _folder(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is put on disk but when a test says so."""
    monkeypatch.setattr("marketdata.store.durable.SYNC_EVERY_S", 1e6)


def header(**values: Any) -> Header:
    made: dict[str, Any] = {
        "run": "r1", "part": 0, "account": "paper-MES", "mode": "paper", "simulated": True,
        "symbol": "MES", "contract": "", "day": DAY, "hours": "rth", "session": 1, "start": 1,
        "config": CONFIG.as_dict(), "digest": CONFIG.digest, "rules": CONFIG.rules_digest,
        "carry": carry_json(first_carry(CONFIG)), "feed": {"kind": "store", "symbol": "MES"},
        "source": "memory", "live": False, "speed": "max",
    }  # fmt: skip
    return Header(**made | values)


def recording(**values: Any) -> Recording:
    made = header(**values)
    return Recording(files.create(made), made, RTH, by_reference=True)


def core(inputs: Recording) -> Core:
    return Core(Engine(CONFIG, RTH), inputs=inputs)


def records(path: Path) -> list[Any]:
    return list(JournalFile(path).records())


def test_an_input_is_kept_before_the_engine_has_it() -> None:
    kept = recording()
    seen: list[int] = []
    running = core(kept)
    running.saw = lambda ticks: seen.append(len(JournalFile(kept.path)))
    block = ticks()
    running.act(TickColumns(*(column[:3] for column in block)))
    running.act(Beat(int(block.ts[2]) + 5))
    running.act(TickColumns(*(column[3:5] for column in block)))
    running.act(HaltTrading(id="7", ts=int(block.ts[4]), reason="lunch"))
    running.act(Finish())
    assert seen == [1, 3]
    assert records(kept.path) == [
        Reference(3, int(block.ts[2])),
        Beat(int(block.ts[2]) + 5),
        Reference(2, int(block.ts[4])),
        HaltTrading(id="7", ts=int(block.ts[4]), reason="lunch"),
        Finish(),
    ]
    assert JournalFile(kept.path).header == kept.header


def test_ticks_that_cannot_be_asked_for_again_are_kept_in_full() -> None:
    made = header()
    kept = Recording(files.create(made), made, RTH, by_reference=False)
    running = core(kept)
    block = TickColumns(*(column[:100] for column in ticks()))
    running.act(WarmUp(True))
    running.act(block)
    running.act(stored(block))
    first, raw, reference = records(kept.path)
    assert (first, reference) == (WarmUp(True), Reference(100, int(block.ts[-1])))
    assert [column.tolist() for column in raw] == [column.tolist() for column in block]


def test_a_trading_day_begins_a_new_file_that_can_be_replayed_alone() -> None:
    kept = recording()
    first = kept.path
    running = core(kept)
    both = joined([ticks(DAY), ticks(NEXT_DAY)])
    listener = Listener()
    running.outputs = [listener]
    running.act(both)
    running.act(Finish())
    plain = Engine(CONFIG, RTH)
    assert listener.events == [*plain.push_columns(both), *plain.finish()]

    second = kept.path
    assert [path.name for path in files.paths("paper-MES")] == [
        f"{DAY:%Y%m%d}-1.jrn",
        f"{NEXT_DAY:%Y%m%d}-1.jrn",
    ]
    start = RTH.at(int(ticks(NEXT_DAY).ts[0])).start
    assert records(first) == [
        Reference(len(ticks(DAY).ts), int(ticks(DAY).ts[-1])),
        Beat(start),
        Note("continued", {"day": NEXT_DAY.isoformat()}),
    ]
    assert records(second)[0] == Reference(len(ticks(NEXT_DAY).ts), int(both.ts[-1]))
    begun = JournalFile(second).header
    assert (begun.part, begun.day, begun.open, begun.run) == (1, NEXT_DAY, "", "r1")
    alone = Engine(CONFIG, RTH, carry=carry_of(begun))
    began = next(
        number
        for number, event in enumerate(listener.events)
        if isinstance(event, DayStarted) and event.day == NEXT_DAY
    )
    assert [*alone.push_columns(ticks(NEXT_DAY)), *alone.finish()] == listener.events[began:]


def carry_of(found: Header) -> Any:
    from trading.stored_session import carry_of as carry

    return carry(dict(found.carry))


def test_a_torn_record_at_the_end_is_cut_off() -> None:
    kept = recording()
    running = core(kept)
    running.act(Beat(5))
    running.act(Beat(6))
    whole = kept.path.read_bytes()
    for cut in range(1, 25):
        kept.path.write_bytes(whole[:-cut])
        assert records(kept.path) == [Beat(5)]
        assert JournalFile(kept.path).torn == 25 - cut
    again = Recording(kept.path, kept.header, RTH, by_reference=True)
    again.note("restarted")
    again.close()
    assert records(kept.path) == [Beat(5), Note("restarted", {})]


def test_damage_elsewhere_is_said() -> None:
    kept = recording()
    for ts in (5, 6, 7):
        core(kept).act(Beat(ts))
    content = bytearray(kept.path.read_bytes())
    content[-25 - 3] ^= 1
    kept.path.write_bytes(content)
    with pytest.raises(JournalError, match="25 bytes in the middle are damaged"):
        JournalFile(kept.path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: b"X" + data[1:], "is no input journal"),
        (lambda data: data[:9], "is no input journal"),
        (lambda data: data[:30] + b"!" + data[31:], "its header is damaged"),
    ],
)
def test_another_file_is_refused(change: Any, message: str) -> None:
    path = files.create(header())
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(JournalError, match=message):
        JournalFile(path)


def test_a_format_of_another_version_is_refused() -> None:
    path = files.create(header(format=2))
    with pytest.raises(JournalError, match="is of format 2, and this version reads 1"):
        JournalFile(path)


def test_files_of_one_day_are_numbered_as_they_are_begun() -> None:
    made = [files.create(header()).name for _ in range(11)]
    assert [path.name for path in files.paths("paper-MES")] == made
    assert made[-1] == f"{DAY:%Y%m%d}-11.jrn"
    (files.folder() / "paper-MES" / "notes-x.jrn").write_text("")
    assert files.paths("paper-MES")[0].name == "notes-x.jrn"


class Disk:
    """Both journals, noting in which order they are put on disk."""

    def __init__(self) -> None:
        self.order: list[str] = []

    def named(self, name: str) -> Any:
        disk = self

        class One:
            def sync(self) -> None:
                disk.order.append(name)

        return One()


def test_ticks_are_on_disk_before_what_refers_to_them() -> None:
    disk = Disk()
    running = Core(Engine(CONFIG, RTH), journal=disk.named("ticks"), inputs=disk.named("inputs"))
    running.sync()
    assert disk.order == ["ticks", "inputs"]


def test_what_was_kept_is_on_disk_after_a_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = recording()
    sizes: list[int] = []
    running = core(kept)
    running.act(Beat(5))
    file = kept._file
    monkeypatch.setattr(file, "_to_disk", lambda number: sizes.append(file.written))
    running.sync()
    assert sizes == [kept.path.stat().st_size]


def test_an_input_that_cannot_be_kept_is_not_acted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = recording()
    running = core(kept)
    running.act(Beat(5))
    monkeypatch.setattr("marketdata.store.durable.os.write", lambda file, data: _no_space())
    with pytest.raises(JournalError, match=r"20240612-1.jrn: cannot be written: No space left"):
        running.act(Beat(6))
    assert running.engine.status().ts == 5
    assert records(kept.path) == [Beat(5)]


def _no_space() -> int:
    raise OSError(28, "No space left on device")


# In a session


def store_of(*days: date) -> TickStore:
    from marketdata.store import the_store

    for day in days:
        info = DayInfo(
            symbol="MES", day=day, contract="MESM4", tick=Decimal("0.25"), lot=Decimal(1),
            source="databento history", side="aggressor", synthetic=False,
        )  # fmt: skip
        the_store().write(info, [stored(ticks(day))])
    return the_store()


def stored_plan(**words: Any) -> Any:
    asked = {"feed": "store", "symbol": "MES", "speed": "max", "date": f"{DAY}", **words}
    return plan(Options(settings=LOSSES, **asked))


@pytest.mark.django_db(transaction=True)
def test_a_session_keeps_its_inputs_and_ends_its_journal() -> None:
    store_of(DAY)
    asked = stored_plan()
    market, start = started(asked)
    begun = replace(start, journal=record(asked, market, start))
    run = asyncio.run(trade(asked, market, begun))
    (path,) = files.paths("paper-MES")
    kept = JournalFile(path)
    assert kept.header.session == start.session.pk
    assert kept.header.digest == start.config.digest
    assert kept.header.feed == {"kind": "store", "symbol": "MES", "session": "rth", "warm_until": 0}
    found = list(kept.records())
    assert found[-2:] == [Finish(), Note("ended", {})]
    assert sum(item.count for item in found[:-2]) == run.outcome.engine.ticks


@pytest.mark.django_db(transaction=True)
def test_a_session_ends_in_order_when_its_inputs_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_of(DAY)
    asked = stored_plan()
    market, start = started(asked)
    begun = replace(start, journal=record(asked, market, start))

    written: list[int] = []

    def write(file: int, data: bytes, write: Any = os.write) -> int:
        written.append(len(data))
        return write(file, data) if len(written) < 4 else _no_space()

    monkeypatch.setattr("marketdata.store.durable.os.write", write)
    market = replace(market, blocks=small(market.blocks))
    run = asyncio.run(trade(asked, market, begun))
    assert run.outcome.status == "failed"
    assert "No space left on device" in run.outcome.error
    (path,) = files.paths("paper-MES")
    assert sum(item.count for item in records(path)) == run.outcome.engine.ticks == 3_000


def small(blocks: Any) -> Iterator[TickColumns]:
    for block in blocks:
        for at in range(0, len(block.ts), 1_000):
            yield TickColumns(*(np.ascontiguousarray(c[at : at + 1_000]) for c in block))


@pytest.mark.django_db(transaction=True)
def test_a_session_whose_ticks_cannot_be_had_again_keeps_none() -> None:
    from tests.trading.days import TickFeed, planned

    asked = planned(TickFeed([ticks()]))
    market, start = started(asked)
    assert record(asked, market, start) is None
    assert files.paths("paper-MES") == []
