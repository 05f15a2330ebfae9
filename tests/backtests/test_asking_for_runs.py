"""What is asked for is done once, by whoever comes; what is stopped or fails keeps what it has."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from backtests import control, embedded, storing, tasks, working
from backtests.models import Backtest, BacktestPart
from backtests.runner import run
from marketdata.store import TickStore
from tests.backtests.plans import stored_plan
from trading.models import AuditEvent

pytestmark = pytest.mark.django_db(transaction=True)
DAYS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("asked")


@pytest.fixture(scope="module")
def plan(folder):
    return stored_plan(folder, days=DAYS, ticks=3_000)


@pytest.fixture(scope="module")
def expected(folder, plan):
    return run(plan, store=TickStore(folder / "ticks"))


@pytest.fixture(autouse=True)
def begun(settings, folder, monkeypatch):
    """How often processes were told to begin; none does."""
    settings.DATA_DIR, settings.REDIS_URL, settings.BACKTEST_PART_DAYS = folder, "", 2
    calls = []
    monkeypatch.setattr(embedded, "begin", lambda: calls.append("begin"))
    return calls


@pytest.fixture
def sent(settings, monkeypatch):
    """Parts that were sent to workers, by number; nobody takes them."""
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    numbers = []
    monkeypatch.setattr(tasks, "send_run", lambda run_id: None)
    monkeypatch.setattr(tasks, "revoke", lambda parts: None)
    monkeypatch.setattr(tasks, "_sent", lambda what, send, **about: numbers.append(about["number"]))
    return numbers


def asked(plan, **words):
    return control.ask(plan, asked_from=Backtest.Asked.PAGE, **words)


def heard():
    messages = []
    return messages, messages.append


def work_off(row, tell=lambda message: None):
    for part in row.parts.exclude(number=0):
        working.analyse(part.pk, tell)
    return working.account(row.pk, tell)


def stopped_at(day, monkeypatch):
    """Somebody stops the run while this day is stored; days are stored one by one."""
    store_days = storing.store_days

    def meanwhile(row, days):
        store_days(row, days)
        if [each.day for each in days] == [day]:
            control.stop(row)

    monkeypatch.setattr(storing, "store_days", meanwhile)
    monkeypatch.setattr(working.Pace, "due", lambda pace: True)


def test_a_run_is_asked_for_and_begun(plan, begun):
    user = User.objects.create(username="trader")
    row = asked(plan, asked_by=user, note="before the roll", workers=3)
    assert begun == ["begin"]
    assert (row.status, row.asked_by, row.note, row.workers) == ("waiting", user, row.note, 3)
    spans = list(row.parts.order_by("number").values_list("first", "last"))
    assert spans == [(0, 3), (0, 1), (1, 2), (2, 3)]
    event = AuditEvent.objects.get(kind="backtest_asked")
    assert event.actor == "trader"
    assert event.payload["backtest"] == row.pk


def test_parts_give_what_one_run_gives_and_say_how_far_they_are(plan, expected):
    row = asked(plan)
    messages, tell = heard()
    assert work_off(row, tell) == working.DONE
    row.refresh_from_db()
    row.refresh_from_db()
    assert storing.load(row) == expected
    assert (row.days_analysed, row.days_done, row.status) == (DAYS, DAYS, "done")
    assert [message["status"] for message in messages][-1] == "done"
    assert messages[-1]["day"] == f"{plan.days[-1]}"


def test_what_is_done_twice_is_kept_once(plan, expected):
    row = asked(plan)
    work_off(row)
    assert work_off(row) == working.NOT_OURS
    for part in row.parts.exclude(number=0):
        assert working.analyse(part.pk, lambda message: None) == working.NOT_OURS
    row.refresh_from_db()
    assert storing.load(row) == expected


def test_a_run_that_nobody_has_begun_is_stopped_at_once(plan):
    row = asked(plan)
    assert control.stop(row)
    assert (row.status, row.days_done, row.net) == ("stopped", 0, 0)
    assert work_off(row) == working.NOT_OURS
    assert AuditEvent.objects.get(kind="backtest_stopped").payload["backtest"] == row.pk


def test_a_run_that_is_stopped_ends_after_the_day_it_is_at(plan, expected, monkeypatch):
    row = asked(plan)
    stopped_at(plan.days[1], monkeypatch)
    assert work_off(row) == working.STOPPED
    row.refresh_from_db()
    found = storing.load(row)
    assert (row.status, row.days_done, found.days) == ("stopped", 2, expected.days[:2])
    assert (found.data_digest, found.code) == (expected.data_digest, expected.code)


def test_days_that_other_code_has_stored_are_forgotten(plan, expected, monkeypatch):
    row = asked(plan)
    storing.store_days(row, expected.days)
    Backtest.objects.filter(pk=row.pk).update(code="an older one")
    stopped_at(plan.days[0], monkeypatch)
    assert work_off(row) == working.STOPPED
    assert storing.load(row).days == expected.days[:1]


def test_a_day_that_cannot_be_read_fails_the_run_and_says_so(plan, folder):
    row = asked(plan)
    path = TickStore(folder / "ticks").path(plan.symbol, plan.days[2])
    aside = path.rename(path.with_suffix(".aside"))
    try:
        assert work_off(row) == working.NOT_OURS
    finally:
        aside.rename(path)
    row.refresh_from_db()
    assert row.status == "failed"
    assert f"{plan.days[2]}" in row.error
    assert not row.parts.filter(number=0, finished_at__isnull=False).exists()


def test_a_broker_that_is_away_does_not_refuse_what_is_asked_for(plan, settings, monkeypatch):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    def away(header):
        def send(body, **_):
            raise OperationalError("connection refused")

        return send

    monkeypatch.setattr(tasks, "chord", away)
    assert asked(plan).status == "waiting"


def numbers_after(sent, **ago):
    """What is sent again when so much time has passed since everything was sent."""
    sent.clear()
    BacktestPart.objects.filter(sent_at__isnull=False).update(sent_at=Now() - timedelta(**ago))
    Backtest.objects.update(created_at=Now() - timedelta(**ago))
    control.recover()
    return sorted(sent)


def test_what_waits_while_nobody_works_is_sent_again_soon(plan, sent):
    row = asked(plan)
    row.parts.exclude(number=0).update(sent_at=Now(), sends=1)
    assert numbers_after(sent, seconds=1) == []
    assert numbers_after(sent, seconds=6) == [1, 2]
    assert numbers_after(sent, seconds=1) == []


def test_what_waits_behind_others_is_sent_again_later_and_less_and_less_often(plan, sent):
    busy = asked(plan)
    busy.parts.filter(number=1).update(lease_until=Now() + timedelta(hours=1), holder="h:1:x")
    busy.parts.exclude(number=1).delete()
    row = asked(plan)
    row.parts.exclude(number=0).update(sent_at=Now(), sends=1)
    assert numbers_after(sent, seconds=30) == []
    assert numbers_after(sent, seconds=61) == [1, 2]
    assert numbers_after(sent, seconds=61) == []
    assert numbers_after(sent, seconds=121) == [1, 2]


def test_what_a_dead_process_held_is_sent_at_once(plan, sent):
    row = asked(plan)
    row.parts.exclude(number=0).update(sent_at=Now() - timedelta(seconds=2), sends=1)
    row.parts.filter(number=2).update(lease_until=Now() - timedelta(seconds=1), holder="h:1:x")
    control.recover()
    assert sent == [2]


def test_the_account_is_sent_when_all_is_analysed_and_nobody_did(plan, sent):
    row = asked(plan)
    row.parts.filter(number=1).update(finished_at=Now())
    assert 0 not in numbers_after(sent, seconds=60)
    row.parts.filter(number=2).update(finished_at=Now())
    assert numbers_after(sent, seconds=60) == [0]


def test_a_run_to_stop_whose_process_died_is_ended(plan, sent):
    row = asked(plan)
    row.parts.filter(number=1).update(lease_until=Now() + timedelta(hours=1), holder="h:1:x")
    assert control.stop(row)
    assert row.status == "waiting"
    row.parts.filter(number=1).update(lease_until=Now() - timedelta(seconds=1))
    control.recover()
    row.refresh_from_db()
    assert (row.status, sent) == ("stopped", [])


def test_where_nothing_is_configured_a_process_goes_on_with_what_was_left(plan, begun):
    asked(plan)
    begun.clear()
    control.recover()
    assert begun == ["begin"]
    Backtest.objects.update(status="done")
    control.recover()
    assert begun == ["begin"]


def test_a_command_that_dies_leaves_its_run_marked(plan, begun):
    row = storing.create(plan, asked_from=Backtest.Asked.COMMAND)
    with control.alone(row) as asked_to_stop:
        assert not asked_to_stop()
        control.recover()
        row.refresh_from_db()
        assert row.status == "waiting"
    row.parts.update(finished_at=None, lease_until=Now() - timedelta(seconds=1))
    control.recover()
    row.refresh_from_db()
    assert (row.status, begun) == ("failed", [])
    assert "the process that ran it ended" in row.error


def test_a_command_s_run_can_be_stopped_from_a_page(plan):
    row = storing.create(plan, asked_from=Backtest.Asked.COMMAND)
    with control.alone(row) as asked_to_stop:
        assert control.stop(row)
        assert row.status == "waiting"
        assert asked_to_stop()
