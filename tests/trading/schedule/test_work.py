"""Jobs in the database: claimed once, tried again, given up, told."""

import threading
from datetime import time
from typing import Any

import pytest
from django.db import InterfaceError, connection

from tests.trading.schedule.desk import DAY, Jobs, SetClock
from trading.models import Job, JobRun, Notice
from trading.schedule import runs
from trading.schedule.due import Due
from trading.schedule.embedded import Threads
from trading.schedule.table import TABLE, backoff
from trading.schedule.work import JobError, Outcome, look, work

pytestmark = pytest.mark.django_db


def look_and_work() -> list[str]:
    """What one look finds is done."""
    found = [(each.job, each.day) for each in look()]
    for job, day in found:
        work(job, day)
    return [job for job, _ in found]


def run_of(job: str) -> JobRun:
    return JobRun.objects.get(job=job, day=DAY)


def test_the_table_makes_the_rows_and_a_row_that_is_lost_comes_back() -> None:
    runs.jobs()
    Job.objects.filter(name="recap").update(at=time(18))
    Job.objects.filter(name="digest").delete()
    found = {job.name: f"{job.at:%H:%M}" for job in runs.jobs()}
    assert list(found) == list(TABLE)
    assert (found["recap"], found["digest"]) == ("18:00", "16:00")


def test_a_day_of_looks_does_each_job_once(clock: SetClock, jobs: Jobs) -> None:
    for minute in range(0, 16 * 60, 5):
        clock.set(f"2024-06-12 {2 + minute // 60:02}:{minute % 60:02}")
        look_and_work()
    assert jobs.done == [
        (name, "2024-06-12")
        for name in (
            "cleanup", "preflight", "start", "flatten", "digest", "roll", "recap", "parity",
        )
    ]  # fmt: skip
    assert set(JobRun.objects.values_list("status", "attempts", "result")) == {
        ("done", 1, "did it")
    }
    assert run_of("flatten").due_at.isoformat() == "2024-06-12T19:55:00+00:00"


def test_what_was_nothing_to_do_is_skipped(clock: SetClock, jobs: Jobs) -> None:
    clock.set("2024-06-12 09:26")
    jobs.does["preflight"] = Outcome(text="nobody trades", skipped=True)
    look_and_work()
    assert (run_of("preflight").status, run_of("preflight").result) == ("skipped", "nobody trades")


def test_an_error_is_tried_again_with_back_off_and_then_told_once(
    clock: SetClock, jobs: Jobs
) -> None:
    clock.set("2024-06-12 17:05:00")
    jobs.does["parity"] = OSError("the disk\nis away")
    work("parity", DAY)
    waiting = run_of("parity")
    assert (waiting.status, waiting.attempts) == ("running", 1)
    assert waiting.result == "attempt 1: OSError: the disk is away; again in 30 s"
    assert work("parity", DAY) == "not due, or somebody else's"
    clock.set("2024-06-12 17:05:30")
    work("parity", DAY)
    assert not Notice.objects.exists()
    clock.set("2024-06-12 17:07:00")
    work("parity", DAY)
    assert (run_of("parity").status, run_of("parity").attempts) == ("failed", 3)
    notice = Notice.objects.get()
    assert (notice.kind, notice.level) == ("job_failed", "error")
    assert notice.title == "parity of 2024-06-12 failed"
    assert notice.text == "OSError: the disk is away"
    clock.set("2024-06-12 23:00:00")
    assert "parity" not in look_and_work()


def test_what_is_not_worth_another_try_fails_at_once(clock: SetClock, jobs: Jobs) -> None:
    clock.set("2024-06-12 17:05")
    jobs.does["parity"] = JobError("3 differences", again=False, facts=(("paper-MES", "3"),))
    work("parity", DAY)
    assert run_of("parity").status == "failed"
    assert Notice.objects.get().facts == [["paper-MES", "3"]]


def test_a_flatten_that_fails_is_critical_and_not_tried_after_the_close(
    clock: SetClock, jobs: Jobs
) -> None:
    clock.set("2024-06-12 15:59:45")
    jobs.does["flatten"] = JobError("1 lot is open")
    work("flatten", DAY)
    assert run_of("flatten").status == "failed"
    assert Notice.objects.get().level == "critical"


def test_a_run_whose_process_died_is_taken_up_and_given_up_at_last(
    clock: SetClock, jobs: Jobs
) -> None:
    clock.set("2024-06-12 17:05:00")
    for attempt in range(1, 4):
        (mine,) = [each for each in look() if each.job == "parity"]
        assert mine.attempt == attempt
        assert runs.claim(mine) is not None  # and dies
        assert "parity" not in [each.job for each in look()]
        clock.set(f"2024-06-12 17:{5 + 2 * attempt:02}:00")
    assert "parity" not in [each.job for each in look()]
    assert run_of("parity").status == "failed"
    assert "died, each time" in Notice.objects.get(kind="job_failed").text


