"""What the jobs do, each against rows and a process that answers as a pipeline does."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session as WebSession
from django.db import connection
from django.utils import timezone

from tests.trading.days import session_row
from tests.trading.schedule.desk import DAY, SetClock
from trading import standing
from trading.models import (
    Account,
    AuditEvent,
    Command,
    Delivery,
    Heartbeat,
    JobRun,
    Notice,
    OneTimeLogin,
    Preflight,
    Session,
    Trade,
)
from trading.pipeline.options import Options, plan
from trading.schedule.jobs import (
    asking,
    cleanup,
    digest,
    flatten,
    parity,
    preflight,
    recap,
    roll,
    start,
)
from trading.schedule.work import JobError, Turn

TURN = Turn(job="job", day=DAY, key="key-1")
LIVE = {"kind": "store", "session": "rth"}
Answer = Callable[[Command], None]


def stand_by(account: str = "paper-MES", **words: Any) -> None:
    told = Options(account=account, **words)
    standing.began(plan(told, own=True), told)


def running(account: str = "paper-MES", **values: Any) -> Session:
    return session_row(account, day=DAY, status="running", feed=LIVE, **values)


def open_trade(session: Session) -> Trade:
    return Trade.objects.create(
        id=f"{session.account.name}-20240612-1", account=session.account, session=session,
        instrument_id="MES", day=DAY, status="open", direction=1, size=1, ordered_ns=1,
    )  # fmt: skip


@pytest.fixture
def answering() -> Iterator[Callable[[Answer], None]]:
    """A thread that answers commands as a pipeline does, as the test says."""
    over, threads = threading.Event(), []

    def go_on(answer: Answer) -> None:
        def run() -> None:
            try:
                while not over.is_set():
                    for row in Command.objects.filter(status="pending").select_related("account"):
                        answer(row)
                        row.save()
                    time.sleep(0.02)
            finally:
                connection.close()

        threads.append(threading.Thread(target=run))
        threads[-1].start()

    yield go_on
    over.set()
    for thread in threads:
        thread.join()


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Who does not answer is not waited for; who does has the time that he needs."""
    patient = 20.0 if "answering" in request.fixturenames else 0.05
    monkeypatch.setattr(flatten, "GRACE_S", 0.0)
    monkeypatch.setattr(flatten, "WITHIN_S", patient)
    monkeypatch.setattr(flatten, "LOOK_S", 0.01)
    monkeypatch.setattr(start, "WAIT_S", patient)
    monkeypatch.setattr(roll, "WAIT_S", patient)
    monkeypatch.setattr(asking, "LOOK_S", 0.01)


def done(result: str = "done") -> Answer:
    def answer(row: Command) -> None:
        row.status, row.result = "done", result

    return answer


# Who stands by


@pytest.mark.django_db
def test_who_stands_by_is_who_began_and_has_not_ended() -> None:
    stand_by("a")
    stand_by("b", settings={"risk.stop_ticks": "12"})
    standing.ended("a")
    (desk,) = standing.desks()
    assert desk.account == "b"
    assert desk.plan().config.risk.stop_ticks == 12


@pytest.mark.django_db
def test_who_was_not_heard_of_for_a_week_or_is_disabled_does_not_stand_by() -> None:
    for name in ("gone", "trades", "off"):
        stand_by(name)
    session_row("trades")
    session_row("off")
    Account.objects.filter(name="off").update(enabled=False)
    AuditEvent.objects.update(recorded_at=timezone.now() - timedelta(days=8))
    assert [desk.account for desk in standing.desks()] == ["trades"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "is_so"),
    [
        ({"feed": "databento"}, True),
        ({"feed": "simulator", "speed": "1"}, True),
        ({"feed": "simulator", "speed": "10"}, False),
        ({"feed": "simulator", "speed": "max"}, False),
    ],
)
def test_which_market_is_on_the_clock(words: dict[str, str], is_so: bool) -> None:
    assert standing.on_clock(plan(Options(**words))) is is_so


# Preflight


