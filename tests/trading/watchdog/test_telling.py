"""What is said and when: time passes minute by minute, the findings come and go."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.trading.watchdog.looks import NOW, beat, seen
from trading.notify import News
from trading.watchdog.rules import COOL_DOWN, Finding, findings
from trading.watchdog.seen import JobSeen
from trading.watchdog.telling import Episode, Episodes, tell

MINUTE = timedelta(minutes=1)
DISK: dict[str, Any] = {"disk_free": 1}
MEMORY: dict[str, Any] = {"memory_percent": 99.0}
NOTHING: dict[str, Any] = {}


def found(**look: Any) -> list[Finding]:
    return findings(seen(**look))


class Minutes:
    """A look a minute. `said`: minute and notice."""

    def __init__(self) -> None:
        self.known: Episodes = {}
        self.minute = 0
        self.said: list[tuple[int, News]] = []

    def pass_(self, minutes: int, wrong: Sequence[Finding] = ()) -> list[tuple[int, str]]:
        for _ in range(minutes):
            self.known, news = tell(self.known, wrong, NOW + self.minute * MINUTE)
            self.said += [(self.minute, one) for one in news]
            self.minute += 1
        return [(minute, one.kind.removeprefix("watchdog_")) for minute, one in self.said]


def test_what_lasts_is_said_again_after_the_cool_down() -> None:
    assert Minutes().pass_(46, found(**DISK)) == [
        (0, "disk_low"), (15, "disk_low"), (30, "disk_low"), (45, "disk_low"),
    ]  # fmt: skip


def test_the_end_is_told_once_when_two_looks_found_nothing() -> None:
    minutes = Minutes()
    minutes.pass_(3, found(**DISK))
    minutes.pass_(1)
    minutes.pass_(1, found(**DISK))  # it only seemed to be over
    assert minutes.pass_(30) == [(0, "disk_low"), (6, "over")]
    over = minutes.said[-1][1]
    assert (over.title, over.level) == ("All well again", "good")
    assert over.facts == [("The disk is nearly full", "over after 4 minutes")]


def test_all_is_well_only_when_nothing_is_wrong() -> None:
    minutes = Minutes()
    minutes.pass_(2, found(**DISK, **MEMORY))
    minutes.pass_(5, found(**MEMORY))
    minutes.pass_(5)
    assert [one.title for _, one in minutes.said[2:]] == ["Over", "All well again"]


def test_what_is_only_worth_knowing_does_not_keep_all_from_being_well() -> None:
    minutes = Minutes()
    minutes.pass_(2, found(**DISK, clock_kept=False))
    minutes.pass_(5, found(clock_kept=False))
    assert minutes.said[-1][1].title == "All well again"


def test_what_comes_back_within_its_cool_down_is_not_said_nor_that_it_ended() -> None:
    minutes = Minutes()
    minutes.pass_(1, found(**DISK))
    minutes.pass_(3)
    minutes.pass_(3, found(**DISK))
    assert minutes.pass_(5) == [(0, "disk_low"), (2, "over")]
    assert minutes.pass_(10, found(**DISK))[2:] == [(15, "disk_low")]


def test_accounts_have_cool_downs_of_their_own() -> None:
    minutes = Minutes()
    minutes.pass_(5, findings(seen(beat("a"), alive=False)))
    minutes.pass_(1, findings(seen(beat("a"), beat("b"), alive=False)))
    assert [(minute, one.account) for minute, one in minutes.said] == [(0, "a"), (5, "b")]


def test_a_job_is_told_once_and_not_that_it_is_over() -> None:
    job = JobSeen(job="recap", day="2026-03-10", status="failed", result="no room")
    minutes = Minutes()
    minutes.pass_(600, found(jobs=(job,)))
    assert minutes.pass_(10) == [(0, "job_failed")]
    assert minutes.said[0][1].text == "Recap of 2026-03-10: no room."


def test_each_restart_after_a_kill_is_told_once() -> None:
    minutes = Minutes()
    for start in ("2026-03-10T14:29:00+00:00", "2026-03-10T14:33:00+00:00"):
        new = beat(went_down="2026-03-10T14:28:00+00:00", uptime_s=60, started_at=start)
        minutes.pass_(4, findings(seen(new)))
    assert minutes.pass_(10) == [(0, "process_restarted"), (4, "process_restarted")]


def test_a_notice_says_what_is_wrong_and_what_to_do() -> None:
    minutes = Minutes()
    minutes.pass_(16, findings(seen(beat(), alive=False)))
    first, again = (one for _, one in minutes.said)
    assert (first.kind, first.level, first.account) == ("watchdog_process_gone", "critical", "a")
    assert first.title == "a: the trading process is gone"
    assert [name for name, _ in first.facts] == ["What", "Do"]
    assert again.facts[1] == ("Since", "15 minutes")
    assert first.key != again.key


WRONG = [NOTHING, DISK, MEMORY, DISK | MEMORY]


@given(st.lists(st.sampled_from(WRONG), min_size=1, max_size=80), st.data())
def test_keys_are_unique_and_a_watchdog_that_is_started_again_says_nothing_twice(
    looks: list[dict[str, Any]], data: st.DataObject
) -> None:
    known: Episodes = {}
    said: list[News] = []
    told: dict[str, datetime] = {}
    now = NOW
    for look in looks:
        now += timedelta(seconds=data.draw(st.integers(1, 900)))
        wrong = found(**look)
        before = known
        known, news = tell(before, wrong, now)
        # It dies before it could keep what it did, and does it again from what it had.
        assert tell(before, wrong, now)[1] == news
        # What it keeps comes back as it was.
        known = {key: Episode.from_json(each.to_json()) for key, each in known.items()}
        said += news
        for one in news:
            if not one.kind.endswith("over"):
                assert now - told.get(one.kind, NOW - COOL_DOWN) >= COOL_DOWN
                told[one.kind] = now
    assert len({one.key for one in said}) == len(said)


@given(st.integers(0, 14 * 60), st.integers(0, 14 * 60))
def test_a_watchdog_that_lost_its_memory_makes_the_same_key_in_the_same_cool_down(
    first: int, second: int
) -> None:
    """NOW begins a quarter of an hour."""
    keys = {
        tell({}, found(**DISK), NOW + timedelta(seconds=each))[1][0].key
        for each in (first, second)
    }  # fmt: skip
    assert len(keys) == 1
