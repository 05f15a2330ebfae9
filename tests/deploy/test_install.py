"""install.sh and tradebotctl on a server that is a folder."""

import os
import re
import stat
from pathlib import Path

import pytest

from tests.deploy.server import Server

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="install.sh wants to be root")


@pytest.fixture
def server(tmp_path: Path) -> Server:
    return Server(tmp_path)


@pytest.fixture
def installed(server: Server) -> Server:
    done = server.install()
    assert done.returncode == 0, done.stdout + done.stderr
    server.calls()
    return server


def systemctl(calls: list[str], what: str) -> list[str]:
    """Units in the order in which that was done to them."""
    found = (call.split()[2:] for call in calls if call.startswith(f"systemctl {what} "))
    return [re.sub(r"^tradebot-|\.service$", "", unit) for units in found for unit in units]


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def test_a_dry_run_says_everything_and_changes_nothing(server: Server):
    before = sorted(server.root.rglob("*"))

    done = server.install("--dry-run")

    assert done.returncode == 0, done.stderr
    assert "would: systemctl start tradebot-pipeline@paper-MES.service" in done.stdout
    assert done.stdout.endswith("Nothing was changed.\n")
    assert server.calls() == []
    assert sorted(server.root.rglob("*")) == before


def test_a_bare_server_runs_everything_afterwards(server: Server):
    server.flag("no-packages")

    done = server.install()

    assert done.returncode == 0, done.stdout + done.stderr
    calls = server.calls()
    assert any(
        "install -y" in call and "postgresql redis-server" in call.replace("postgresql-client ", "")
        for call in calls
    )
    assert systemctl(calls, "start") == [
        "backup.timer", "pipeline@paper-MES", "web", "worker", "beat", "watchdog",
    ]  # fmt: skip
    assert server.current == "1.0"
    units = server.root / "etc/systemd/system"
    assert (units / "tradebot-.service.d/10-hardening.conf").is_file()
    assert (server.root / "usr/local/sbin/tradebotctl").is_symlink()
    # Nobody trades on tables that are not there yet.
    assert calls.index("1.0: manage.py migrate --no-input") < calls.index(
        "systemctl start tradebot-pipeline@paper-MES.service"
    )


def test_secrets_are_made_once_kept_apart_and_never_said(installed: Server):
    env = installed.root / "etc/tradebot/env"
    settings, before = installed.settings(), env.read_text()
    database = re.fullmatch(
        r"postgres://tradebot:(\w{32})@127\.0\.0\.1:5432/tradebot", settings["DATABASE_URL"]
    )
    cache = re.fullmatch(r"redis://:(\w{32})@127\.0\.0\.1:6379/0", settings["REDIS_URL"])
    assert database
    assert cache
    assert len(settings["SECRET_KEY"]) == 50
    assert f"password '{database[1]}'" in installed.sql()
    redis = installed.root / "etc/redis/tradebot.conf"
    assert f"requirepass {cache[1]}" in redis.read_text()
    assert (mode(env), mode(redis)) == ("0o640", "0o640")

    again = installed.install()

    assert again.returncode == 0, again.stderr
    assert env.read_text() == before
    said = again.stdout + again.stderr + "".join(installed.calls())
    assert not [
        secret for secret in (database[1], cache[1], settings["SECRET_KEY"]) if secret in said
    ]


def test_what_the_operator_wrote_stays_and_only_what_is_missing_is_added(server: Server):
    env = server.root / "etc/tradebot/env"
    env.parent.mkdir(parents=True)
    env.write_text("DATABASE_URL=postgres://me:secret@db.example:5432/trades\nLOG_LEVEL=DEBUG\n")

    assert server.install().returncode == 0

    settings = server.settings()
    assert settings["DATABASE_URL"] == "postgres://me:secret@db.example:5432/trades"
    assert settings["LOG_LEVEL"] == "DEBUG"
    assert settings["REDIS_URL"]
    assert not (server.folder / "calls.sql").exists()  # that database is somebody else's


def test_the_same_again_stops_nothing(installed: Server):
    done = installed.install()

    assert done.returncode == 0, done.stderr
    calls = installed.calls()
    assert systemctl(calls, "stop") == systemctl(calls, "restart") == []
    redis = (installed.root / "etc/redis/redis.conf").read_text()
    assert redis.count("include") == 1