@pytest.mark.django_db
def test_the_preflight_is_of_who_stands_by_and_says_what_failed(
    clock: SetClock,
    data_dir: Any,
) -> None:
    clock.set("2024-06-12 09:25")  # long before what the rows note, as on a day that is run fast
    assert preflight.perform(TURN).skipped
    stand_by()
    assert preflight.perform(TURN).text == "passed: paper-MES"
    row = Preflight.objects.get()
    assert (row.account, row.actor, row.day) == ("paper-MES", "schedule", DAY)
    stand_by("live-feed", feed="databento")
    with pytest.raises(JobError, match="live-feed: Feed: no key of Databento") as error:
        preflight.perform(TURN)
    assert [account for account, _ in error.value.facts] == ["live-feed"]


@pytest.mark.django_db
def test_a_desk_whose_words_are_not_understood_any_more_fails_with_its_reason() -> None:
    stand_by()
    event = AuditEvent.objects.get()
    event.payload["words"]["symbol"] = "XYZ"
    event.save()
    with pytest.raises(JobError, match="unknown symbol 'XYZ'"):
        preflight.perform(TURN)


# Start


@pytest.mark.django_db(transaction=True)
def test_a_start_is_asked_of_each_process_that_idles(
    answering: Callable[[Answer], None],
) -> None:
    stand_by("idle")
    stand_by("busy")
    session_row("idle", status="stopped")
    running("busy")
    answering(done("trading MES"))
    assert start.perform(TURN).text == "busy: a session is running already; idle: trading MES"
    row = Command.objects.get()
    assert (row.account.name, row.kind, row.reason, row.key) == (
        "idle",
        "start",
        "schedule",
        "key-1",
    )


@pytest.mark.django_db(transaction=True)
def test_a_session_that_began_meanwhile_is_as_good(answering: Callable[[Answer], None]) -> None:
    stand_by("quick")
    session_row("quick", status="stopped")

    def refused(row: Command) -> None:
        row.status, row.result = "refused", asking.RUNNING_ALREADY

    answering(refused)
    assert start.perform(TURN).text == "quick: a session is running already"


@pytest.mark.django_db
def test_a_start_that_nobody_takes_is_an_error_and_given_once() -> None:
    stand_by("away")
    session_row("away", status="stopped")
    for _ in range(2):
        with pytest.raises(JobError, match="not started: away: nobody has taken it"):
            start.perform(TURN)
    assert Command.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("confirmed", "passed", "words"),
    [
        ("", True, "it trades Rithmic account S-1: set CONFIRM_LIVE"),
        ("S-2", True, "it trades Rithmic account S-1: set CONFIRM_LIVE"),
        ("S-1", False, "its preflight of 2024-06-12 failed"),
        ("S-1", None, "its preflight of 2024-06-12 is missing"),
        ("S-1", True, "nobody has taken it"),
    ],
)
def test_real_money_is_started_only_when_it_is_confirmed_and_looked_at(
    settings: Any, confirmed: str, passed: bool | None, words: str
) -> None:
    settings.CONFIRM_LIVE = confirmed
    stand_by("live")
    session_row("live", status="stopped", mode="live")
    Account.objects.update(mode="live", broker="rithmic", broker_account="S-1")
    if passed is not None:
        for verdict in (not passed, passed):  # the newest counts
            Preflight.objects.create(
                account="live", mode="live", instrument_id="MES", day=DAY, rules_digest="x",
                passed=verdict, actor="test",
            )  # fmt: skip
    with pytest.raises(JobError) as error:
        start.perform(TURN)
    assert words in str(error.value)
    asked = Command.objects.filter(kind="start")
    assert asked.count() == (words == "nobody has taken it")
    assert all(row.confirmed for row in asked)


# Flatten


@pytest.mark.django_db
def test_a_day_without_sessions_or_with_flat_ones_needs_no_flattening(clock: SetClock) -> None:
    clock.set("2024-06-12 15:55")
    assert flatten.perform(TURN).skipped
    running()
    assert flatten.perform(TURN).text == "flat: paper-MES"
    assert not Command.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["open", "unknown"])
