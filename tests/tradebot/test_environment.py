"""What the environment may say, and what is answered when it says nonsense."""

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tradebot import environment
from tradebot.environment import BadEnvironment

REPOSITORY = Path(__file__).parents[2]
Manage = Callable[..., subprocess.CompletedProcess[str]]

SHOW = """
import json
from django.conf import settings as s
print(json.dumps({
    "debug": s.DEBUG, "embedded": s.EMBEDDED, "key": s.SECRET_KEY, "hosts": s.ALLOWED_HOSTS,
    "engine": s.DATABASES["default"]["ENGINE"], "name": str(s.DATABASES["default"]["NAME"]),
    "host": s.DATABASES["default"].get("HOST"), "password": s.DATABASES["default"].get("PASSWORD"),
    "options": s.DATABASES["default"]["OPTIONS"],
    "layer": s.CHANNEL_LAYERS["default"]["BACKEND"], "cache": s.CACHES["default"]["BACKEND"],
    "broker": s.CELERY_BROKER_URL, "eager": getattr(s, "CELERY_TASK_ALWAYS_EAGER", False),
}))
"""


@pytest.fixture
def python(tmp_path: Path) -> Manage:
    """Run python in a bare environment with these variables and an empty DATA_DIR."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "ENV_FILE": ""}
        bare |= {"DATA_DIR": str(tmp_path / "data"), "DJANGO_SETTINGS_MODULE": "tradebot.settings"}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=REPOSITORY,
            env=bare | variables,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    return run


def shown(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_nothing_configured_is_a_working_product_in_one_process(python, tmp_path):
    found = shown(python("-c", SHOW))

    assert found["embedded"] is True
    assert found["debug"] is False
    assert found["engine"] == "django.db.backends.sqlite3"
    assert found["name"] == str(tmp_path / "data" / "tradebot.sqlite3")
    assert found["options"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in found["options"]["init_command"]
    assert found["layer"] == "channels.layers.InMemoryChannelLayer"
    assert found["eager"] is True
    assert found["hosts"] == ["127.0.0.1", "localhost", "[::1]"]


def test_secret_key_is_made_once_and_for_its_owner_only(python, tmp_path):
    first, second = shown(python("-c", SHOW)), shown(python("-c", SHOW))

    file = tmp_path / "data" / "secret_key"
    assert first["key"] == second["key"] == file.read_text()
    assert len(first["key"]) >= 50
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert [one.name for one in file.parent.iterdir()] == ["secret_key"]


def test_services_are_used_when_their_addresses_are_given(python):
    found = shown(
        python(
            "-c",
            SHOW,
            DATABASE_URL="postgres://me:p%40ss%23word@db.example:5433/trades",
            REDIS_URL="redis://cache.example:6379/3",
            SECRET_KEY="$given",
        )
    )

    assert found["embedded"] is False
    assert found["engine"] == "django.db.backends.postgresql"
    assert (found["host"], found["name"]) == ("db.example", "trades")
    assert found["password"] == "p@ss#word"
    assert found["options"]["pool"]["max_size"] == 10
    assert found["layer"] == "channels_redis.pubsub.RedisPubSubChannelLayer"
    assert found["broker"] == "redis://cache.example:6379/3"
    assert found["eager"] is False
    assert found["key"] == "$given"


def test_values_come_from_the_env_file_unless_the_environment_has_them(python, tmp_path):
    file = tmp_path / "some.env"
    file.write_text("DEBUG=1\nALLOWED_HOSTS=one.example, two.example\n")

    found = shown(python("-c", SHOW, ENV_FILE=str(file), DEBUG="off"))

    assert found["hosts"] == ["one.example", "two.example"]
    assert found["debug"] is False


POSTGRES = {"SECRET_KEY": "x"}


@pytest.mark.parametrize(
    ("variables", "remedy"),
    [
        ({"DATABASE_URL": "postgres://u:hunter2@h/db"}, "SECRET_KEY is not set"),
        ({"DATABASE_URL": "mysql://u:hunter2@h/db", **POSTGRES}, "set it to postgres://"),
        ({"DATABASE_URL": "nonsense", **POSTGRES}, "set it to postgres://"),
        ({"DATABASE_URL": "postgres://u:hunter2@h:port/db", **POSTGRES}, "set it to postgres://"),
        ({"DATABASE_URL": "postgres://u:hunter2@h", **POSTGRES}, "names no database"),
        ({"DATABASE_URL": "postgres:///db", **POSTGRES}, "names no host"),
        ({"DATABASE_URL": "postgres://u:hunter2#1@h/db", **POSTGRES}, "percent-encode"),
        ({"REDIS_URL": "127.0.0.1:6379"}, "set it to redis://"),
        ({"REDIS_URL": "redis://:hunter2@h:99999/0"}, "set it to redis://"),
        ({"REDIS_URL": "redis://:hunter2@h/zero"}, "has no number as its database"),
        ({"DEBUG": "maybe"}, "set it to 1 or 0"),
        ({"LOG_LEVEL": "LOUD"}, "one of DEBUG, INFO, WARNING, ERROR"),
        (
            {"DATABASE_POOL_SIZE": "many", "DATABASE_URL": "postgres://u@h/d", **POSTGRES},
            "from 1 to 200",
        ),
        ({"WARMUP_HOURS": "49"}, "from 0 to 48"),
        ({"WARMUP_MAX_COST": "free"}, "an amount like 2.50"),
        ({"WARMUP_MAX_COST": "-1"}, "an amount like 2.50"),
        ({"DATA_DIR": "/dev/null/data"}, "which cannot be made a folder"),
        ({"ENV_FILE": "/nowhere/.env"}, "not a file"),
    ],
)
def test_nonsense_ends_in_one_line_that_names_variable_and_remedy(python, variables, remedy):
    done = python("manage.py", "check", **variables)

    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert any(name in done.stderr for name in (*variables, "SECRET_KEY"))
    assert remedy in done.stderr
    assert "hunter2" not in done.stderr


def test_commands_start_without_the_heavy_libraries(python):
    heavy = "{'pandas', 'databento', 'numba', 'pyarrow', 'plotly', 'async_rithmic'}"
    done = python(
        "-c",
        "import sys; from django.core.management import execute_from_command_line as run;"
        f"run(['manage.py', 'check']); print({heavy} & set(sys.modules))",
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("set()")


def test_migrate_and_command_share_one_process(python, tmp_path):
    done = python("-m", "tradebot", "showmigrations", "sessions")

    assert done.returncode == 0, done.stderr
    assert "[X] 0001_initial" in done.stdout
    assert (tmp_path / "data" / "tradebot.sqlite3").is_file()


def test_two_processes_that_start_together_read_the_same_key(monkeypatch, tmp_path):
    """The other process makes its key after we looked and before we make ours."""
    monkeypatch.delenv("SECRET_KEY")
    real_link = os.link

    def link(draft, path):
        Path(path).write_text("the other's")
        real_link(draft, path)

    monkeypatch.setattr(os, "link", link)

    assert environment.secret_key("SECRET_KEY", tmp_path, embedded=True) == "the other's"
    assert [one.name for one in tmp_path.iterdir()] == ["secret_key"]


def test_unix_socket_folder_is_taken_as_host(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://me@/trades?host=/run/pg")

    found = environment.postgres("DATABASE_URL")

    assert found is not None
    assert (found["HOST"], found["NAME"], found["USER"]) == ("/run/pg", "trades", "me")
    assert "host" not in found["OPTIONS"]


@pytest.mark.parametrize(("value", "meant"), [("1", True), ("Yes", True), ("off", False)])
def test_flags(monkeypatch, value, meant):
    monkeypatch.setenv("SOME_FLAG", value)

    assert environment.flag("SOME_FLAG", default=not meant) is meant


def test_whole_number_outside_its_range_is_refused(monkeypatch):
    monkeypatch.setenv("PORT", "70000")

    with pytest.raises(BadEnvironment, match="PORT is '70000'; set it to a whole number from 1 to"):
        environment.whole_number("PORT", 8000, low=1, high=65535)


def test_every_variable_is_described_in_the_example():
    read = re.findall(
        r"environment\.\w+\(\s*\"([A-Z_]+)\"", (REPOSITORY / "tradebot/settings.py").read_text()
    )
    described = re.findall(r"^#([A-Z_]+)=", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)

    assert len(read) >= 12
    assert set(described) == {*read, "ENV_FILE"}


@pytest.mark.parametrize(
    ("name", "read", "value", "problem"),
    [
        ("DISCORD_WEBHOOK_URL", "webhook", "http://discord.com/api/webhooks/1/s3cret", "no https"),
        ("DISCORD_WEBHOOK_URL", "webhook", "https://discord.com/channels/1/s3cret", "no webhook"),
        ("PUBLIC_URL", "public_address", "trading.example.org", "no http"),
        ("PUBLIC_URL", "public_address", "https://me:s3cret@example.org", "no http"),
    ],
)
def test_an_address_that_cannot_be_meant_is_refused_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, read: str, value: str, problem: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadEnvironment, match=f"{name} is not a") as error:
        getattr(environment, read)(name)
    assert "s3cret" not in str(error.value), problem


def test_addresses_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("https://discord.com/api/webhooks/1/a", "http://127.0.0.1:9/api/webhooks/1/a"):
        monkeypatch.setenv("A_WEBHOOK", value)
        assert environment.webhook("A_WEBHOOK") == value
    monkeypatch.setenv("PUBLIC_URL", "https://trading.example.org/")
    assert environment.public_address("PUBLIC_URL") == "https://trading.example.org"
    monkeypatch.delenv("PUBLIC_URL")
    assert environment.public_address("PUBLIC_URL") == ""
