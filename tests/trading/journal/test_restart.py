"""A process that is killed at any moment goes on where it was, and the day is as if it had not."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.commands import HaltTrading, ResumeTrading
from engine.config import EngineConfig
from engine.engine import Engine
from engine.events import TradeClosed
from marketdata.feeds import split
from tests.trading.days import DAY, LOSSES, NEXT_DAY, ticks
from tests.trading.journal.processes import live
from tests.trading.journal.rows import forget, stored_rows
from tests.trading.journal.test_recording import store_of
from trading.journal import files
from trading.journal.reading import JournalFile
from trading.models import Account, AuditEvent, Command, Session, Trade
from trading.pipeline.options import Options, plan
from trading.pipeline.run import prepare
from trading.pipeline.start import stored_tiers
from trading.pipeline.waiting import stand_by, why_wait

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _small_pieces(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trading.pipeline.stream.SLICE_TICKS", 3_000)


def two_days(**words: Any) -> Any:
    asked = {"feed": "store", "symbol": "MES", "speed": "max", "date": f"{DAY}", **words}
    asked = {"to": f"{NEXT_DAY}", "settings": LOSSES, **asked}
    return plan(Options(**asked))


@pytest.fixture
def undisturbed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same days without a kill: what was said, and the rows."""
    store_of(DAY, NEXT_DAY)
    life = live(monkeypatch, two_days())
    rows = stored_rows()
    forget()
    Account.objects.all().delete()
    for path in files.paths("paper-MES"):
        path.unlink()
    return life, rows


@pytest.mark.parametrize("kept_last", [True, False])
@pytest.mark.parametrize("flushes", [True, False])
def test_killed_again_and_again_it_says_and_stores_what_it_would_have(
    monkeypatch: pytest.MonkeyPatch, undisturbed: Any, kept_last: bool, flushes: bool
) -> None:
    whole, rows = undisturbed
    assert len([event for event in whole.events if isinstance(event, TradeClosed)]) > 4
    deaths = 0
    while True:
        monkeypatch.setattr("trading.pipeline.stream.SLICE_TICKS", 2_000 + 700 * deaths)
        life = live(monkeypatch, two_days(), die_at=3, kept_last=kept_last, flushes=flushes)
        if life.outcome is not None:
            break
        deaths += 1
    assert deaths >= 4
    assert life.outcome.status == "ended"
    assert whole.events[-len(life.events) :] == life.events
    assert stored_rows() == rows


def one_day(**words: Any) -> Any:
    return two_days(to=f"{DAY}", **words)


