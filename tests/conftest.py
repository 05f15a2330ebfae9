"""What every test can rely on.

The environment is settled before Django reads it: no `.env`, no service that was not asked for, and
files in a folder of their own, never in `data/`. DATABASE_URL and REDIS_URL count only when the
runner (`python -m tests`) hands them over as TEST_DATABASE_URL and TEST_REDIS_URL, so that no test
ever touches a database that somebody uses.
"""

import os
import shutil
import tempfile
from pathlib import Path

WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
# xdist's workers inherit the folder of the process that started them and add their own below it.
ROOT = os.environ.setdefault("TEST_DATA_ROOT", tempfile.mkdtemp(prefix="tradebot-tests-"))
DATA_DIR = Path(ROOT) / WORKER

for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DEBUG", "ALLOWED_HOSTS", "LOG_FORMAT"):
    os.environ.pop(name, None)
for name in ("DATABASE_URL", "REDIS_URL"):
    if os.environ.get(f"TEST_{name}"):
        os.environ[name] = os.environ[f"TEST_{name}"]
os.environ.update(
    ENV_FILE="",
    DATA_DIR=str(DATA_DIR),
    SECRET_KEY="only-for-tests-" + "x" * 40,
    REDIS_PREFIX=f"{os.environ.get('TEST_REDIS_PREFIX', 'tradebot-tests')}-{WORKER}",
    DJANGO_SETTINGS_MODULE="tradebot.settings",
)

import pytest  # noqa: E402
from hypothesis import HealthCheck, settings  # noqa: E402

# A slow machine is no bug, and a failure must come again: no deadline, the same examples each time.
settings.register_profile(
    "ci",
    max_examples=200,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "dev", max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

ON_SERVICES = bool(os.environ.get("DATABASE_URL"))
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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what uses the database, for the runner's second pass; skip what lacks its service.

    First of its kind, because selection by `-m` is such a hook too.
    """
    for item in items:
        if uses_database(item):
            item.add_marker("db")
        if item.get_closest_marker("services") and not ON_SERVICES:
            item.add_marker(pytest.mark.skip(reason="needs PostgreSQL and Redis: make test"))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if WORKER == "main":
        shutil.rmtree(ROOT, ignore_errors=True)


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