def test_who_was_slower_than_his_lease_changes_nothing_any_more(
    clock: SetClock, jobs: Jobs
) -> None:
    clock.set("2024-06-12 17:05:00")
    (mine,) = [each for each in look() if each.job == "parity"]
    slow = runs.claim(mine)
    assert slow is not None
    clock.set("2024-06-12 17:07:00")
    work("parity", DAY)
    held = runs.Held(slow)
    assert not held.settle(JobRun.Status.FAILED, "late", runs.failed("parity", DAY, "late"))
    assert (run_of("parity").status, run_of("parity").result) == ("done", "did it")
    assert not Notice.objects.exists()


def test_what_was_missed_is_said_once(clock: SetClock, jobs: Jobs) -> None:
    runs.jobs()
    Job.objects.update(updated_at="2024-06-01T00:00Z")
    clock.set("2024-06-12 03:00")
    look_and_work()
    clock.set("2024-06-12 16:30")
    assert look_and_work() == ["digest"]
    assert set(
        JobRun.objects.filter(status="missed").values_list("job", flat=True)
    ) == {"preflight", "start", "flatten"}  # fmt: skip
    look()
    assert Notice.objects.filter(kind="job_missed").count() == 3


def test_days_without_anybody_are_caught_up_in_order(clock: SetClock, jobs: Jobs) -> None:
    clock.set("2024-06-10 18:00")
    look_and_work()
    jobs.done.clear()
    clock.set("2024-06-13 17:02")
    look_and_work()
    recaps = [day for job, day in jobs.done if job == "recap"]
    assert recaps == ["2024-06-11", "2024-06-12", "2024-06-13"]
    assert [day for job, day in jobs.done if job == "digest"] == ["2024-06-13"]


def test_a_run_that_is_put_back_is_done_again(clock: SetClock, jobs: Jobs) -> None:
    clock.set("2024-06-12 17:10")
    look_and_work()
    assert runs.put_back(run_of("recap"))
    assert not runs.put_back(run_of("recap"))
    assert look_and_work() == ["recap"]
    assert (run_of("recap").status, run_of("recap").attempts) == ("done", 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("died", [False, True])
def test_of_many_who_claim_at_once_one_gets_it(clock: SetClock, jobs: Jobs, died: bool) -> None:
    runs.jobs()
    clock.set("2024-06-12 17:05:00")
    (mine,) = [each for each in look() if each.job == "parity"]
    if died:
        runs.claim(mine)
        clock.set("2024-06-12 17:07:00")
        (mine,) = [each for each in look() if each.job == "parity"]
        assert mine.attempt == 2
    got: list[JobRun | None] = []
    together = threading.Barrier(6)

    def claim(each: Due) -> None:
        together.wait()
        try:
            got.append(runs.claim(each))
        finally:
            connection.close()

    threads = [threading.Thread(target=claim, args=(mine,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([run for run in got if run is not None]) == 1
    assert len(got) == 6


def test_the_back_off_grows_and_is_bounded() -> None:
    assert [backoff(each).total_seconds() for each in range(8)] == [
        0, 30, 60, 120, 240, 480, 600, 600,
    ]  # fmt: skip


def test_a_lease_is_renewed_over_a_new_connection_when_the_database_was_away(
    clock: SetClock, jobs: Jobs, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.set("2024-06-12 17:05:00")
    settings.SCHEDULE_LEASE_S = 0.04
    (mine,) = [each for each in look() if each.job == "parity"]
    run = runs.claim(mine)
    assert run is not None
    held, done = runs.Held(run), threading.Event()
    usable = {"connection": False}

    class Rows:
        def update(self, **values: Any) -> None:
            if not usable["connection"]:
                raise InterfaceError("connection already closed")
            done.set()

    class Connection:
        def close(self) -> None:
            usable["connection"] = True

    monkeypatch.setattr(held, "_mine", Rows)
    monkeypatch.setattr(runs, "connection", Connection())
    with held:
        assert done.wait(10)


def test_a_job_that_is_left_ends_without_a_word_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()
    complaints: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", complaints.append)
    before = set(threading.enumerate())

    def slow() -> None:
        begun.set()
        go_on.wait(10)

    left = Threads().submit(slow)
    assert begun.wait(10)
    left.cancel()
    go_on.set()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert complaints == []
