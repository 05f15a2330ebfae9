"""What is due: each job once a trading day, in its window, however anybody looks."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.instruments import instrument
from marketdata.calendars import schedule
from trading.schedule.due import Window, due, following, given_up, missed, windows
from trading.schedule.table import CAUGHT_UP, TABLE, backoff

NEW_YORK = ZoneInfo("America/New_York")
CALENDAR = schedule(instrument("MES"), "rth")
LEASE = timedelta(seconds=60)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Job:
    name: str
    at: time
    enabled: bool = True
    updated_at: datetime = LONG_AGO


@dataclass(frozen=True)
class Run:
    job: str
    day: date
    status: str = "done"
    attempts: int = 1
    seen_at: datetime = LONG_AGO
    finished_at: datetime | None = LONG_AGO


JOBS = [Job(name, each.at) for name, each in TABLE.items()]


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK)


def names(at: str, *runs: Run, jobs: list[Job] = JOBS) -> list[str]:
    return [each.job for each in due(new_york(at), runs, jobs, CALENDAR)]


def window(job: str, day: str) -> Window | None:
    (one,) = [each for each in JOBS if each.name == job]
    return next(windows(one, [date.fromisoformat(day)], CALENDAR), None)


def local(job: str, day: str) -> tuple[str, str]:
    found = window(job, day)
    assert found is not None
    return tuple(f"{each.astimezone(NEW_YORK):%d %H:%M}" for each in (found.due_at, found.until))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("job", "first", "until"),
    [
        ("cleanup", "12 03:00", "22 00:00"),
        ("preflight", "12 09:25", "12 15:25"),
        ("start", "12 09:30", "12 15:25"),
        ("flatten", "12 15:55", "12 16:00"),
        ("digest", "12 16:00", "13 00:00"),
        ("roll", "12 17:00", "13 00:00"),
        ("recap", "12 17:01", "22 00:00"),
        ("parity", "12 17:05", "22 00:00"),
    ],
)
def test_when_a_job_is_of_use(job: str, first: str, until: str) -> None:
    assert local(job, "2024-06-12") == (first, until)


@pytest.mark.parametrize(
    ("job", "first", "until"),
    [
        ("preflight", "29 09:25", "29 12:40"),
        ("start", "29 09:30", "29 12:40"),
        ("flatten", "29 13:10", "29 13:15"),
        ("digest", "29 13:15", "30 00:00"),
        ("recap", "29 14:16", "09 00:00"),
        ("roll", "29 17:00", "30 00:00"),
        ("parity", "29 17:05", "09 00:00"),
    ],
)
def test_on_an_early_close_what_follows_it_comes_as_much_earlier(
    job: str, first: str, until: str
) -> None:
    """The market closes at 13:15 on the day after Thanksgiving."""
    assert local(job, "2024-11-29") == (first, until)


def test_nothing_is_due_on_a_holiday_or_weekend() -> None:
    for day in ("2024-12-25", "2024-06-15", "2024-06-16"):
        assert all(window(name, day) is None for name in TABLE)
        assert names(f"{day} 16:30") == []


def test_a_day_without_regular_hours_has_only_what_needs_none() -> None:
    """On Good Friday 2023 the market closed at 09:15."""
    found = [name for name in TABLE if window(name, "2023-04-07") is not None]
    assert found == ["cleanup", "roll", "parity"]


@pytest.mark.parametrize(
    ("day", "offset"), [("2024-03-08", 5), ("2024-03-11", 4), ("2024-11-01", 4), ("2024-11-04", 5)]
)
def test_times_are_new_yorks_on_both_sides_of_a_change_of_clocks(day: str, offset: int) -> None:
    found = window("preflight", day)
    assert found is not None
    assert found.due_at == datetime.fromisoformat(f"{day}T09:25Z") + timedelta(hours=offset)


def test_what_is_due_comes_in_order() -> None:
    assert names("2024-06-12 17:30") == ["cleanup", "digest", "roll", "recap", "parity"]


def test_a_disabled_job_is_not_due() -> None:
    jobs = [replace(job, enabled=job.name != "recap") for job in JOBS]
    assert "recap" not in names("2024-06-12 17:30", jobs=jobs)


def test_a_job_that_nobody_knows_is_left_alone() -> None:
    assert names("2024-06-12 17:30", jobs=[Job("gone", time(9))]) == []
    assert given_up(new_york("2024-06-12 17:30"), [Run("gone", date(2024, 6, 12), "running")], JOBS,
                    CALENDAR) == []  # fmt: skip


def test_missed_days_are_caught_up_since_the_first_that_is_known_and_no_further() -> None:
    monday = Run("recap", date(2024, 6, 10))
    found = due(new_york("2024-06-14 12:00"), [monday], JOBS, CALENDAR)
    assert [each.day.day for each in found if each.job == "recap"] == [11, 12, 13]
    long_ago = Run("recap", date(2024, 3, 1))
    found = due(new_york("2024-06-14 12:00"), [long_ago], JOBS, CALENDAR)
    days = [each.day for each in found if each.job == "recap"]
    assert days[0] > date(2024, 6, 14) - timedelta(days=CAUGHT_UP)
    assert days[-1] == date(2024, 6, 13)


def test_what_runs_is_left_alone_until_its_lease_ends_and_then_taken_up() -> None:
    now = new_york("2024-06-12 15:56")
    run = Run("flatten", date(2024, 6, 12), "running", 1, now, None)
    (job,) = [each for each in JOBS if each.name == "flatten"]
    assert due(now + LEASE - timedelta(seconds=1), [run], [job], CALENDAR, lease=LEASE) == []
    (again,) = due(now + LEASE, [run], [job], CALENDAR, lease=LEASE)
    assert again.attempt == 2


def test_what_failed_is_tried_again_after_its_back_off_as_often_as_it_may() -> None:
    now = new_york("2024-06-12 17:02")
    (job,) = [each for each in JOBS if each.name == "recap"]
    run = Run("recap", date(2024, 6, 12), "running", 2, now, now)
    assert due(now + backoff(2) - timedelta(seconds=1), [run], [job], CALENDAR) == []
    (again,) = due(now + backoff(2), [run], [job], CALENDAR)
    assert again.attempt == 3
    most = TABLE["recap"].attempts
    over = replace(run, attempts=most, finished_at=None)
    assert due(now + timedelta(hours=1), [over], [job], CALENDAR) == []
    ((lost, why),) = given_up(now + timedelta(hours=1), [over], [job], CALENDAR)
    assert (lost, why) == (over, "the process that did it died, each time")


def test_what_is_of_no_use_any_more_is_given_up_but_not_while_somebody_is_at_it() -> None:
    began = new_york("2024-06-12 15:59:30")
    run = Run("flatten", date(2024, 6, 12), "running", 1, began, None)
    assert given_up(new_york("2024-06-12 16:00:10"), [run], JOBS, CALENDAR) == []
    ((_, why),) = given_up(new_york("2024-06-12 16:01"), [run], JOBS, CALENDAR)
    assert why == "it is of no use any more"


def test_what_nobody_began_in_time_is_missed() -> None:
    known = Run("recap", date(2024, 6, 11))
    found = missed(new_york("2024-06-12 16:10"), [known], JOBS, CALENDAR)
    assert {(each.job, each.day.day) for each in found} == {
        ("preflight", 11), ("start", 11), ("flatten", 11), ("digest", 11), ("roll", 11),
        ("preflight", 12), ("start", 12), ("flatten", 12),
    }  # fmt: skip


def test_nothing_is_missed_before_the_schedule_was_there_nor_by_a_job_that_was_changed_since() -> (
    None
):
    assert missed(new_york("2024-06-12 16:10"), [], JOBS, CALENDAR) == []
    since = new_york("2024-06-12 10:00")
    jobs = [replace(job, updated_at=since) for job in JOBS]
    known = Run("cleanup", date(2024, 6, 12))
    found = missed(new_york("2024-06-12 16:10"), [known], jobs, CALENDAR)
    assert [each.job for each in found] == ["flatten"]


def test_the_next_time_of_a_job_skips_holidays() -> None:
    (job,) = [each for each in JOBS if each.name == "start"]
    found = following(new_york("2024-12-24 10:00"), job, CALENDAR)
    assert found is not None
    assert found.day == date(2024, 12, 26)


# Whatever happens


@dataclass
class World:
    """Rows as the database keeps them, and who looks at them. Each attempt lasts a while, and may
    die or fail in the middle."""

    runs: dict[tuple[str, date], Run] = field(default_factory=dict)
    done: Counter[tuple[str, date]] = field(default_factory=Counter)
    begun: list[tuple[datetime, Window]] = field(default_factory=list)
    open_: list[tuple[Run, str]] = field(default_factory=list)

    def look(self, now: datetime, fates: list[str]) -> None:
        self._go_on(now)
        for each in due(now, list(self.runs.values()), JOBS, CALENDAR, lease=LEASE):
            key = (each.job, each.day)
            run = Run(*key, "running", each.attempt, now, None)
            self.runs[key] = run
            self.begun.append((now, each.window))
            self.open_.append((run, fates[len(self.begun) % len(fates)]))

    def _go_on(self, now: datetime) -> None:
        """What was begun comes to its end, unless it died."""
        for run, fate in self.open_:
            key = (run.job, run.day)
            if fate == "died" or self.runs[key] is not run:
                continue
            if fate == "done":
                self.done[key] += 1
                self.runs[key] = replace(run, status="done", finished_at=now)
            elif run.attempts >= TABLE[run.job].attempts:
                self.runs[key] = replace(run, status="failed", finished_at=now)
            else:
                self.runs[key] = replace(run, finished_at=now)
        self.open_.clear()


STARTS = st.sampled_from(["2024-03-07", "2024-06-12", "2024-11-01", "2024-11-27", "2024-12-23"])
STEPS = st.lists(
    st.one_of(
        st.integers(1, 120),  # seconds between looks that are near
        st.integers(60, 6 * 3600),
        st.integers(3600, 4 * 86_400),  # nobody looked for days
    ),
    min_size=1,
    max_size=60,
)
FATES = st.lists(st.sampled_from(["done", "done", "done", "died", "failed"]), min_size=1)


@given(first=STARTS, steps=STEPS, fates=FATES)
def test_each_job_is_done_at_most_once_a_day_and_only_while_it_is_of_use(
    first: str, steps: list[int], fates: list[str]
) -> None:
    world, now = World(), new_york(f"{first} 00:00").astimezone(UTC)
    for step in steps:
        now += timedelta(seconds=step)
        world.look(now, fates)
    assert all(count == 1 for count in world.done.values())
    for at, each in world.begun:
        assert each.due_at <= at < each.until
    tried = Counter((each.job, each.day) for _, each in world.begun)
    assert all(count <= TABLE[job].attempts for (job, _), count in tried.items())


@given(first=STARTS, steps=STEPS)
def test_each_job_is_done_once_a_trading_day_if_anybody_looked_in_its_time(
    first: str, steps: list[int]
) -> None:
    world, looks = World(), []
    now = new_york(f"{first} 00:00").astimezone(UTC)
    for step in steps:
        now += timedelta(seconds=step)
        looks.append(now)
        world.look(now, ["done"])
    world._go_on(now)
    began, ended = looks[0].astimezone(NEW_YORK).date(), looks[-1].astimezone(NEW_YORK).date()
    days = [began + timedelta(days=each) for each in range((ended - began).days + 1)]
    for job in JOBS:
        known: list[date] = []
        for each in windows(job, days, CALENDAR):
            inside = [look for look in looks if each.due_at <= look < each.until]
            # A job that is caught up is so since the first day on which it was known.
            today = any(look.astimezone(NEW_YORK).date() == each.day for look in inside)
            wanted = bool(inside) and (today or (bool(known) and TABLE[job.name].caught_up))
            if wanted:
                known.append(each.day)
            assert world.done[job.name, each.day] == wanted
