"""Stored sessions against the backtest of the ticks that they recorded."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.core.management import CommandError, call_command

from engine.commands import Flatten, HaltTrading, ResumeTrading
from engine.engine import Engine
from engine.events import Halted
from engine.instruments import instrument
from engine.names import Halt
from tests.trading.days import DAY, LOSSES, NEXT_DAY
from tests.trading.journal.processes import live
from tests.trading.journal.test_recording import store_of
from tests.trading.journal.test_restart import one_day, open_at, two_days
from tests.trading.live_run import LiveRun
from trading.commands import request_command
from trading.journal.runs import kept_runs
from trading.journal.sources import days_of
from trading.models import AuditEvent, Session, Trade
from trading.parity.backtest import as_backtested, as_traded, compare
from trading.parity.fills import Pair, pairs
from trading.parity.report import lines, parity, parity_of
from trading.parity.said import Said

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def market(data_dir: Path) -> None:
    store_of(DAY)


def both(session: Session) -> tuple[Any, Said, Said]:
    (run,) = kept_runs(session)
    day = days_of(run.header).day(session.day)
    assert day is not None
    return run, as_traded(run, day), as_backtested(run, day)


def told(*words: str) -> str:
    out = StringIO()
    call_command("parity", *words, stdout=out)
    return out.getvalue()


def test_a_day_on_paper_is_its_backtest(market: None, monkeypatch: pytest.MonkeyPatch) -> None:
    live(monkeypatch, one_day())
    session = Session.objects.get()
    (found,) = parity_of(session.day)
    assert found.agrees
    assert (found.compared.defects, found.compared.cause, found.compared.followed) == ((), None, ())
    assert found.trades == Trade.objects.filter(status="closed").count() > 3
    assert found.signals == session.signals.count()
    assert found.net == found.backtest_net
    event = AuditEvent.objects.get(kind="parity")
    assert event.payload["agrees"] is True
    assert "the same in the backtest" in told("--date", f"{DAY}")
    assert "the same in the backtest" in told()


def test_a_day_with_a_kill_and_commands_is_its_backtest(
    market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = open_at(monkeypatch)
    ts = killed.pipeline.engine.status().ts
    assert ts is not None
    said = [
        (1, Flatten(id="x1", ts=ts)),
        (1, HaltTrading(id="x2", ts=ts)),
        (2, ResumeTrading(id="x3", ts=ts)),
    ]
    live(monkeypatch, one_day(), commands=said)
    found = parity(Session.objects.get())
    assert found.agrees
    assert Trade.objects.filter(exit_reason="operator").count() == 1


def test_each_day_of_a_run_is_compared(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store_of(DAY, NEXT_DAY)
    live(monkeypatch, two_days())
    found = [parity(each) for each in Session.objects.order_by("day")]
    assert [line for each in found if not each.agrees for line in lines(each)] == []
    assert all(each.trades > 1 for each in found)


def test_what_differs_is_told_and_fails(market: None, monkeypatch: pytest.MonkeyPatch) -> None:
    live(monkeypatch, one_day())
    session = Session.objects.get()
    _, traded, backtest = both(session)
    assert compare(traded, backtest, simulated=True).defects == ()

    name = next(iter(traded.signals))
    other = Said(**{**vars(traded), "signals": dict(traded.signals)})
    other.signals[name] = replace(other.signals[name], strength=0.123)
    (defect,) = compare(other, backtest, simulated=True).defects
    assert f"signal {name}" in str(defect)
    assert "0.123" in str(defect)

    entered = next(k for k, each in enumerate(traded.decisions) if each.action == "enter")
    other = Said(**{**vars(traded), "decisions": traded.decisions[:entered]})
    defects = compare(other, backtest, simulated=False).defects
    assert [each.session for each in defects] == ["none"] * (len(traded.decisions) - entered)

    other = Said(**{**vars(traded), "trades": {}})
    assert len(compare(other, backtest, simulated=True).defects) == len(traded.trades)


def test_a_broken_engine_is_found_by_the_command(
    market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(monkeypatch, one_day())
    monkeypatch.setattr(
        "trading.parity.backtest.Engine",
        lambda config, *rest, **more: Engine(
            config.override({"risk.target_ticks": "23"}), *rest, **more
        ),
    )
    with pytest.raises(SystemExit):
        told("--date", f"{DAY}")
    event = AuditEvent.objects.get(kind="parity_failed")
    assert event.payload["defects"]


def test_a_brokers_fills_explain_what_follows_and_nothing_before(
    market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(monkeypatch, one_day())
    _, traded, backtest = both(Session.objects.get())
    second = next(k for k, fill in enumerate(traded.fills) if fill.role == "exit" or k == 1)
    worse = replace(traded.fills[second].fill, price=traded.fills[second].fill.price - 1)
    fills = [*traded.fills]
    fills[second] = replace(fills[second], fill=worse)
    cause = fills[second].ts
    missing = [each for each in traded.decisions if each.ts <= cause]
    assert 0 < len(missing) < len(traded.decisions)
    other = Said(**{**vars(traded), "fills": fills, "decisions": missing})
    found = compare(other, backtest, simulated=False)
    assert found.defects == ()
    assert found.cause is not None
    assert found.cause.ts == cause
    assert len(found.followed) == len(traded.decisions) - len(missing)

    earlier = Said(**{**vars(other), "decisions": missing[1:]})
    (defect,) = compare(earlier, backtest, simulated=False).defects
    assert defect.ts == missing[0].ts

    halt = Halted(ts=missing[0].ts - 1, halt=Halt.DIFFERENCE, reason="a position elsewhere")
    halted = Said(**{**vars(earlier), "changes": [halt, *traded.changes]})
    found = compare(halted, backtest, simulated=False)
    assert found.defects == ()
    assert found.cause is not None
    assert "halted" in found.cause.session


def test_a_simulated_trade_simulated_again_is_the_same(
    market: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    moving = {"break_even_after_ticks": "6", "trail_ticks": "9", "time_stop_s": "900"}
    live(
        monkeypatch,
        one_day(settings=LOSSES | {f"risk.{name}": text for name, text in moving.items()}),
    )
    run, traded, _ = both(Session.objects.get())
    found = pairs(run, traded)
    assert len({each.trade.exit_reason for each in found}) > 1
    assert [each.simulated for each in found] == [*traded.trades.values()]
    assert {(each.entry, each.exit, each.cost) for each in found} == {(0, 0, 0)}
    assert all(each.delay == each.simulated_delay > 0 for each in found)

    trade = found[0].trade
    worse = replace(
        trade,
        entry_notional=trade.entry_notional + trade.direction * trade.size,
        exit_notional=trade.exit_notional - 2 * trade.direction * trade.size,
    )
    pair = Pair(trade=worse, simulated=trade, delay=1, simulated_delay=1)
    assert (pair.entry, pair.exit) == (1, 2)
    assert pair.cost == 3 * trade.size * instrument(trade.symbol).tick_units


def test_a_live_day_is_set_against_the_simulation(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = LiveRun(monkeypatch)

    async def script(run: LiveRun) -> None:
        await run.opened()
        account = run.pipeline.writer.recorder.session.account
        await database_sync_to_async(request_command)(account, "flatten", reason="told so")
        await run.until(lambda: run.status.position is None)
        run.more()

    run.go(script)
    session = Session.objects.get()
    found = parity(session)
    assert found.agrees, lines(found)
    assert not found.simulated
    assert found.compared.cause is not None
    (path,) = [data_dir / "out.json"]
    told("--date", f"{session.day}", "--json", str(path))
    (content,) = json.loads(path.read_text())
    assert content["cause"]["what"].startswith("fill of")
    assert content["trades"] == found.trades == 1


def test_what_cannot_be_compared_says_why(
    market: None, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(CommandError, match="no session is stored"):
        told()
    live(monkeypatch, one_day())
    with pytest.raises(CommandError, match="no session of any account is stored for 2020-01-02"):
        told("--date", "2020-01-02")
    with pytest.raises(CommandError, match="write it like"):
        told("--date", "yesterday")
    for path in (data_dir / "journal").rglob("*.jrn"):
        path.unlink()
    found = parity(Session.objects.get())
    assert not found.agrees
    assert "no journal is kept" in found.error
    with pytest.raises(SystemExit):
        told()
