"""What the tests of trading share."""

from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

DATA_MIGRATIONS = (
    "marketdata.migrations.0002_default_instruments",
    "trading.migrations.0002_default_tiers",
)


@pytest.fixture(autouse=True)
def rows_of_migrations(request: pytest.FixtureRequest) -> None:
    """Tests with real transactions empty all tables behind them, also of what migrations made."""
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        request.getfixturevalue("db")
        editor = type("Editor", (), {"connection": connection})
        for name in DATA_MIGRATIONS:
            import_module(name).add(apps, editor)
