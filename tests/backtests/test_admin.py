"""Backtests in the admin: every page opens, lists ask a fixed number of queries, nothing is edited
there."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backtests import storing
from backtests.models import Backtest, BacktestDay, BacktestTrade, Study
from tests.backtests.outcomes import outcome

pytestmark = pytest.mark.django_db

OURS = (Backtest, BacktestDay, BacktestTrade, Study)
by_model = pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)


@pytest.fixture(autouse=True)
def runs() -> list[Backtest]:
    rows = []
    for seed in range(4):
        run = outcome(days=3, trades=12, seed=seed)
        row = storing.create(run.plan, asked_from="page", note="<b>a note</b>")
        storing.finish(row, run)
        Study.objects.create(kind="stress", backtest=row)
        rows.append(row)
    return rows


def named(model: type[Model], what: str, *args: Any) -> str:
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{what}", args=args)


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200, url
    return len(captured)


@by_model
def test_list_page_and_search_open(model: type[Model], admin_client: Client) -> None:
    listed = admin_client.get(named(model, "changelist"))
    assert listed.status_code == 200
    assert "<b>a note</b>" not in listed.content.decode()
    row = model._default_manager.first()
    assert row is not None
    assert admin_client.get(named(model, "change", row.pk)).status_code == 200
    assert admin_client.get(named(model, "changelist"), {"q": "1"}).status_code == 200


@by_model
def test_a_list_asks_as_much_for_many_rows_as_for_few(
    model: type[Model], admin_client: Client
) -> None:
    url = named(model, "changelist")
    admin_client.get(url)  # content types and the like are asked for once
    few = model._default_manager.order_by("pk").values_list("pk", flat=True)[:2]
    some = queries(admin_client, f"{url}?pk__in={','.join(map(str, few))}")
    assert queries(admin_client, url) <= some + 1  # Django counts a filtered list once more


@by_model
def test_nothing_is_edited_there(model: type[Model], admin_client: Client) -> None:
    row = model._default_manager.first()
    assert row is not None
    assert admin_client.get(named(model, "add")).status_code == 403
    assert admin_client.post(named(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    assert admin_client.post(named(model, "change", row.pk), {}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


def test_a_run_leads_to_its_page_trades_and_days(
    runs: list[Backtest], admin_client: Client
) -> None:
    row = runs[1]
    listed = admin_client.get(named(Backtest, "changelist")).content.decode()
    assert f'href="/backtests/{row.pk}/"' in listed
    for model in (BacktestTrade, BacktestDay):
        url = f"{named(model, 'changelist')}?backtest__id__exact={row.pk}"
        assert url in listed
        assert (
            admin_client.get(url).context["cl"].result_count
            == model.objects.filter(backtest=row).count()
        )


def test_the_sidebar_leads_to_them(admin_client: Client) -> None:
    index = admin_client.get("/admin/").content.decode()
    assert 'href="/backtests/"' in index
    for model in OURS:
        assert f'href="{named(model, "changelist")}"' in index
