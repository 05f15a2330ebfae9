"""The API against its own schema: whatever it allows or forbids to send, the answer is documented.

Bounded in the usual run (API_FUZZ_EXAMPLES of each operation); `make api-fuzz` goes on for minutes.
The database holds a traded day, a live account, settings, and a finished backtest; what is asked
for is written, never executed: no process trades.
"""

import os
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

import pytest
import schemathesis
from django.apps import apps
from django.core.wsgi import get_wsgi_application
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.stateful import run_state_machine_as_test
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig

EXAMPLES: Final = int(os.environ.get("API_FUZZ_EXAMPLES", "6"))
STEPS: Final = int(os.environ.get("API_FUZZ_STEPS", "8"))
SEED: Final = os.environ.get("API_FUZZ_SEED", "")
LEFT_OUT: Final = {
    # Whether settings or a backtest make sense is more than a schema can say: those that do not are
    # refused with 400.
    "positive_data_acceptance",
    # It times, and a busy machine is no bug.
    "max_response_time",
}

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[str]:
    """A database in a known state; the token of a superuser."""
    from django.contrib.auth.models import User
    from django.core.cache import cache

    from backtests import storing
    from tests.backtests.outcomes import outcome
    from tests.trading.days import run_day
    from trading.api import tokens
    from trading.models import Account

    editor = type("Editor", (), {"connection": connection})
    import_module("trading.migrations.0010_roles").add(apps, editor)
    for name in ("REQUESTS", "COMMANDS", "ANONYMOUS"):
        setattr(settings, f"API_{name}_PER_MINUTE", 10**6)
    cache.clear()
    run_day()
    Account.objects.create(
        name="live-MES", mode="live", broker="test", broker_account="DU1", balance=9, peak=9
    )
    run = outcome(days=2, trades=5)
    storing.finish(storing.create(run.plan, asked_from="page"), run)
    monkeypatch.setattr("backtests.control._start", lambda row: None)
    user = User.objects.create_superuser("fuzz")
    yield tokens.create(user, "fuzz", list(tokens.Scope))[1]
    cache.clear()


@pytest.fixture
def schema(world: str) -> Any:
    config = {"auth": {"openapi": {"token": {"bearer": world}}}}
    return schemathesis.openapi.from_wsgi(
        "/api/v1/schema",
        get_wsgi_application(),
        headers={"Authorization": f"Bearer {world}"},
        config=SchemathesisConfig.from_dict(config),
    )


def bounded(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=not SEED,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def checks() -> list[Any]:
    load_all_checks()
    return [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in LEFT_OUT]


def operations(schema: Any) -> list[Any]:
    return [found.ok() for found in schema.get_all_operations()]


def test_every_answer_is_one_that_the_schema_names(schema: Any) -> None:
    said: Counter[int] = Counter()
    for operation in operations(schema):
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
            said += tried(operation, mode)
    assert {200, 202, 400, 404} <= set(said), "it got past the door"


def tried(operation: Any, mode: Any) -> Counter[int]:
    """How often which status came."""
    said: Counter[int] = Counter()

    @bounded(EXAMPLES)
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        answer = case.call_and_validate(checks=checks())
        said[answer.status_code] += 1

    one()
    return said


def test_so_it_is_when_one_request_follows_from_another(schema: Any) -> None:
    class Machine(schema.as_state_machine()):  # type: ignore[misc]
        def validate_response(self, response: Any, case: Any, **more: Any) -> None:
            case.validate_response(response, checks=checks())

    run_state_machine_as_test(Machine, settings=bounded(EXAMPLES))
