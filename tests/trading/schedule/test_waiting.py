"""A process that stays: when it begins at once, when it waits, and what it finds after a kill."""

import asyncio
import threading
from functools import partial
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError
from django.utils import timezone

from tests.trading.days import session_row
from tests.trading.schedule.desk import DAY, SetClock
from trading.commands import request_command
from trading.errors import OptionError, StartError
from trading.models import Account, Command, Job, Preflight, Session, Trade
from trading.pipeline import operator
from trading.pipeline.beside import Before
from trading.pipeline.ending import cancel
from trading.pipeline.idle import Idle
from trading.pipeline.operator import Lookout, claim
from trading.pipeline.options import Options, Plan, plan
from trading.pipeline.start import with_tiers
from trading.pipeline.waiting import stand_by, why_wait
from trading.schedule import runs

SIMULATED = {"feed": "simulator", "symbol": "MES", "account": "paper-MES"}


def planned(**words: Any) -> Plan:
    return plan(Options(**{**SIMULATED, **words}), own=True)


def stopped(session: Session, **values: Any) -> None:
    row = Command.objects.create(account=session.account, kind="stop", session=session)
    given = {"status": "done", "executed_at": timezone.now(), **values}
    Command.objects.filter(pk=row.pk).update(**given)


def trade_of(session: Session) -> None:
    Trade.objects.create(
        id="t", account=session.account, session=session, instrument_id="MES", day=DAY,
        status="open", direction=1, size=1, ordered_ns=1,
    )  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("2024-06-12 09:29", "the session begins at 2024-06-12 09:30 New York"),
        ("2024-06-12 09:30", ""),
        ("2024-06-12 15:44", ""),
        ("2024-06-12 15:45", "no session of 2024-06-12 can be begun any more"),
        ("2024-06-12 17:00", "the session begins at 2024-06-13 09:30 New York"),
        ("2024-06-15 12:00", "the session begins at 2024-06-17 09:30 New York"),
        ("2024-11-29 12:59", ""),
        ("2024-11-29 13:00", "no session of 2024-11-29 can be begun any more"),
        ("2023-04-07 10:00", "no session of 2023-04-07 can be begun any more"),
    ],
)
def test_between_the_start_and_the_last_entry_it_begins(
    clock: SetClock, at: str, words: str
) -> None:
    clock.set(at)
    assert why_wait(planned()) == words


@pytest.mark.django_db
def test_the_start_is_the_schedules_and_without_one_the_days_run_is_gone_on_with(
    clock: SetClock,
) -> None:
    runs.jobs()
    Job.objects.filter(name="start").update(at="10:00")
    clock.set("2024-06-12 09:45")
    assert "begins at 2024-06-12 10:00" in why_wait(planned())
    Job.objects.filter(name="start").update(enabled=False)
    assert "can be begun" in why_wait(planned())
    session_row(status="stopped")
    assert why_wait(planned()) == ""


@pytest.mark.django_db
def test_a_market_around_the_clock_begins_whenever_it_is_open(clock: SetClock) -> None:
    clock.set("2024-06-12 17:30")
    assert "begins at 2024-06-12 18:00" in why_wait(planned(session="all"))
    clock.set("2024-06-13 03:00")
    assert why_wait(planned(session="all")) == ""


@pytest.mark.django_db
def test_a_market_with_a_time_of_its_own_never_waits(clock: SetClock) -> None:
    clock.set("2024-06-15 12:00")
    assert why_wait(planned(speed="10")) == why_wait(planned(speed="max")) == ""


@pytest.mark.django_db
def test_what_is_open_is_gone_on_with_at_any_time(clock: SetClock) -> None:
    clock.set("2024-06-12 20:00")
    session = session_row()
    trade_of(session)
    assert why_wait(planned()) == ""


@pytest.mark.django_db
def test_a_session_that_a_person_stopped_stays_so_until_somebody_starts_it(
    clock: SetClock,
) -> None:
    clock.set("2024-06-12 11:00")
    session = session_row(status="stopped")
    assert why_wait(planned()) == ""
    stopped(session)
    assert why_wait(planned()) == "the session of 2024-06-12 was stopped by a command"
    clock.set("2024-06-13 11:00")
    assert why_wait(planned()) == ""


@pytest.mark.django_db
def test_a_disabled_account_waits(clock: SetClock) -> None:
    clock.set("2024-06-12 11:00")
    session = session_row()
    Account.objects.update(enabled=False)
    assert why_wait(planned()) == "account paper-MES is disabled"
    trade_of(session)
    assert why_wait(planned()) == "account paper-MES is disabled", "its start would be refused"
    assert stand_by(planned()) == session.account


@pytest.mark.django_db
def test_real_money_begins_only_confirmed_and_looked_at(clock: SetClock, settings: Any) -> None:
    clock.set("2024-06-12 11:00")
    settings.RITHMIC_ACCOUNT, settings.RITHMIC_URL = "S-1", "wss://rituz.example.com:443"
    live = planned(mode="live", feed="databento", account="live-MES")
    assert why_wait(live) == "it trades Rithmic account S-1, and CONFIRM_LIVE does not name it"
    settings.CONFIRM_LIVE = "S-1"
    assert why_wait(live).startswith("no preflight of live-MES for 2024-06-12")
    Preflight.objects.create(
        account="live-MES", mode="live", broker="rithmic", broker_account="S-1",
        instrument_id="MES", day=DAY, rules_digest=with_tiers(live).rules_digest, passed=True,
        actor="test",
    )  # fmt: skip
    assert why_wait(live) == ""
    with pytest.raises(StartError, match="first start of a live account is a person's"):
        stand_by(live)
    Account.objects.create(
        name="live-MES", mode="live", broker="rithmic", broker_account="S-2", balance=1, peak=1
    )
    with pytest.raises(StartError, match="S-2"):
        stand_by(live)


