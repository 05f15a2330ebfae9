"""The configuration of a server passes Django's own check for deployment."""

import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
SERVICE = {
    "DATABASE_URL": "postgres://tradebot:secret@127.0.0.1:5432/tradebot",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "SECRET_KEY": secrets.token_urlsafe(50),
    "BEHIND_HTTPS": "1",
    "ALLOWED_HOSTS": "trade.example.com,127.0.0.1",
    "CSRF_TRUSTED_ORIGINS": "https://trade.example.com",
}


def check(folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    bare = {"PATH": os.environ["PATH"], "ENV_FILE": "", "DATA_DIR": str(folder)}
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=REPOSITORY,
        env=bare | variables,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_servers_configuration_has_nothing_to_warn_of(tmp_path):
    done = check(tmp_path, **SERVICE)

    assert done.returncode == 0, done.stderr


def test_a_weak_key_is_warned_of(tmp_path):
    done = check(tmp_path, **SERVICE | {"SECRET_KEY": "short"})

    assert done.returncode == 1
    assert "security.W009" in done.stderr


@pytest.mark.parametrize("others", [{"BEHIND_HTTPS": "1"}, {"ALLOWED_HOSTS": "trade.example.com"}])
def test_debug_is_refused_where_others_may_open_the_page(tmp_path, others):
    done = check(tmp_path, DEBUG="1", **others)

    assert done.returncode == 1
    assert "DEBUG is 1 where others" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_every_silenced_check_has_its_reason():
    text = (REPOSITORY / "tradebot/settings.py").read_text()
    silenced = re.search(r"SILENCED_SYSTEM_CHECKS = \[\n(.*?)\n\]", text, re.DOTALL)
    assert silenced
    lines = [line.strip() for line in silenced[1].splitlines()]
    assert lines[0].startswith("#")
    assert sum(line.startswith('"') for line in lines) == 4


def test_pages_are_served_the_same_way_wherever_they_have_a_process_of_their_own():
    """uvicorn's own command line cannot set what they need."""
    compose = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
    starts = [
        (REPOSITORY / name).read_text()
        for name in ("Procfile", "Dockerfile", "deploy/systemd/tradebot-web.service")
    ]
    starts.append(" ".join(compose["services"]["web"]["command"]))
    for text in starts:
        assert "tradebot.web" in text
        assert "uvicorn" not in text
