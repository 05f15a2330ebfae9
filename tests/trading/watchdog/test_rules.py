"""The table of rules, one look at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.watchdog.looks import beat, kinds, seen
from trading.errors import OptionError
from trading.watchdog.hours import hours
from trading.watchdog.rules import RULES, findings
from trading.watchdog.seen import JobSeen
from trading.watchdog.services import Answer

DOWN = "2026-03-10T13:59:50+00:00"
ENDED = {"ended": True, "state": "ended"}
SILENT = {"up": False, "for_s": 61.0, "text": "the line to the broker is down"}


def test_a_process_that_is_well_and_a_machine_without_one_have_no_findings() -> None:
    assert kinds(seen(beat())) == []
    assert kinds(seen()) == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"age": 299}, []),
        ({"age": 301}, ["heartbeat_old"]),
        ({"age": 86_000, **ENDED}, []),
        ({**ENDED, "error": "the feed failed"}, ["process_failed"]),
        ({"state": "idle"}, []),
        ({"state": "idle", "error": "the feed failed"}, ["session_failed"]),
        ({"feed_state": "stale"}, ["feed_stale"]),
        ({"feed_state": "lost"}, ["feed_stale"]),
        ({"feed_state": "waiting", "feed_silent_s": 61}, ["feed_stale"]),
        ({"feed_state": "lost", "market_open": False}, []),
        ({"feed_state": "lost", "market_open": None}, []),  # a recording has no clock
        ({"feed_state": "lost", "state": "idle"}, []),
        ({"feed_state": "lost", "age": 400}, ["heartbeat_old"]),  # it says nothing of now
        ({"journal": {"file": "j", "bytes": 1, "age_s": 121}}, ["journal_still"]),
        ({"journal": {"file": "j", "bytes": 1, "age_s": 121}, "market_open": False}, []),
        ({"journal": None}, []),
        ({"went_down": DOWN, "uptime_s": 599}, ["process_restarted"]),
        ({"went_down": DOWN, "uptime_s": 601}, []),
        ({"database_failing": True, "rows_waiting": 7}, ["rows_waiting"]),
        ({"broker": SILENT | {"up": True}}, []),
        ({"broker": SILENT}, ["broker_down"]),
        ({"broker": SILENT | {"for_s": 59.0}}, []),
        ({"broker": SILENT, "market_open": False}, []),
    ],
)
def test_what_a_heartbeat_says(said: dict[str, Any], expected: list[str]) -> None:
    assert kinds(seen(beat(**said))) == expected


@pytest.mark.parametrize(
    ("alive", "age", "expected"),
    [
        (False, 1, ["process_gone"]),  # killed a second ago
        (True, 3600, ["heartbeat_old"]),  # it hangs
        (None, 400, ["heartbeat_old"]),  # on another machine
        (None, 601, ["process_gone"]),
    ],
)
def test_a_process_is_gone_when_it_is_seen_to_be_or_was_silent_for_long(
    alive: bool | None, age: float, expected: list[str]
) -> None:
    assert kinds(seen(beat(age=age), alive=alive)) == expected


def test_what_it_held_is_said_of_a_process_that_is_gone() -> None:
    (finding,) = findings(seen(beat(position="long 2 MES"), alive=False))
    assert finding.found.text == "its last heartbeat was 10 seconds ago; it held long 2 MES"
    assert finding.title == "a: the trading process is gone"
    assert "broker" in finding.rule.remedy


def test_a_process_that_ended_in_order_is_missed_only_where_it_is_expected() -> None:
    over = beat(**ENDED)
    assert kinds(seen(over, alive=False)) == []
    assert kinds(seen(over, alive=False, expected=frozenset({"a"}))) == ["process_gone"]
    (never,) = findings(seen(expected=frozenset({"b"})))
    assert never.found.text == "it is meant to run now; it was never heard"


@pytest.mark.parametrize(
    ("look", "expected"),
    [
        ({"memory_percent": 85.0}, []),
        ({"memory_percent": 85.1}, ["memory_high"]),
        ({"disk_free": 500_000_000}, []),
        ({"disk_free": 499_999_999}, ["disk_low"]),
        ({"clock_kept": False}, ["clock_free"]),
        ({"clock_kept": None}, []),
        ({"database": Answer(error="no route")}, ["database_unreachable"]),
        ({"database": Answer(skew_s=-2.5), "redis": Answer(skew_s=2.0)}, ["clock_skew"] * 2),
        ({"database": Answer(skew_s=1.9)}, []),
        ({"redis": Answer(error="refused")}, ["redis_unreachable"]),
        ({"notifications": {"error": "3 notices wait"}}, ["notifications_stuck"]),
        ({"notifications": {"error": ""}}, []),
    ],
)
def test_what_the_machine_and_the_services_say(look: dict[str, Any], expected: list[str]) -> None:
    assert kinds(seen(beat(), **look)) == expected


def test_each_job_that_went_wrong_is_a_finding_of_its_own() -> None:
    jobs = tuple(
        JobSeen(job=name, day="2026-03-10", status=status, result="")
        for name, status in (("recap", "failed"), ("parity", "missed"), ("digest", "failed"))
    )
    found = findings(seen(jobs=jobs))
    assert [(one.rule.kind, one.found.about) for one in found] == [
        ("job_failed", "recap 2026-03-10"),
        ("job_failed", "digest 2026-03-10"),
        ("job_missed", "parity 2026-03-10"),
    ]
    assert len({one.key for one in found}) == 3


def test_every_rule_has_a_name_and_a_remedy_of_its_own() -> None:
    assert len({rule.kind for rule in RULES}) == len(RULES)
    assert all(rule.remedy and rule.title for rule in RULES)


@given(
    st.fixed_dictionaries({
        "age": st.floats(0, 86_400), "state": st.sampled_from(["starting", "running", "idle"]),
        "ended": st.booleans(), "error": st.sampled_from(["", "broken"]),
        "feed_state": st.sampled_from(["waiting", "warming", "live", "lost", "stale", "ended"]),
        "market_open": st.sampled_from([True, False, None]), "feed_silent_s": st.floats(0, 900),
    }),
    st.sampled_from([True, False, None]),
)  # fmt: skip
def test_a_process_is_told_to_be_gone_or_silent_or_ill_but_never_two_of_them(
    said: dict[str, Any], alive: bool | None
) -> None:
    found = set(kinds(seen(beat(**said), alive=alive)))
    assert len(found & {"process_gone", "heartbeat_old", "process_failed"}) <= 1
    if found & {"process_gone", "heartbeat_old"}:
        assert not found & {"feed_stale", "journal_still", "session_failed"}
    if said["ended"]:
        assert found <= {"process_failed"}


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 3, 10, 13, 24, tzinfo=UTC), False),  # 9:24 New York
        (datetime(2026, 3, 10, 13, 25, tzinfo=UTC), True),
        (datetime(2026, 3, 10, 20, 4, tzinfo=UTC), True),
        (datetime(2026, 3, 10, 20, 5, tzinfo=UTC), False),
        (datetime(2026, 3, 8, 15, 0, tzinfo=UTC), False),  # Sunday
        (datetime(2026, 11, 27, 17, 0, tzinfo=UTC), True),  # noon on a day that closes early
        (datetime(2026, 11, 27, 18, 30, tzinfo=UTC), False),
        (datetime(2026, 12, 25, 17, 0, tzinfo=UTC), False),
    ],
)
def test_hours_are_new_yorks_on_trading_days(at: datetime, expected: bool) -> None:
    assert hours("paper-MES=09:25-16:05").expects(at) is expected


def test_hours_may_begin_the_evening_before() -> None:
    night = hours("paper-MES=18:00-16:55")
    assert night.expects(datetime(2026, 3, 8, 23, 0, tzinfo=UTC))  # Sunday 19:00
    assert night.expects(datetime(2026, 3, 10, 4, 30, tzinfo=UTC))
    assert not night.expects(datetime(2026, 3, 13, 23, 0, tzinfo=UTC))  # Friday 19:00


@pytest.mark.parametrize("text", ["", "a", "a=9:00-16:00", "a=09:00-25:00", "a b=09:00-16:00"])
def test_what_are_no_hours_is_said(text: str) -> None:
    with pytest.raises(OptionError, match="are no hours"):
        hours(text)


def test_hours_do_not_go_past_the_end_of_the_trading_day() -> None:
    with pytest.raises(OptionError, match="17:00"):
        hours("a=16:00-18:00")


@pytest.mark.parametrize(
    ("silent", "expected"),
    [
        ({"worker-a": timedelta(seconds=120), "beat-a": timedelta(0)}, []),
        ({"worker-a": timedelta(seconds=121), "worker-b": timedelta(0)}, ["worker_silent"]),
        ({"beat-a": timedelta(hours=1)}, ["beat_silent"]),
    ],
)
def test_workers_and_beat_are_missed_after_two_minutes(
    silent: dict[str, timedelta], expected: list[str]
) -> None:
    assert kinds(seen(silent=silent)) == expected


def test_pages_that_do_not_answer_are_said_with_the_reason() -> None:
    (found,) = findings(seen(pages="Connection refused"))
    assert (found.rule.kind, found.found.text) == ("pages_silent", "Connection refused")
