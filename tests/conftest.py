"""What every test can rely on.

The environment is settled before Django reads it: no `.env`, no service that was not asked for, and
files in a folder of their own, never in `data/`. DATABASE_URL and REDIS_URL count only when the
runner (`python -m tests`) hands them over as TEST_DATABASE_URL and TEST_REDIS_URL, so that no test
ever touches a database that somebody uses.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
if WORKER:  # inherits the folder of the process that started it
    ROOT = Path(os.environ["TEST_DATA_ROOT"])
else:
    ROOT = Path(tempfile.mkdtemp(prefix="tradebot-tests-"))
    os.environ["TEST_DATA_ROOT"] = str(ROOT)
DATA_DIR = ROOT / (WORKER or "main")

for name in (
    "DATABASE_URL",
    "DATABASE_POOL_SIZE",
    "REDIS_URL",
    "SECRET_KEY",
    "DEBUG",
    "ALLOWED_HOSTS",
    "CSRF_TRUSTED_ORIGINS",
    "BEHIND_HTTPS",
    "LOGIN_ATTEMPTS",
    "LOGIN_LOCKED_MINUTES",
    "LOGIN_IDLE_HOURS",
    "LOGIN_DAYS",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "CONFIRM_LIVE",
    "ON_FEED_LOST",
    "FEED_LOST_S",
    "ON_DATABASE_LOST",
    "DATABASE_LOST_S",
    "DATABENTO_API_KEY",
    "DATABENTO_GATEWAY",
    "DATABENTO_PORT",
    "DATABENTO_HISTORICAL_GATEWAY",
    "BACKTEST_CACHE_GB",
    "BACKUP_DIR",
    "BACKUP_TICKS",
    "BACKUP_KEEP_DAYS",
    "BACKUP_KEEP_WEEKS",
    "BACKUP_KEEP_MONTHS",
    "TICKS_KEEP_DAYS",
    "POLYGON_API_KEY",
    "POLYGON_URL",
    "RITHMIC_USER",
    "RITHMIC_PASSWORD",
    "RITHMIC_SYSTEM",
    "RITHMIC_URL",
    "RITHMIC_CA_FILE",
    "RITHMIC_ACCOUNT",
    "RITHMIC_APP_NAME",
    "RITHMIC_APP_VERSION",
    "MES_MARGIN_LIMIT",
    "ES_MARGIN_LIMIT",
    "WARMUP_HOURS",
    "WARMUP_MAX_COST",
    "LIVE_MAX_ORDER_SIZE",
    "LIVE_MAX_POSITION",
    "LIVE_PRICE_COLLAR_PERCENT",
    "LIVE_STALE_TICK_S",
    "LIVE_ENTRY_AGE_S",
    "LIVE_ORDERS_PER_SECOND",
    "LIVE_ORDERS_PER_MINUTE",
    "LIVE_ORDERS_PER_DAY",
    "LIVE_FLAT_WITHIN_S",
    "LIVE_RECONCILE_S",
    "LIVE_BALANCE_TOLERANCE",
    "BACKTEST_PART_DAYS",
    "BACKTEST_LEASE_S",
    "LOG_FILE",
    "LOG_FILE_MB",
    "LOG_FILE_COUNT",
    "METRICS_ADDRESS",
    "METRICS_WORKER_ADDRESS",
    "METRICS_TOKEN",
    "PROMETHEUS_MULTIPROC_DIR",
    "DISCORD_WEBHOOK_URL",
    "PUBLIC_URL",
    "EXPORT_TARGET",
    "EXPORT_SSH_KEY",
    "EXPORT_SSH_KNOWN_HOSTS",
    "EXPORT_S3_ENDPOINT",
    "EXPORT_S3_REGION",
    "EXPORT_S3_KEY_ID",
    "EXPORT_S3_SECRET",
    "API_REQUESTS_PER_MINUTE",
    "API_COMMANDS_PER_MINUTE",
    "API_ANONYMOUS_PER_MINUTE",
    "SCHEDULE_LEASE_S",
    "KEEP_HEARTBEATS_DAYS",
    "KEEP_NOTICES_DAYS",
    "KEEP_JOB_RUNS_DAYS",
    "KEEP_TASK_RESULTS_DAYS",
):
    os.environ.pop(name, None)
for name in ("DATABASE_URL", "REDIS_URL"):
    if os.environ.get(f"TEST_{name}"):
        os.environ[name] = os.environ[f"TEST_{name}"]
os.environ.update(
    ENV_FILE="",
    DATA_DIR=str(DATA_DIR),
    SECRET_KEY="only-for-tests-" + "x" * 40,
    REDIS_PREFIX=f"tradebot-tests-{ROOT.name}-{WORKER}",
    DJANGO_SETTINGS_MODULE="tradebot.settings",
    SCHEDULE="0",  # what time of the day it is must not matter
)

import django.conf  # noqa: E402
import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

if django.conf.settings.configured:
    pytest.exit("unset DJANGO_SETTINGS_MODULE: the tests must set their environment first", 4)
assert django.conf.settings.DATABASES  # now, so that pytest-django finds Django configured
# In earnest a password is hashed a million times: a quarter of a second for each user of a test.
django.conf.settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# xdist's workers would inherit it and read settings before they get here.
del os.environ["DJANGO_SETTINGS_MODULE"]

# A slow machine is no bug, and a failure must come again: no deadline, the same examples each time.
for name, examples in {"dev": 40, "ci": 60, "thorough": 2_000}.items():
    settings.register_profile(
        name,
        max_examples=examples,
        deadline=None,
        derandomize=name == "ci",
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

ON_SERVICES = bool(os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))
# What the runner says about its passes: the first leaves to the second what needs services.
SERVICES_LATER = os.environ.get("TEST_PASS") == "embedded"
ONLY_SERVICES = os.environ.get("TEST_PASS") == "services"
DATABASE_FIXTURES = {
    "db",
    "transactional_db",
    "django_db_setup",
    "django_db_reset_sequences",
    "django_db_serialized_rollback",
    "live_server",
    "admin_user",
    "admin_client",
}


def uses_database(item: pytest.Item) -> bool:
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(item.get_closest_marker("django_db") or fixtures & DATABASE_FIXTURES)


def uses_channels(item: pytest.Item) -> bool:
    """Whether the test's module imports anything from channels."""
    module = getattr(item, "module", None)
    return any(
        getattr(thing, "__module__", getattr(thing, "__name__", "")).split(".")[0] == "channels"
        for thing in vars(module).values()
        if isinstance(getattr(thing, "__module__", getattr(thing, "__name__", None)), str)
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what uses the database or channels, skip what lacks its service, and in the runner's
    second pass keep only what would behave differently there.

    First of its kind, because selection by `-m` is such a hook too.
    """
    keep: list[pytest.Item] = []
    drop: list[pytest.Item] = []
    for item in items:
        if uses_database(item):
            item.add_marker("db")
        if uses_channels(item):
            item.add_marker("channels")
        needs_services = item.get_closest_marker("services")
        if needs_services and not ON_SERVICES:
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL and Redis: make test"))
        concerned = any(map(item.get_closest_marker, ("db", "channels", "services")))
        not_now = (ONLY_SERVICES and not concerned) or (SERVICES_LATER and needs_services)
        (drop if not_now else keep).append(item)
    if drop:
        config.hook.pytest_deselected(items=drop)
        items[:] = keep


def pytest_sessionfinish() -> None:
    if not WORKER:
        shutil.rmtree(ROOT, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def emptied_by_delete() -> Iterator[None]:
    """PostgreSQL's tables are emptied row by row after a test with transactions of its own.

    TRUNCATE, as Django has it, gives each of some thirty tables new files and waits for the disk:
    tens of times as long as deleting the few rows of a test. Foreign keys are looked at when the
    transaction ends, so the order of tables does not matter.
    """
    # Imported before Django is set up it would import itself.
    from django.db.backends.postgresql.operations import DatabaseOperations

    whole = DatabaseOperations.sql_flush

    def sql_flush(
        self: DatabaseOperations, style: Any, tables: Iterable[str], **asked: bool
    ) -> list[str]:
        if any(asked.values()):  # sequences, or tables that refer to these
            return whole(self, style, tables, **asked)
        return [f"DELETE FROM {self.quote_name(table)};" for table in tables]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


DATA_MIGRATIONS = (
    "marketdata.migrations.0002_default_instruments",
    "trading.migrations.0002_default_tiers",
)


def add_rows_of_migrations() -> None:
    """Instruments and tiers, unless they are there."""
    from django.apps import apps
    from django.db import connection

    editor = type("Editor", (), {"connection": connection})
    for name in DATA_MIGRATIONS:
        import_module(name).add(apps, editor)


@pytest.fixture(autouse=True)
def rows_of_migrations(request: pytest.FixtureRequest) -> None:
    """Tests with real transactions empty all tables behind them, also of what migrations made."""
    if uses_database(request.node):
        request.getfixturevalue("db")
        add_rows_of_migrations()


@pytest.fixture
def data_dir(settings, tmp_path: Path) -> Path:  # type: ignore[no-untyped-def]
    """An empty DATA_DIR for one test."""
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture(scope="session")
def recorded_data() -> Path:
    """The folder of recorded markets, for tests marked `data`; skips when it is not there."""
    folder = Path(os.environ.get("RECORDED_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no recorded markets in {folder}; set RECORDED_DATA")
    return folder