def test_an_update_backs_up_stops_migrates_switches_and_starts(installed: Server):
    done = installed.install(version="1.1")

    assert done.returncode == 0, done.stdout + done.stderr
    calls = installed.calls()
    assert installed.current == "1.1"
    assert systemctl(calls, "stop") == [
        "watchdog", "beat", "worker", "web", "pipeline@paper-MES",
    ]  # fmt: skip
    told = "\n".join(calls)
    order = ["1.0: manage.py backup", "systemctl stop", "1.1: manage.py migrate", "systemctl start"]
    assert [told.index(each) for each in order] == sorted(told.index(each) for each in order)


def test_an_update_in_a_position_is_refused_unless_it_is_meant(installed: Server):
    installed.flag("open")

    refused = installed.install(version="1.1")

    assert refused.returncode == 1
    assert "paper-MES: LONG 2 MES" in refused.stderr
    assert "--anyway" in refused.stderr
    assert installed.current == "1.0"
    assert systemctl(installed.calls(), "stop") == []

    meant = installed.install("--anyway", version="1.1")

    assert meant.returncode == 0, meant.stderr
    assert "paper-MES: LONG 2 MES" in meant.stdout
    assert installed.current == "1.1"


@pytest.mark.parametrize(
    "flag", ["dead-1.1", "migrate-fails-1.1", "dead-tradebot-pipeline@paper-MES"]
)
def test_what_does_not_live_is_taken_back(installed: Server, flag: str):
    installed.flag(flag)

    done = installed.install(version="1.1")

    assert done.returncode == 1
    assert "1.0 is back" in done.stderr
    assert installed.current == "1.0"
    assert systemctl(installed.calls(), "start")[-3:] == ["worker", "beat", "watchdog"]


def test_without_a_backup_nothing_is_touched(installed: Server):
    installed.flag("backup-fails")

    done = installed.install(version="1.1")

    assert done.returncode == 1
    assert "nothing was changed" in done.stderr
    assert systemctl(installed.calls(), "stop") == []
    assert installed.current == "1.0"


def test_a_release_that_was_half_made_is_made_anew(installed: Server):
    half = installed.root / "opt/tradebot/releases/1.1"
    (half / "engine").mkdir(parents=True)
    (half / "left-over").touch()

    assert installed.install(version="1.1").returncode == 0

    assert not (half / "left-over").exists()
    assert (half / ".complete").exists()
    assert (half / "manage.py").exists()
    assert not (half / "tests").exists()


def test_three_releases_are_kept(installed: Server):
    for version in ("1.1", "1.2", "1.3"):
        assert installed.install(version=version).returncode == 0

    releases = installed.root / "opt/tradebot/releases"
    assert sorted(each.name for each in releases.iterdir()) == ["1.1", "1.2", "1.3"]


def test_ctl_starts_and_stops_in_order(installed: Server):
    (installed.root / "etc/tradebot/accounts/live-MES").write_text("TRADE_OPTIONS=--mode live\n")

    installed.ctl("stop")
    installed.ctl("start")

    calls = installed.calls()
    started = systemctl(calls, "start")
    assert started == [
        "pipeline@live-MES", "pipeline@paper-MES", "web", "worker", "beat", "watchdog",
    ]  # fmt: skip
    assert systemctl(calls, "stop") == started[::-1]


def test_ctl_says_what_is_open_before_it_stops_a_pipeline(installed: Server):
    installed.flag("open")

    assert "LONG 2 MES" in installed.ctl("restart", "pipeline", "paper-MES").stderr
    assert "LONG" not in installed.ctl("restart", "web").stderr


def test_ctl_makes_accounts_and_goes_back_to_the_release_before(installed: Server):
    done = installed.ctl("account", "live-MES", "--feed", "databento", "--mode", "live")

    assert done.returncode == 0, done.stderr
    made = installed.root / "etc/tradebot/accounts/live-MES"
    assert made.read_text() == "TRADE_OPTIONS=--feed databento --mode live\n"
    assert mode(made) == "0o640"
    installed.install(version="1.1")

    assert installed.ctl("rollback").returncode == 0
    assert installed.current == "1.0"


@pytest.mark.parametrize("words", [["frobnicate"], ["start", "engine"], ["account", "../x", "--a"]])
def test_ctl_refuses_what_it_does_not_know(installed: Server, words: list[str]):
    assert installed.ctl(*words).returncode != 0
    assert systemctl(installed.calls(), "start") == []