def open_at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A process that is killed while it holds a position."""
    monkeypatch.setattr("trading.pipeline.stream.SLICE_TICKS", 500)
    wanted = one_day()
    engine = Engine(with_tiers(wanted.config), wanted.schedule)
    for number, block in enumerate(split(ticks(), 500)):
        engine.push_columns(block)
        if engine.status().position is not None:
            life = live(monkeypatch, wanted, die_at=number + 1)
            assert life.pipeline.engine.status().position is not None
            return life
    raise AssertionError("the day is to have a position at the end of some piece")


def with_tiers(config: EngineConfig) -> EngineConfig:
    """As the account has it."""
    return replace(config, risk=replace(config.risk, tiers=stored_tiers("index")))


def test_a_position_of_a_killed_process_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    store_of(DAY)
    killed = open_at(monkeypatch)
    held = killed.pipeline.engine.status().position
    life = live(monkeypatch, one_day())
    assert life.outcome is not None
    assert held is not None
    trade = Trade.objects.get(pk=held.trade_id)
    assert (trade.status, trade.entry_ns) == ("closed", held.entry_ts)
    assert Session.objects.get().starts == 1
    assert not AuditEvent.objects.filter(kind="trade_abandoned").exists()
    resumed = AuditEvent.objects.get(kind="restarted").payload
    assert resumed["ticks"] == killed.pipeline.engine.status().ticks + 500  # the last was kept
    assert resumed["differs"] == []
    said = [m for frame in life.sent for m in frame.get("notices", ()) if m["kind"] == "restarted"]
    assert "ticks again" in said[0]["text"]


def test_what_only_the_journal_knows_to_be_open_is_gone_on_with_at_any_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_of(DAY)
    open_at(monkeypatch)
    assert not Trade.objects.exists(), "it was killed before they were stored"
    monkeypatch.setattr("trading.pipeline.waiting.on_clock", lambda plan: True)
    monkeypatch.setattr("trading.pipeline.waiting._stopped", lambda account, day: "stopped")
    assert why_wait(one_day()) == ""
    for path in files.paths("paper-MES"):
        path.write_bytes(b"not a journal\n")
    assert why_wait(one_day()) == "stopped"
    assert stand_by(one_day()).name == "paper-MES", "who starts is told what is wrong"


def test_other_settings_wait_until_nothing_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    store_of(DAY)
    killed = open_at(monkeypatch)
    digest = killed.pipeline.writer.recorder.session.config_digest
    life = live(monkeypatch, one_day(settings=LOSSES | {"risk.stop_ticks": "7"}))
    assert life.outcome is not None
    session = Session.objects.get()
    assert (session.starts, session.config_digest) == (1, digest)
    (told,) = AuditEvent.objects.get(kind="restarted").payload["differs"]
    assert told.startswith("the configuration is ")


def test_other_settings_begin_a_new_run_when_nothing_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_of(DAY)
    killed = live(monkeypatch, one_day(), die_at=1)
    assert killed.pipeline.engine.status().position is None
    life = live(monkeypatch, one_day(settings=LOSSES | {"risk.stop_ticks": "7"}))
    assert life.outcome is not None
    session = Session.objects.get()
    assert session.starts == 2
    assert life.outcome.engine.ticks == len(ticks().ts)
    first, second = (JournalFile(path) for path in files.paths("paper-MES"))
    assert list(first.records())[-1].kind == "closed"
    assert first.header.run != second.header.run
    closed = AuditEvent.objects.get(kind="closed").payload
    assert closed["reason"].startswith("the configuration is ")


def test_a_position_on_another_market_is_abandoned(monkeypatch: pytest.MonkeyPatch) -> None:
    store_of(DAY, NEXT_DAY)
    killed = open_at(monkeypatch)
    held = killed.pipeline.engine.status().position
    assert held is not None
    live(monkeypatch, two_days(date=f"{NEXT_DAY}"))
    assert Trade.objects.get(pk=held.trade_id).status == "abandoned"
    assert AuditEvent.objects.filter(kind="closed").count() == 1


def test_after_an_end_in_order_the_recording_is_played_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store_of(DAY)
    live(monkeypatch, one_day())
    again = live(monkeypatch, one_day())
    assert again.outcome is not None
    assert again.outcome.engine.ticks == len(ticks().ts)
    assert Session.objects.get().starts == 2


def test_killed_after_its_end_was_kept_a_run_is_over_and_its_rows_whole(
    monkeypatch: pytest.MonkeyPatch, undisturbed: Any
) -> None:
    _, rows = undisturbed
    live(monkeypatch, two_days(), at_end=True)
    assert not Trade.objects.exists()
    live(monkeypatch, two_days(), die_at=0)
    again = stored_rows()
    for name in ("Trade", "Order", "Fill", "Signal", "Bar", "Account"):
        assert again[name] == rows[name]


def test_what_was_told_is_answered_after_the_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    store_of(DAY)
    ts = int(ticks().ts[2_999])
    told = [HaltTrading(id="901", ts=ts), ResumeTrading(id="902", ts=ts)]
    killed = live(monkeypatch, one_day(), die_at=2, commands=[(1, each) for each in told])
    account = killed.pipeline.writer.recorder.session.account
    kinds = {901: "halt", 902: "resume", 903: "flatten", 904: "stop"}
    rows = [  # the engine had the first two
        Command.objects.create(pk=number, account=account, kind=kind, status="executing")
        for number, kind in kinds.items()
    ]
    _, start = prepare(one_day())
    assert start.journal is not None
    start.journal.close()
    assert statuses(rows) == ["executing", "executing", "pending", "unknown"]
    live(monkeypatch, one_day())
    assert statuses(rows)[:2] == ["done", "done"]
    assert rows[0].result


def statuses(rows: list[Command]) -> list[str]:
    for row in rows:
        row.refresh_from_db()
    return [row.status for row in rows]
