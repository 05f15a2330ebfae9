"""The log in files: one for each process, rotated, begun anew when taken away, JSON in any case."""

import io
import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from tradebot.log_files import OwnFile, process_name
from tradebot.logging import REDACTED, LogFile, configure


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("manage.py trade --mode live --account live-MES", "trade-live-MES"),
        ("/x/manage.py trade --account=live-MES", "trade-live-MES"),
        ("manage.py trade", "trade"),
        ("/x/tradebot/__main__.py trade --feed simulator", "trade"),
        ("manage.py trade --account ../../etc/passwd", "trade"),
        ("manage.py status", "status"),
        ("manage.py", "manage"),
        ("/usr/bin/celery -A tradebot worker -c 2", "worker"),
        ("/usr/bin/celery -A tradebot beat", "beat"),
        ("/usr/bin/uvicorn tradebot.asgi:application --workers 2", "web"),
        ("/usr/lib/python3/site-packages/uvicorn/__main__.py tradebot.asgi:application", "web"),
        ("/usr/bin/pytest -q", "pytest"),
        ("-c", "-c"),
    ],
)
def test_a_process_is_called_by_its_command(line, name):
    assert process_name(line.split()) == name


def test_no_command_line_has_a_name_too():
    assert process_name([]) == process_name([""]) == "python"


def record(text="hello", level=logging.INFO):
    return logging.LogRecord("x", level, "f", 1, text, None, None)


def opened(folder, **words):
    handler = OwnFile(folder / "bot.log", "web", **{"megabytes": 50, "count": 3} | words)
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler


def test_a_second_process_of_the_same_name_has_a_file_of_its_own(tmp_path):
    first, second = opened(tmp_path), opened(tmp_path)
    first.emit(record("one"))
    second.emit(record("two"))
    first.emit(record("three"))

    assert (tmp_path / "bot-web.log").read_text() == "one\nthree\n"
    assert (tmp_path / "bot-web-2.log").read_text() == "two\n"
    first.close()
    third = opened(tmp_path)
    third.emit(record("four"))  # the first is gone: its file is gone on with
    assert (tmp_path / "bot-web.log").read_text() == "one\nthree\nfour\n"


def test_others_cannot_read_it(tmp_path):
    handler = opened(tmp_path)
    handler.emit(record())
    assert (tmp_path / "bot-web.log").stat().st_mode & 0o007 == 0


def test_it_is_rotated_at_its_size_and_old_ones_go(tmp_path):
    handler = opened(tmp_path)
    handler.maxBytes = 100
    for number in range(50):
        handler.emit(record(f"line {number:030d}"))

    names = sorted(path.name for path in tmp_path.glob("bot-web*"))
    assert names == ["bot-web.log", "bot-web.log.1", "bot-web.log.2", "bot-web.log.3"]
    assert all(path.stat().st_size <= 100 for path in tmp_path.glob("bot-web*"))
    assert "line " + f"{49:030d}" in (tmp_path / "bot-web.log").read_text()


def test_without_a_size_it_is_never_rotated(tmp_path):
    handler = opened(tmp_path, megabytes=0)
    for _ in range(1000):
        handler.emit(record("x" * 100))
    assert [path.name for path in tmp_path.glob("bot-web*")] == ["bot-web.log"]


@pytest.mark.parametrize("removed", [True, False])
def test_a_file_that_was_taken_away_is_begun_anew(tmp_path, removed):
    handler, file = opened(tmp_path), tmp_path / "bot-web.log"
    handler.emit(record("before"))
    if removed:
        file.unlink()
    else:
        file.rename(tmp_path / "bot-web.log.old")
    handler.emit(record("after"))
    assert file.read_text() == "after\n"


def test_a_child_writes_into_a_file_of_its_own(tmp_path):
    handler = opened(tmp_path)
    handler.emit(record("parent"))
    child = os.fork()
    if not child:
        handler.emit(record("child"))
        os._exit(0)
    os.waitpid(child, 0)
    handler.emit(record("parent again"))

    assert (tmp_path / "bot-web.log").read_text() == "parent\nparent again\n"
    assert (tmp_path / "bot-web-2.log").read_text() == "child\n"


def test_a_line_that_cannot_be_written_is_said_without_what_is_in_it(tmp_path, capsys):
    handler = opened(tmp_path / "gone")
    handler.emit(record("password=hunter2"))
    assert "a line of the log could not be written: No such file" in capsys.readouterr().err
    handler = opened(tmp_path)
    handler.emit(logging.LogRecord("x", 20, "f", 1, "%d", ("hunter2",), None))
    said = capsys.readouterr().err
    assert "could not be written: TypeError" in said
    assert "hunter2" not in said


def test_the_file_is_json_whatever_the_terminal_shows(tmp_path):
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    file = LogFile(path=tmp_path / "bot.log", name="trade", megabytes=1, count=1)
    try:
        configure(style="console", stream=stream, environ={"A_TOKEN": "hunter2!"}, file=file)
        structlog.get_logger("engine").info("bar_closed", symbol="MES", text="hunter2! said")
    finally:
        root.handlers[:], root.level = handlers, level
        structlog.configure(**before)

    (line,) = map(json.loads, (tmp_path / "bot-trade.log").read_text().splitlines())
    assert (line["event"], line["symbol"], line["text"]) == (
        "bar_closed", "MES", f"{REDACTED} said",
    )  # fmt: skip
    assert not stream.getvalue().startswith("{")
    assert "hunter2!" not in stream.getvalue()


def test_a_command_logs_into_a_file_of_its_name(tmp_path):
    bare = {"PATH": os.environ["PATH"], "ENV_FILE": "", "DATA_DIR": str(tmp_path / "data")}
    code = "import django; django.setup(); import logging; logging.getLogger('x').error('no')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=bare | {"LOG_FILE": str(tmp_path / "logs" / "bot.log"),
                    "DJANGO_SETTINGS_MODULE": "tradebot.settings"},
        cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "logs").glob("*.log")
    assert json.loads(file.read_text())["event"] == "no"