def test_what_is_open_or_not_known_is_flattened_and_looked_at_again(
    clock: SetClock, answering: Callable[[Answer], None], what: str
) -> None:
    clock.set("2024-06-12 15:55")
    session = running()
    if what == "open":
        open_trade(session)
    else:
        Session.objects.update(updated_at=timezone.now() - timedelta(minutes=5))

    def closed(row: Command) -> None:
        Trade.objects.update(status="cancelled")
        Session.objects.update(updated_at=timezone.now())
        done("flattened")(row)

    answering(closed)
    assert flatten.perform(TURN).text.startswith("flattened: paper-MES")
    assert Command.objects.get().kind == "flatten"


@pytest.mark.django_db(transaction=True)
def test_what_is_still_open_after_a_minute_is_critical(
    clock: SetClock, answering: Callable[[Answer], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set("2024-06-12 15:55")
    open_trade(running())
    answering(done("flattening"))
    monkeypatch.setattr(flatten, "WITHIN_S", 0.5)
    with pytest.raises(JobError, match="NOT FLAT: paper-MES: paper-MES-20240612-1 open") as error:
        flatten.perform(TURN)
    assert error.value.critical


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("proven", [True, False])
def test_real_money_is_flat_when_the_brokers_position_proves_it(
    clock: SetClock, answering: Callable[[Answer], None], proven: bool
) -> None:
    clock.set("2024-06-12 15:55")
    session = running(mode="live")
    Account.objects.update(mode="live", broker="rithmic", broker_account="S-1")
    open_trade(session)

    def closed(row: Command) -> None:
        Trade.objects.update(status="cancelled")
        row.session = session
        done("flat at the broker, verified" if proven else "not verified: no line")(row)

    answering(closed)
    if proven:
        assert flatten.perform(TURN).text.startswith("flattened")
    else:
        with pytest.raises(JobError, match="does not prove it: not verified: no line"):
            flatten.perform(TURN)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("values", "looked_at"),
    [
        ({}, True),
        ({"status": "stopped"}, True),  # its trade is open
        ({"day": date(2024, 6, 11)}, False),
        ({"synthetic": True, "feed": {"kind": "simulator"}, "speed": "10"}, False),
        ({"synthetic": True, "feed": {"kind": "simulator"}, "speed": "1"}, True),
        ({"feed": {"kind": "file"}}, False),
        ({"feed": {"kind": "store", "session": "all"}}, False),  # until its own flatten time
    ],
)
def test_which_sessions_are_looked_at(
    clock: SetClock, values: dict[str, Any], looked_at: bool
) -> None:
    clock.set("2024-06-12 15:55")
    session = running()
    open_trade(session)
    Session.objects.update(**values)
    if looked_at:
        with pytest.raises(JobError):
            flatten.perform(TURN)
    else:
        assert flatten.perform(TURN).skipped


# Roll


@pytest.mark.django_db(transaction=True)
def test_sessions_of_regular_hours_are_stopped_at_the_roll(
    clock: SetClock, answering: Callable[[Answer], None]
) -> None:
    clock.set("2024-06-12 17:00")
    assert roll.perform(TURN).text == "every session has ended"
    running("rth")
    running("all")
    Session.objects.filter(account__name="all").update(feed={"kind": "store", "session": "all"})

    def stopped(row: Command) -> None:
        Session.objects.filter(account=row.account).update(status="stopped")
        done("stopped; nothing was open")(row)

    answering(stopped)
    text = roll.perform(TURN).text
    assert text == "all: goes on, around the clock; rth: stopped; nothing was open"
    assert Command.objects.get().account.name == "rth"


@pytest.mark.django_db
def test_what_has_not_ended_is_said_and_what_is_open_is_left(clock: SetClock) -> None:
    clock.set("2024-06-12 17:00")
    running("dead")
    with pytest.raises(JobError, match="not ended: dead: nobody has taken it") as error:
        roll.perform(TURN)
    assert not error.value.critical
    open_trade(running("open"))
    with pytest.raises(JobError, match="open: NOT STOPPED, open-20240612-1 open") as error:
        roll.perform(TURN)
    assert error.value.critical
    assert not Command.objects.filter(account__name="open").exists()


# Parity


@pytest.mark.django_db
def test_parity_waits_for_the_end_and_tells_what_differs(data_dir: Any) -> None:
    assert parity.perform(TURN).skipped
    session = running()
    with pytest.raises(JobError, match="not over yet: paper-MES") as error:
        parity.perform(TURN)
    assert error.value.again
    Session.objects.filter(pk=session.pk).update(status="ended")
    with pytest.raises(JobError, match="no journal is kept of it") as error:
        parity.perform(TURN)
    assert not error.value.again
    assert [account for account, _ in error.value.facts] == ["paper-MES"]


# Digest and recap


@pytest.mark.django_db
def test_a_day_without_sessions_has_neither_digest_nor_recap() -> None:
    for job in (digest, recap):
        assert job.perform(TURN).skipped


@pytest.mark.django_db
def test_the_digest_is_told_and_the_recap_written_and_sent(data_dir: Any, settings: Any) -> None:
    running()
    assert digest.perform(TURN).text == "told of 1 session"
    assert Notice.objects.get().kind == "digest"
    settings.EXPORT_TARGET = ""
    text = recap.perform(TURN).text
    assert text.endswith("; Nothing is sent: EXPORT_TARGET is not set.")
    assert (data_dir / "recaps" / text.split()[1].rstrip(";")).is_file()


@pytest.mark.django_db
def test_what_could_not_be_sent_is_tried_again_and_bad_settings_are_not(
    data_dir: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trading.export import sending

    running()
    results = [sending.Result("a.parquet", "sent"), sending.Result("b", "failed", error="full")]
    monkeypatch.setattr(sending, "send", lambda day: sending.Sent(day, "s3://b", results))
    with pytest.raises(JobError, match="1 of 2 files are at s3://b") as error:
        recap.perform(TURN)
    assert (error.value.again, error.value.facts) == (True, (("b", "full"),))
    monkeypatch.undo()
    settings.EXPORT_TARGET = "ftp://nonsense"
    with pytest.raises(JobError, match="not sent: ") as error:
        recap.perform(TURN)
    assert not error.value.again


# What is deleted


@pytest.mark.django_db
def test_what_is_old_goes_and_what_must_stay_stays(clock: SetClock, admin_user: Any) -> None:
    clock.set("2024-06-12 03:00")
    now, long_ago = timezone.now(), timezone.now() - timedelta(days=2000)
    for age in (8, 6):
        day = date(2024, 6, 12) - timedelta(days=age)
        Heartbeat.objects.create(account="a", ts=f"{day}T07:00Z", document={})
    for key in ("delivered", "waiting", "new"):
        notice = Notice.objects.create(key=key, kind="k", ts=now, title=key)
        status = "waiting" if key == "waiting" else "sent"
        Delivery.objects.create(notice=notice, channel="discord", status=status)
    Notice.objects.exclude(key="new").update(created_at=long_ago)
    for day in (date(2020, 1, 2), DAY):
        JobRun.objects.create(job="recap", day=day, due_at=now, started_at=now, seen_at=now)
    OneTimeLogin.objects.create(token_hash="old", user=admin_user, expires_at=long_ago)
    WebSession.objects.create(session_key="old", session_data="", expire_date=long_ago)
    session = running()
    Session.objects.update(updated_at=long_ago)
    AuditEvent.objects.create(ts_ns=1, ts=long_ago, recorded_at=long_ago, kind="x", session=session)

    assert cleanup.perform(TURN).text == "deleted 1 heartbeats, 1 notices, 1 job runs, 1 logins"
    assert set(Notice.objects.values_list("key", flat=True)) == {"waiting", "new"}
    assert JobRun.objects.get().day == DAY
    assert not WebSession.objects.exists()
    assert (Heartbeat.objects.count(), Delivery.objects.count()) == (1, 2)
    assert (AuditEvent.objects.count(), Session.objects.count()) == (1, 1)
    assert cleanup.perform(TURN).text == "nothing was old enough"


@pytest.mark.django_db
def test_many_rows_go_in_parts(clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "PART", 2)
    Heartbeat.objects.bulk_create(
        Heartbeat(account="a", ts="2024-01-01T00:00Z", document={}) for _ in range(5)
    )
    assert cleanup.perform(TURN).text == "deleted 5 heartbeats"
