"""No secret is ever in a log, an error, a row or a page.

Every secret that `.env.example` knows is set to a value of its own. Then things go wrong in
earnest, against stand-ins that refuse, and the values are looked for in whatever came of it:
standard output and error, log files, and the bytes of the database.
"""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from celery.app.task import Context
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.views.debug import technical_500_response
from django_celery_results.models import TaskResult

from tests.servers.databento_gateway import Gateway, Listed
from tests.servers.rithmic.server import RithmicServer
from tradebot.celery import app
from tradebot.logging import SECRET_NAME, Redact, secrets_of
from tradebot.results import Results

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = (REPOSITORY / ".env.example").read_text()
NAMES = [
    name
    for name in re.findall(r"^#([A-Z_0-9]+)=", EXAMPLE, re.MULTILINE)
    if SECRET_NAME.search(name)
]
MESZ5 = Listed(1, "MESZ5", 1_766_160_000 * 10**9)

SECRETS = {name: f"hush-{name.lower().replace('_', '-')}-Zq7!x" for name in NAMES}
SECRETS["DATABENTO_API_KEY"] = "db-" + "HushHush" * 3 + "Zq7xy"
SECRETS["DISCORD_WEBHOOK_URL"] = "http://127.0.0.1:1/api/webhooks/1/hush-webhook-Zq7"
SECRETS["SECRET_KEY"] = "hush-secret-key-Zq7" + "x" * 40
WORD = "".join(("Z", "q7"))  # the page of an error shows the lines of this file too
DATABASE_WORD, REDIS_WORD = "hush-database-Zq7", "hush-redis-Zq7"
NEVER = [*SECRETS.values(), DATABASE_WORD, REDIS_WORD, "hush-webhook-Zq7"]


def test_every_secret_that_there_is_is_looked_for():
    assert {"RITHMIC_PASSWORD", "DATABENTO_API_KEY", "METRICS_TOKEN", "SECRET_KEY"} <= {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_known_by_its_variable(name):
    redact = Redact(secrets_of(SECRETS))
    text = redact.text(f"refused: {SECRETS[name]!r}")
    assert SECRETS[name] not in text


@pytest.fixture
def manage(tmp_path):
    """Run a command with all secrets set; everything that came of it as one text."""

    def run(*words, code="", **variables):
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(tmp_path), "ENV_FILE": "",
            "DATA_DIR": str(tmp_path / "data"), "LOG_FILE": str(tmp_path / "logs" / "bot.log"),
            "LOG_LEVEL": "DEBUG", "DJANGO_SETTINGS_MODULE": "tradebot.settings",
            **SECRETS, "RITHMIC_USER": "ana", "RITHMIC_SYSTEM": "Rithmic Test",
            "RITHMIC_ACCOUNT": "SIM-1", "WARMUP_HOURS": "0", **variables,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, *(("-c", code) if code else ("-m", "tradebot", *words))],
            cwd=REPOSITORY, env=environment, capture_output=True, check=False, timeout=300,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said = done.stdout + done.stderr
        files = [file for file in tmp_path.rglob("*") if file.is_file()]
        for file in files:
            if file.name != "secret_key":
                said += file.read_bytes()
        return done.returncode, said.decode(errors="replace")

    return run


def assert_hushed(said):
    for secret in NEVER:
        assert secret not in said
    assert "Zq7" not in said  # nor a part of one


@pytest.mark.slow
def test_databento_that_refuses_the_key(manage):
    with Gateway([MESZ5]) as gateway:
        code, said = manage(
            "trade", "--feed", "databento", "--symbol", "MES", "--mode", "paper",
            DATABENTO_GATEWAY="127.0.0.1", DATABENTO_PORT=str(gateway.port),
        )  # fmt: skip
    assert code != 0
    assert "refused the key" in said
    assert_hushed(said)


@pytest.mark.slow
async def test_rithmic_that_refuses_the_login_redis_and_discord_that_are_away(manage):
    """A live preflight asks all of them, and its row and table have none of it."""
    from asyncio import to_thread

    async with RithmicServer(user="ana", password="another") as server:
        code, said = await to_thread(
            manage, "preflight", "--mode", "live", "--symbol", "MES", "--feed", "simulator",
            RITHMIC_URL=server.url, RITHMIC_CA_FILE=str(server.ca),
            REDIS_URL=f"redis://:{REDIS_WORD}@127.0.0.1:1/0",
        )  # fmt: skip
    assert code != 0
    assert "does not answer" in said
    assert "refused the login" in said
    assert_hushed(said)


