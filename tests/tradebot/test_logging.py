"""Secrets never reach a log, whichever way they come."""

import io
import json
import logging
import sys
import threading

import pytest
import structlog

from tradebot.logging import REDACTED, Redact, configure, log_uncaught, secrets_of


def redacted(**event):
    return Redact()(None, "info", event)


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "RITHMIC_PASSWORD",
        "passwd",
        "api_key",
        "apikey",
        "key",
        "private-key",
        "SECRET_KEY",
        "access_token",
        "discord_webhook_url",
        "Authorization",
        "cookie",
    ],
)
def test_fields_with_the_name_of_a_secret_are_replaced(name):
    assert redacted(**{name: "hunter2"}) == {name: REDACTED}


@pytest.mark.parametrize("name", ["symbol", "keyboard", "primary_keys", "bracket_id", "monkey"])
def test_other_fields_stay(name):
    assert redacted(**{name: "MES"}) == {name: "MES"}


def test_nothing_is_no_secret():
    assert redacted(password=None, token="") == {"password": None, "token": ""}


def test_secrets_are_found_however_deep():
    event = redacted(request={"headers": [{"token": "hunter2", "accept": "json"}]}, count=3)

    assert event == {
        "request": {"headers": [{"token": REDACTED, "accept": "json"}]},
        "count": 3,
    }


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("connect postgres://me:hunter2@db:5432/x", f"connect postgres://me:{REDACTED}@db:5432/x"),
        ("redis://:hunter2@cache/0 refused", f"redis://:{REDACTED}@cache/0 refused"),
        (
            "GET /login/once/IldCYnAx:1xUe8Q:JkSY99-uqZ/",
            f"GET /login/once/{REDACTED}/",
        ),
        (
            "POST https://discord.com/api/webhooks/123/hunter-2_x?wait=true",
            f"POST https://discord.com/api/webhooks/123/{REDACTED}?wait=true",
        ),
        (
            "https://api.telegram.org/bot12345:hunter2/send",
            f"https://api.telegram.org/bot{REDACTED}/send",
        ),
        ("GET /v1?apiKey=hunter2&symbol=MES", f"GET /v1?apiKey={REDACTED}&symbol=MES"),
        ('user: "me" password: "hunter2 x"', f'user: "me" password: {REDACTED}'),
        ("{'api_key': 'hunter2', 'a': 1}", f"{{'api_key': {REDACTED}, 'a': 1}}"),
        ("auth=0f3c9a|dataset=GLBX.MDP3", f"auth={REDACTED}|dataset=GLBX.MDP3"),
        ("Authorization: Bearer hunter2hunter2", f"Authorization: Bearer {REDACTED}"),
        ("key db-aaaabbbbccccddddeeee refused", f"key {REDACTED} refused"),
        ("bar closed at 5000.25, delta -12", "bar closed at 5000.25, delta -12"),
        ("http://127.0.0.1:8000/ at 12:30", "http://127.0.0.1:8000/ at 12:30"),
    ],
)
def test_secrets_inside_texts_are_replaced(text, clean):
    assert Redact().text(text) == clean


def test_values_of_secret_variables_are_known_wherever_they_appear():
    known = secrets_of({"RITHMIC_PASSWORD": "correct-horse", "HOME": "/home/me", "PGTOKEN": "abc"})

    assert known == ["correct-horse"]
    assert Redact(known).text("login failed for correct-horse") == f"login failed for {REDACTED}"


def test_passwords_in_addresses_are_known_however_they_are_spelled():
    known = secrets_of({"DATABASE_URL": "postgres://me:p%40ss'wort@db/x", "PAGE": "http://a/b"})

    for spelled in ("p%40ss'wort", "p@ss'wort", "p%40ss%27wort"):
        assert Redact(known).text(f"refused {spelled} here") == f"refused {REDACTED} here", spelled


def test_what_nobody_caught_passes_the_log(logs, monkeypatch):
    stream = logs("json")
    for hook in ("excepthook", "unraisablehook"):
        monkeypatch.setattr(sys, hook, getattr(sys, hook))
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    log_uncaught()

    def fail():
        raise ConnectionError("login with hunter2! refused")

    thread = threading.Thread(target=fail, name="feed")
    thread.start()
    thread.join()
    try:
        fail()
    except ConnectionError:
        sys.excepthook(*sys.exc_info())

    first, second = map(json.loads, stream.getvalue().splitlines())
    assert (first["event"], first["thread"], second["event"]) == ("uncaught", "feed", "uncaught")
    assert "ConnectionError" in second["exception"]
    assert "hunter2!" not in stream.getvalue()


def test_objects_are_replaced_only_when_they_show_a_secret():
    harmless, harmful = ValueError("no such bar"), ValueError("password=hunter2")

    event = redacted(one=harmless, two=harmful)

    assert event["one"] is harmless
    assert event["two"] == f"password={REDACTED}"


@pytest.fixture
def logs():
    """Configure logging onto a stream, and put it back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, structlog.get_config()
    stream = io.StringIO()

    def start(style):
        configure(style=style, stream=stream, environ={"API_KEY": "hunter2!"})
        return stream

    yield start
    root.handlers[:], root.level = before[0], before[1]
    structlog.configure(**before[2])


def test_events_are_json_lines_off_a_terminal(logs):
    stream = logs("auto")

    structlog.get_logger("engine").info("bar_closed", symbol="MES", volume=3, token="hunter2")
    logging.getLogger("library").warning("refused %s", "redis://:hunter2@h/0")

    ours, theirs = map(json.loads, stream.getvalue().splitlines())
    assert (ours["event"], ours["symbol"], ours["volume"]) == ("bar_closed", "MES", 3)
    assert (ours["level"], ours["logger"], ours["token"]) == ("info", "engine", REDACTED)
    assert theirs["event"] == f"refused redis://:{REDACTED}@h/0"


@pytest.mark.parametrize("style", ["json", "console"])
def test_tracebacks_are_logged_without_secrets(logs, style):
    stream = logs(style)

    def connect(password):
        raise ConnectionError(f"login of me with {password} refused")

    try:
        connect("hunter2!")
    except ConnectionError:
        structlog.get_logger().exception("connect_failed")

    text = stream.getvalue()
    assert "ConnectionError" in text
    assert "connect_failed" in text
    assert "hunter2!" not in text


def test_console_is_for_people(logs):
    stream = logs("console")

    structlog.get_logger("engine").info("bar_closed", symbol="MES")

    assert "bar_closed" in stream.getvalue()
    assert "symbol=MES" in stream.getvalue()
    assert not stream.getvalue().startswith("{")