@pytest.mark.django_db
def test_who_waits_settles_what_a_dead_process_left(clock: SetClock, data_dir: Any) -> None:
    session = session_row(status="running")
    asked = Command.objects.create(account=session.account, kind="start", status="executing")
    halt = Command.objects.create(account=session.account, kind="halt", status="executing")
    assert stand_by(planned()) == session.account
    for row in (session, asked, halt):
        row.refresh_from_db()
    assert (session.status, asked.status, halt.status) == ("stopped", "unknown", "pending")


# Before the first session


@pytest.mark.django_db(transaction=True)
def test_commands_are_heard_before_the_first_session(data_dir: Any) -> None:
    account = stand_by(planned())
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append((message["kind"], message["status"], message["result"]))

    async def wait() -> Any:
        prepared = object()
        idle = Idle(Before(account, None, send, None), lambda outcome, command: prepared)  # type: ignore[arg-type,return-value]
        stop = asyncio.Event()
        waiting = asyncio.create_task(idle.wait(stop))
        for kind in ("halt", "flatten", "stop", "resume"):
            row = await database_sync_to_async(partial(request_command, account, kind))()
            async with asyncio.timeout(20):
                while row.status in ("pending", "executing"):
                    await asyncio.sleep(0.02)
                    await database_sync_to_async(row.refresh_from_db)()
        stop.set()
        await waiting

    asyncio.run(wait())
    answers = {kind: (status, result) for kind, status, result in told}
    assert answers == {
        "halt": ("done", "halted: no session is running; the next begins halted"),
        "flatten": ("refused", "nothing is open: no session is running"),
        "stop": ("refused", "nothing to stop: no session is running"),
        "resume": ("done", "lifted operator"),
    }


@pytest.mark.django_db(transaction=True)
def test_who_ends_while_it_takes_commands_leaves_them_to_who_looks_next(
    data_dir: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = stand_by(planned())
    request_command(account, "kill")
    taken, go_on = threading.Event(), threading.Event()

    def slow(*given: Any) -> list[Command]:
        rows = claim(*given)
        taken.set()
        go_on.wait(20)
        return rows

    monkeypatch.setattr(operator, "claim", slow)

    async def end() -> None:
        lookout = Lookout(account.pk, None, lambda row: None)  # type: ignore[arg-type]
        looking = asyncio.create_task(lookout.run())
        await asyncio.to_thread(taken.wait, 20)
        ending = asyncio.create_task(cancel(looking))
        await asyncio.sleep(0)
        go_on.set()
        await ending

    asyncio.run(end())
    assert Command.objects.get().status == "pending"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("failing", ["it fails", "it is cancelled"])
def test_what_was_taken_and_cannot_be_handed_on_is_left_to_who_looks_next(
    data_dir: Any, failing: str
) -> None:
    account = stand_by(planned())
    for kind in ("halt", "kill", "flatten"):
        request_command(account, kind)

    async def hand_on(row: Command) -> None:
        if failing == "it fails":
            raise OSError
        await asyncio.Event().wait()

    async def look() -> None:
        looking = asyncio.create_task(Lookout(account.pk, hand_on, lambda row: None).look())
        await asyncio.wait([looking], timeout=1.0)
        await cancel(looking)

    asyncio.run(look())
    states = dict(Command.objects.values_list("kind", "status"))
    assert states == {"halt": "executing", "kill": "pending", "flatten": "pending"}


@pytest.mark.django_db(transaction=True)
def test_a_kill_before_the_first_session_is_answered_when_the_broker_cannot_be_had(
    data_dir: Any,
) -> None:
    account = stand_by(planned())

    async def send(message: Any) -> None: ...

    def connect() -> Any:
        raise OptionError("RITHMIC_USER is not set")

    async def close() -> str:
        return await Before(account, None, send, connect).close("ops", "now")

    told = "not closed at the broker: RITHMIC_USER is not set; close it there"
    assert asyncio.run(close()) == told
    account.refresh_from_db()
    assert account.halts == ["kill"]


@pytest.mark.django_db(transaction=True)
def test_a_kill_switch_between_sessions_closes_without_a_database(
    data_dir: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, closed = stand_by(planned()), []

    def away(*given: Any) -> None:
        raise OperationalError("the database is away")

    async def close(actor: str, reason: str) -> str:
        closed.append((actor, reason))
        return ""

    monkeypatch.setattr("trading.pipeline.idle.hold_killed", away)

    async def kill() -> Any:
        beside = Before(account, None, None, None)  # type: ignore[arg-type]
        monkeypatch.setattr(beside, "close", close)
        idle, stop = Idle(beside, None), asyncio.Event()  # type: ignore[arg-type]
        waiting = asyncio.create_task(idle.wait(stop))
        assert idle.kill()
        stop.set()
        return await waiting

    assert asyncio.run(kill()) is None
    assert closed == [("signal", "SIGUSR1")]
