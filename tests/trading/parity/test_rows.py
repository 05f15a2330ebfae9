"""Stored sessions against their journals, and what people see of a journal."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from engine.commands import Flatten
from tests.trading.days import DAY
from tests.trading.journal.processes import live
from tests.trading.journal.test_recording import store_of
from tests.trading.journal.test_restart import one_day, open_at
from trading.explain.finding import explain
from trading.journal import files
from trading.models import Session, Trade
from trading.parity.rows import differences
from trading.player.loading import day_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _day(data_dir: Path) -> None:
    store_of(DAY)


def told(*words: str) -> str:
    out = StringIO()
    call_command("journal", *words, stdout=out)
    return out.getvalue()


def test_a_day_agrees_with_its_journal_until_a_row_is_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    live(monkeypatch, one_day())
    session = Session.objects.get()
    assert differences(session) == []
    assert "the journal gives what is stored" in told("verify", "paper-MES")
    first, second, *_ = Trade.objects.order_by("ordered_ns")
    Trade.objects.filter(pk=first.pk).update(exit_reason="by hand")
    second.fills.all().delete()
    found = differences(session)
    assert f"trade {first.pk}: exit_reason is {first.exit_reason} again, stored is by hand" in found
    assert sum(line.endswith("happens and is not stored") for line in found) == 2
    with pytest.raises(CommandError, match="3 differences"):
        told("verify", "paper-MES", "--date", f"{DAY}")


def test_a_day_with_a_kill_and_a_command_agrees_and_is_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    killed = open_at(monkeypatch)
    held = killed.pipeline.engine.status().position
    ts = killed.pipeline.engine.status().ts
    assert held is not None
    assert ts is not None
    live(monkeypatch, one_day(), commands=[(1, Flatten(id="x1", ts=ts))])
    session = Session.objects.get()
    assert differences(session) == []
    trade = Trade.objects.get(pk=held.trade_id)
    assert trade.exit_reason == "operator"
    # Nothing in the database tells of this command: the journal does.
    assert explain(trade.pk)["told_from"] == "replay"


def test_a_journal_is_shown_in_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    live(monkeypatch, one_day(), die_at=1)
    assert "NOT over: the next start goes on with it" in told("show", "paper-MES")
    live(monkeypatch, one_day())
    (path,) = files.paths("paper-MES")
    assert told("show", "paper-MES").rstrip().endswith("over")
    shown = told("show", str(path))
    assert "session 1, start 1" in shown or ", start 1, configuration" in shown
    assert "-- restarted" in shown
    assert "-- ended" in shown
    assert " ticks, 0 beats, up to 2024-06-1" in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("show", "nobody"), "nobody: has no journal in"),
        (("show", "missing.jrn"), "cannot be read: No such file"),
        (("verify", "nobody"), "nothing is kept of any day"),
        (("verify", "paper-MES", "--date", "x"), "--date 'x' is no day"),
    ],
)
def test_what_cannot_be_shown_is_said(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        told(*words)


def test_the_page_replays_a_killed_day_from_its_journal(monkeypatch: pytest.MonkeyPatch) -> None:
    killed = open_at(monkeypatch)
    ts = killed.pipeline.engine.status().ts
    assert ts is not None
    live(monkeypatch, one_day(), commands=[(1, Flatten(id="x1", ts=ts))])
    day = day_of(Session.objects.get())
    assert day.differs == ""
    assert len(day.stretches) == 1
    assert day.trades[Trade.objects.earliest("ordered_ns").pk].exit_reason == "operator"
