"""Which starts of a session a replay plays, and what it takes of each."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine import commands
from engine.events import PositionOpened
from marketdata.feeds.files.parquet import write_ticks
from tests.trading.days import LOSSES, NEXT_DAY, Run, TickFeed, started, ticks, trade
from trading.errors import ReplayError
from trading.models import AuditEvent, Session, Tier, Trade
from trading.pipeline.core import Core
from trading.pipeline.options import Options, Plan, plan
from trading.player.day import Day
from trading.player.loading import load
from trading.player.runs import runs_of, why_not

pytestmark = pytest.mark.django_db(transaction=True)

NO_LIMITS = dict.fromkeys(("risk.profit_target", "risk.loss_limit", "risk.max_drawdown"), "100000")


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "mes.parquet"
    write_ticks(path, "MES", ticks(), synthetic=True)
    return path


def planned(path: Path, settings: dict[str, str] | None = None) -> Plan:
    asked = LOSSES | (settings or {})
    return plan(Options(feed=f"file:{path}", symbol="MES", speed="max", settings=asked))


def played(plan_: Plan, *outputs: Any) -> Run:
    market, start = started(plan_)
    return asyncio.run(trade(plan_, market, start, *outputs))


def closed(session: Session) -> list[str]:
    rows = session.trades.filter(status="closed").order_by("ordered_ns")
    return list(rows.values_list("pk", flat=True))


def replayed(day: Day) -> list[str]:
    return [mark.id for mark in day.marks if mark.kind == "trade"]


def test_a_recording_that_was_played_again_is_told_by_its_last_run(recording: Path) -> None:
    Tier.objects.update(loss_limit=100_000)
    played(planned(recording, NO_LIMITS))
    first = len(Trade.objects.filter(status="closed"))
    played(planned(recording, NO_LIMITS | {"risk.stop_ticks": "12"}))
    session = Session.objects.get()
    (run,) = runs_of(session)
    assert run.carry.sequence == first > 0
    day = load(session.pk)
    assert day.differs == ""
    assert replayed(day) == sorted(closed(session))[first:]


def test_a_day_that_a_running_pipeline_came_to_is_replayed_from_its_carry(
    recording: Path,
) -> None:
    played(replace(planned(recording), feed=TickFeed([ticks(), ticks(NEXT_DAY)])))
    write_ticks(recording, "MES", ticks(NEXT_DAY), synthetic=True)
    later = Session.objects.get(day=NEXT_DAY)
    assert closed(later)
    day = load(later.pk)
    assert (day.differs, replayed(day)) == ("", closed(later))


class Flattens:
    """An output that flattens a moment after each position was opened."""

    core: Core

    def take(self, events: Any, status: object) -> None:
        for event in events:
            if isinstance(event, PositionOpened):
                asyncio.get_running_loop().call_soon(self.flatten, event.trade_id)

    def flatten(self, name: str) -> None:
        ts = self.core.engine.status().ts
        assert ts is not None
        self.core.act(commands.Flatten(id=name, ts=ts))


def test_what_a_person_did_happens_again(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flattens, made = Flattens(), replace(planned(recording), feed=TickFeed([ticks()], size=20))
    begin = Core.__init__

    def known(core: Core, *words: Any, **named: Any) -> None:
        begin(core, *words, **named)
        flattens.core = core

    monkeypatch.setattr(Core, "__init__", known)
    played(made, flattens)
    session = Session.objects.get()
    reasons = set(session.trades.values_list("exit_reason", flat=True))
    assert "operator" in reasons
    day = load(session.pk)
    assert (day.differs, replayed(day)) == ("", closed(session))


def test_a_session_whose_process_died_is_replayed_as_far_as_it_came(recording: Path) -> None:
    played(planned(recording))
    session = Session.objects.get()
    last = Trade.objects.filter(status="closed").order_by("exit_ns").last()
    assert last is not None
    assert last.entry_ns is not None
    AuditEvent.objects.filter(kind="ended").delete()
    Trade.objects.filter(pk=last.pk).update(status="abandoned", exit_ns=None, net=None)
    Session.objects.update(status="stopped", last_tick_ns=last.entry_ns + 1)
    day = load(session.pk)
    assert day.last.ts == last.entry_ns + 1
    assert day.differs == ""
    assert replayed(day)[-1] == last.pk
    assert next(mark.ends for mark in day.marks if mark.id == last.pk) is None


def test_what_is_not_stored_is_named(recording: Path) -> None:
    played(planned(recording))
    session = Session.objects.get()
    assert why_not(session) == ""
    session.last_tick_ns = 0
    assert why_not(session) == "It has seen no tick yet."
    session.refresh_from_db()
    AuditEvent.objects.filter(kind="started").delete()
    session.feed = {}
    assert why_not(session) == "It does not say where its ticks came from."
    Session.objects.update(config={"bars": {"seconds": "soon"}}, started_at=session.updated_at)
    with pytest.raises(ReplayError, match="Its configuration cannot be read"):
        load(session.pk)