@pytest.mark.slow
def test_a_database_that_is_away(manage):
    address = f"postgres://me:{DATABASE_WORD}@127.0.0.1:1/x"
    code, said = manage("preflight", "--mode", "paper", "--feed", "simulator", DATABASE_URL=address)
    assert code != 0
    assert_hushed(said)


@pytest.mark.slow
def test_what_nobody_caught_and_addresses_that_cannot_be_meant(manage):
    code, said = manage(
        code="""
import django, os; django.setup()
def connect(password): raise ConnectionError(f"login with {password} refused")
connect(os.environ["RITHMIC_PASSWORD"])
"""
    )
    assert code != 0
    assert "ConnectionError" in said
    assert_hushed(said)
    for name, value in (("DATABASE_URL", f"postgres://me:{DATABASE_WORD}@h:port/x"),
                        ("REDIS_URL", f"http://:{REDIS_WORD}@h/0")):  # fmt: skip
        code, said = manage("status", **{name: value})
        assert code != 0
        assert name in said
        assert_hushed(said)


@pytest.fixture
def hushed(monkeypatch, settings):
    """The secrets in this process: settings and environment."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
        setattr(settings, name, value)
    settings.REDIS_URL = settings.CELERY_BROKER_URL = f"redis://:{REDIS_WORD}@127.0.0.1:1/0"


def broken(request):
    address = f"redis://:{REDIS_WORD}@cache/0"
    headers = {"Authorization": f"Bearer {SECRETS['METRICS_TOKEN']}", "accept": "json"}
    typed_password = f"of-somebody-{WORD}"
    nested = {"login": [{"password": f"nested-{WORD}", "user": "ana"}]}
    assert all((address, headers, typed_password, nested))
    raise ConnectionError(f"login with {SECRETS['RITHMIC_PASSWORD']} at {address} refused")


urlpatterns = [path("broken/", broken), path("fine/", lambda request: HttpResponse("fine"))]


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_the_page_of_an_error_with_debug_on(hushed, settings):
    settings.DEBUG = True
    client = Client(raise_request_exception=False)
    page = client.get(
        "/broken/",
        headers={"authorization": f"Bearer {SECRETS['METRICS_TOKEN']}"},
    )  # fmt: skip
    assert page.status_code == 500
    text = page.content.decode()
    assert "ConnectionError" in text
    assert "ana" in text  # what is no secret is there to help
    assert_hushed(text)


def test_the_report_of_an_error_as_text(hushed, settings):
    settings.DEBUG = True
    request = RequestFactory().get("/broken/", headers={"accept": "text/plain"})
    try:
        broken(request)
    except ConnectionError:
        text = technical_500_response(request, *sys.exc_info()).content.decode()
    assert "ConnectionError" in text
    assert_hushed(text)


@pytest.mark.urls(__name__)
@pytest.mark.django_db
def test_the_page_of_an_error_without_debug(hushed, settings, caplog, capfd):
    settings.DEBUG = False
    page = Client(raise_request_exception=False).get("/broken/")
    assert page.status_code == 500
    assert_hushed(page.content.decode())


@pytest.mark.django_db
def test_a_task_that_fails_leaves_no_secret_in_its_row(hushed, settings):
    backend = Results(app)
    text = f"login with {SECRETS['RITHMIC_PASSWORD']} refused"
    trace = f"Traceback\nConnectionError: {text}"
    word = SECRETS["RITHMIC_PASSWORD"]
    asked = Context(task="hushed", args=[word], kwargs={"word": word}, argsrepr=repr([word]))
    failure = ConnectionError(text)
    backend.store_result("hushed", failure, "FAILURE", traceback=trace, request=asked)
    row = TaskResult.objects.get(task_id="hushed")

    assert isinstance(app.backend, Results)
    assert row.status == "FAILURE"
    assert "ConnectionError" in row.result
    assert "refused" in row.traceback
    assert_hushed("".join(map(str, (row.result, row.traceback, row.task_args, row.task_kwargs))))


def test_the_records_that_libraries_make_are_no_way_out(hushed, capfd):
    """A line whose arguments do not fit is printed raw by the standard library."""
    from tradebot.log_files import Terminal

    handler = Terminal(sys.stderr)
    handler.emit(logging.LogRecord("x", 40, "f", 1, "%d", (SECRETS["RITHMIC_PASSWORD"],), None))
    assert_hushed(capfd.readouterr().err)
