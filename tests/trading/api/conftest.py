"""What the tests of the API share."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest


@pytest.fixture(autouse=True)
def nobody_asked_before(request: pytest.FixtureRequest) -> Iterator[None]:
    """Throttles count in the cache, and roles are rows that tests with transactions sweep away."""
    from django.core.cache import cache

    cache.clear()
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
        make_roles()
    yield
    cache.clear()


def make_roles() -> None:
    from django.apps import apps
    from django.db import connection

    editor = type("Editor", (), {"connection": connection})
    import_module("trading.migrations.0010_roles").add(apps, editor)


@pytest.fixture
def ask(db: None) -> Any:
    """As a trader with a token for everything."""
    from tests.trading.api.asking import by_token

    return by_token()
