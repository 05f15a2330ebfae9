"""A trading day from 09:20 to 17:15 in some four minutes, with every process of an installation, on
PostgreSQL and Redis. In its course each process is killed once, Redis too, and the database is away
for a while."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.day.processes import until
from tests.day.world import ACCOUNT, DAY, World, world

pytestmark = [pytest.mark.services, pytest.mark.slow]

TODAY = DAY.date().isoformat()
JOBS = ("preflight", "start", "flatten", "digest", "roll", "recap", "parity")
COMMANDS = ("halt", "resume", "flatten")
DOWN_S = 3.0
"""So long a killed process stays away: six minutes of the day."""


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The day, when it is over."""
    with world(tmp_path_factory.mktemp("day")) as made:
        made.start()
        made.wait_for(10, 30)
        until(lambda: made.rows("select 1 from trading_session"), "the session began")
        made.answered = {kind: made.command(kind) for kind in COMMANDS}
        made.processes["worker"].kill(down_s=DOWN_S)
        made.wait_for(11, 10)
        made.processes["beat"].kill(down_s=DOWN_S)
        made.wait_for(11, 50)
        made.processes["web"].kill(down_s=DOWN_S)
        made.wait_for(12, 30)
        made.processes["pipeline"].kill(down_s=DOWN_S)
        made.wait_for(13, 30)
        made.processes["watchdog"].kill(down_s=DOWN_S)
        made.wait_for(14, 0)
        made.redis.kill()
        made.wait_for(14, 6)
        made.redis.start()
        made.wait_for(14, 40)
        made.line.refuse()
        made.wait_for(15, 12)
        made.line.mend()
        made.wait_for(17, 15)
        until(lambda: _all_over(made), "the day's jobs are done", 120.0)
        until(lambda: not _waiting(made), "all notices are delivered", 60.0)
        made.end()
        yield made


def _all_over(made: World) -> bool:
    jobs = made.jobs()
    return all(jobs.get(job, ("", 0))[0] in ("done", "failed", "skipped") for job in JOBS)


def _waiting(made: World) -> list[tuple[object, ...]]:
    return made.rows("select id from trading_delivery where status = 'waiting'")


def test_every_job_of_the_day_was_done_once(day: World) -> None:
    found = day.jobs()
    assert {job: found[job][0] for job in JOBS} == dict.fromkeys(JOBS, "done")
    assert day.rows("select job, day from trading_jobrun group by 1, 2 having count(*) > 1") == []


def test_the_session_began_in_the_morning_and_ended_with_the_day(day: World) -> None:
    ((status, trades, starts),) = day.rows(
        "select s.status, s.trades_closed, s.starts from trading_session s "
        f"join trading_account a on a.id = s.account_id where a.name = '{ACCOUNT}'"
    )
    assert status in ("ended", "stopped")
    assert trades > 0
    assert starts >= 1


def test_commands_over_the_api_were_executed(day: World) -> None:
    assert day.answered == dict.fromkeys(COMMANDS, "done")


def test_nothing_is_open_at_the_end(day: World) -> None:
    assert day.rows("select id from trading_trade where status in ('waiting', 'open')") == []
    assert (
        day.rows(
            "select id from trading_order where status in "
            "('sent', 'working', 'partial', 'cancelling')"
        )
        == []
    )


def test_each_process_came_back_once(day: World) -> None:
    lives = {name: each.lives for name, each in day.processes.items()}
    assert lives == dict.fromkeys(day.processes, 2)


@pytest.mark.parametrize(
    "rule",
    [
        "process_gone",
        "worker_silent",
        "beat_silent",
        "pages_silent",
        "redis_unreachable",
        "database_unreachable",
    ],
)
def test_what_was_killed_was_noticed(day: World, rule: str) -> None:
    assert day.notices(f"watchdog_{rule}")


def test_every_process_ends_in_order(day: World) -> None:
    # uvicorn ends in order, and then by the signal that it was sent.
    assert day.exits == {**dict.fromkeys(day.processes, 0), "web": -signal.SIGTERM}


@pytest.mark.parametrize(
    "kind",
    [
        "session_started",
        "restarted",
        "halted",
        "resumed",
        "flatten",
        "trade_opened",
        "trade_closed",
        "digest",
    ],
)
def test_discord_heard_of(day: World, kind: str) -> None:
    """By itself, or where there were many within a real minute, in one message with others."""
    states = day.rows(
        "select d.status, n.title from trading_delivery d "
        f"join trading_notice n on n.id = d.notice_id where n.kind = '{kind}'"
    )
    assert states
    unseen = [title for status, title in states if status == "sent" and not _seen(day, title)]
    groups = [title for title in day.discord.titles if " × " in title]
    assert {status for status, _ in states} <= {"sent", "grouped"}
    assert len(unseen) <= len(groups)  # each gave its place to a message of several


def _seen(day: World, title: str) -> bool:
    return title in day.discord.titles


def test_every_notice_was_delivered(day: World) -> None:
    states = day.rows("select status, count(*) from trading_delivery group by status")
    assert {state for state, _ in states} <= {"sent", "grouped"}
    # A message stands for one that was sent, and for those grouped with it. Only a deliverer that
    # was killed between sending and marking, as two may have been, sends one again.
    sent = dict(states)["sent"]
    assert sent <= len(day.discord.posts) <= sent + 2


def test_each_trade_was_told_once(day: World) -> None:
    (closed,) = day.rows("select count(*) from trading_trade where status = 'closed'")
    told = day.rows("select count(*) from trading_notice where kind = 'trade_closed'")
    assert told == [closed]


def test_the_digest_has_a_picture(day: World) -> None:
    (found,) = [post for post in day.discord.posts if post.title in day.notices("digest")]
    ((_, kind, picture),) = found.files.values()
    assert kind == "image/png"
    assert picture.startswith(b"\x89PNG")


def test_heartbeats_never_ceased_but_while_the_process_was_dead(day: World) -> None:
    (count,) = day.rows(
        f"select count(*) from trading_heartbeat where account = '{ACCOUNT}' "
        f"and ts between '{TODAY} 15:00Z' and '{TODAY} 21:00Z'"
    )[0]
    assert count > 100  # of 720: 30 s of that day are a quarter of a second


def test_the_recap_is_written_and_exported(day: World) -> None:
    name = f"{TODAY}_recap.json"
    written = (day.data / "recaps" / name).read_bytes()
    (exported,) = day.export.rglob(name)
    assert exported.read_bytes() == written
    sessions = json.loads(written)["sessions"]
    assert len(sessions) == 1
    verified = day.rows("select distinct status from trading_export")
    assert verified == [("verified",)]


def test_the_backtest_of_the_same_ticks_decides_the_same(day: World) -> None:
    kinds = day.rows("select kind from trading_auditevent where kind like 'parity%'")
    assert kinds == [("parity",)]


def test_no_secret_is_in_any_log(day: World) -> None:
    for log in day.folder.glob("*.log"):
        said = Path(log).read_text(errors="replace")
        assert day.discord.url.rsplit("/", 1)[-1] not in said
        assert day.environment["SECRET_KEY"] not in said
