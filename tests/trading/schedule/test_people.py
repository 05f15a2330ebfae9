"""What people see of the schedule, and do with it: the command and the admin."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests.trading.schedule.desk import DAY, Jobs, SetClock
from trading.models import Job, JobRun
from trading.schedule import runs
from trading.schedule.work import JobError, work

pytestmark = pytest.mark.django_db


def said(*words: str) -> str:
    out = StringIO()
    call_command("schedule", *words, stdout=out)
    return out.getvalue()


def refused(*words: str) -> str:
    with pytest.raises(CommandError) as error:
        call_command("schedule", *words)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture(autouse=True)
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def test_the_list_has_todays_runs_and_what_comes_next(clock: SetClock, jobs: Jobs) -> None:
    clock.set("2024-06-12 17:06")
    jobs.does["parity"] = OSError("no disk")
    for job in ("recap", "parity"):
        work(job, DAY)
    Job.objects.filter(name="digest").update(enabled=False)
    lines = {line.split()[0]: " ".join(line.split()) for line in said().splitlines()}
    assert lines["recap"].startswith("recap 17:01 done: did it Thu 2024-06-13 17:01 writes")
    assert "waiting to be tried again: attempt 1: OSError: no disk" in lines["parity"]
    assert lines["digest"].startswith("digest 16:00 - disabled")
    assert lines["preflight"].startswith("preflight 09:25 - Thu 2024-06-13 09:25")


def test_a_job_by_hand_is_done_once_unless_it_is_asked_for_again(
    clock: SetClock, jobs: Jobs
) -> None:
    clock.set("2024-06-12 18:00")
    assert said("run", "recap") == "recap of 2024-06-12\ndone: did it\n"
    assert refused("run", "recap") == ("recap of 2024-06-12 is done (did it); --again does it anew")
    said("run", "recap", "--again")
    said("run", "recap", "--day", "2024-03-01")  # however long ago
    assert [day for _, day in jobs.done] == ["2024-06-12", "2024-06-12", "2024-03-01"]


def test_a_job_by_hand_before_its_time_takes_nothing_from_the_schedule(
    clock: SetClock, jobs: Jobs
) -> None:
    clock.set("2024-06-12 11:00")
    assert said("run", "flatten") == (
        "flatten of 2024-06-12, before its time: it comes again at Wed 2024-06-12 15:55\n"
        "done: did it\n"
    )
    assert not JobRun.objects.exists()


def test_a_job_by_hand_that_fails_says_so_with_its_exit_code(clock: SetClock, jobs: Jobs) -> None:
    clock.set("2024-06-12 18:00")
    jobs.does["parity"] = JobError("2 differences", again=False)
    with pytest.raises(SystemExit, match="1"):
        said("run", "parity")
    assert JobRun.objects.get().status == "failed"


def test_what_cannot_be_done_by_hand_says_why(clock: SetClock, jobs: Jobs) -> None:
    clock.set("2024-06-12 18:00")
    assert refused("run", "nonsense").startswith("'nonsense' is no job; they are cleanup,")
    assert "has no place on 2024-12-25" in refused("run", "recap", "--day", "2024-12-25")
    assert "--day" in refused("run", "recap", "--day", "yesterday")
    (due,) = [each for each in runs_due() if each.job == "recap"]
    runs.claim(due)
    assert "is being done by another process" in refused("run", "recap", "--again")


def runs_due() -> list[Any]:
    from trading.schedule.work import look

    return look()


# The admin


def test_a_time_that_will_not_do_is_refused_with_the_reason(
    clock: SetClock, admin_client: Any
) -> None:
    runs.jobs()
    url = reverse("admin:trading_job_change", args=["flatten"])
    page = admin_client.get(url).content.decode()
    assert "much earlier as the close does. From 12:00 to 15:59." in page
    answer = admin_client.post(url, {"at": "16:05", "enabled": "on"})
    assert "16:05 will not do. From 12:00 to 15:59." in answer.content.decode()
    url = reverse("admin:trading_job_change", args=["preflight"])
    answer = admin_client.post(url, {"at": "09:45", "enabled": "on"})
    assert "preflight has to come before start: 09:45 is not before" in answer.content.decode()
    assert admin_client.post(url, {"at": "09:15", "enabled": "on"}).status_code == 302
    assert f"{Job.objects.get(name='preflight').at:%H:%M}" == "09:15"


def test_the_lists_open_and_nothing_is_added_or_deleted(
    clock: SetClock, jobs: Jobs, admin_client: Any
) -> None:
    clock.set("2024-06-12 18:00")
    work("recap", DAY)
    page = admin_client.get(reverse("admin:trading_job_changelist")).content.decode()
    assert "Thu 2024-06-13 17:01" in page
    assert "2024-06-12: done" in page
    assert admin_client.get(reverse("admin:trading_jobrun_changelist")).status_code == 200
    for name in ("job", "jobrun"):
        assert admin_client.get(reverse(f"admin:trading_{name}_add")).status_code == 403
    assert admin_client.post(
        reverse("admin:trading_job_delete", args=["recap"]), {"post": "yes"}
    ).status_code == 403  # fmt: skip


def test_a_run_is_had_again_after_a_question(
    clock: SetClock, jobs: Jobs, admin_client: Any
) -> None:
    clock.set("2024-06-12 15:56")
    work("flatten", DAY)
    run = JobRun.objects.get()
    assert "Run again" in admin_client.get(
        reverse("admin:trading_jobrun_change", args=[run.pk])
    ).content.decode()  # fmt: skip
    url = reverse("admin:trading_jobrun_run_again", args=[run.pk])
    page = admin_client.get(url).content.decode()
    assert "It commands trading processes: what is open is closed at the market" in page
    run.refresh_from_db()
    assert run.status == "done"
    assert admin_client.post(url).status_code == 302
    assert work("flatten", DAY) == "done: did it"
    assert len(jobs.done) == 2


def test_a_run_whose_time_is_over_is_not_had_again(
    clock: SetClock, jobs: Jobs, admin_client: Any
) -> None:
    clock.set("2024-06-12 15:56")
    work("flatten", DAY)
    run = JobRun.objects.get()
    clock.set("2024-06-12 16:30")
    answer = admin_client.post(
        reverse("admin:trading_jobrun_run_again", args=[run.pk]), follow=True
    )
    assert "its time is over; manage.py schedule run flatten" in answer.content.decode()
    run.refresh_from_db()
    assert run.status == "done"
