"""What the tests of backtests' pages share: a trader, somebody who only looks, runs.

Named on the command line it is loaded before Django is set up, so models are imported late.
"""

from collections.abc import Callable
from typing import Any

import pytest

Store = Callable[..., Any]


@pytest.fixture
def trader(db: None) -> Any:
    from django.contrib.auth.models import Permission, User

    user = User.objects.create_user("ana", password="long enough")
    user.user_permissions.add(Permission.objects.get(codename="add_command"))
    return user


@pytest.fixture
def client(trader: Any) -> Any:
    from django.test import Client

    client = Client()
    client.force_login(trader)
    return client


@pytest.fixture
def onlooker(db: None) -> Any:
    """May look, and nothing else."""
    from django.contrib.auth.models import User
    from django.test import Client

    client = Client()
    client.force_login(User.objects.create_user("bob", password="long enough"))
    return client


@pytest.fixture
def store(db: None) -> Store:
    """`store(days=4, trades=20, note="...")`: a finished run of a random outcome."""
    from backtests import storing
    from tests.backtests.outcomes import outcome

    def one(*, note: str = "", by: Any = None, **drawn: Any) -> Any:
        run = outcome(**({"days": 4, "trades": 20} | drawn))
        row = storing.create(run.plan, asked_from="page", asked_by=by, note=note)
        storing.finish(row, run)
        return row

    return one


@pytest.fixture
def running(db: None) -> Any:
    """A run of 60 days, four of which are done."""
    from backtests import storing
    from tests.backtests.outcomes import outcome

    run = outcome(days=60, trades=60)
    row = storing.create(run.plan, asked_from="page")
    for day in run.days[:4]:
        storing.store_day(row, day)
    row.status = row.Status.RUNNING
    row.started_at = row.created_at
    row.days_done, row.days_analysed, row.days_kept = 4, 9, 2
    row.ticks = sum(day.ticks for day in run.days[:4])
    row.save()
    return row
