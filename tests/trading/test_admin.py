"""The admin: every page opens, lists ask a fixed number of queries, history cannot be edited."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from unfold.admin import ModelAdmin

from marketdata.models import Bar, Contract, Instrument
from tests.trading.days import TickFeed, planned, said, session_row, started, ticks
from trading.admin import list_link
from trading.configuration.stored import save_version
from trading.models import (
    Account,
    AuditEvent,
    Command,
    Configuration,
    Fill,
    Heartbeat,
    Order,
    Session,
    Signal,
    Tier,
    Trade,
)
from trading.pipeline.recorder import Recorder
from trading.pipeline.store import Flush

pytestmark = pytest.mark.django_db

HISTORY = (Bar, Session, Signal, Order, Fill, Trade, AuditEvent, Heartbeat)
EDITED = (Account, Tier, Contract)
OURS = (*HISTORY, *EDITED, Command, Configuration, Instrument)


@pytest.fixture
def day():
    """A traded day in the database."""
    start = started(planned(TickFeed([ticks()])))[1]
    recorder = Recorder(start.session)
    recorder.take(said(start))
    Flush(recorder).run()
    Command.objects.create(account=start.session.account, kind="halt", reason="lunch")
    document = {"state": "running", "tick_count": 12_345, "memory_mb": 312.4, "is_halted": False}
    for _ in range(3):
        Heartbeat.objects.create(
            account="paper-MES", ts=start.session.started_at, document=document
        )
    for stop in (12, 14, 16):
        text = f"version: 1\nsymbols: {{MES: {{risk: {{stop_ticks: {stop}}}}}}}\n"
        save_version("scalper", text)
    return start.session


def list_url(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def page_url(row):
    meta = row._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])


def queries(client, url):
    with CaptureQueriesContext(connection) as captured:
        response = client.get(url)
    assert response.status_code == 200, url
    return len(captured)


def test_every_list_and_page_opens(day, admin_client):
    for model in OURS:
        assert admin_client.get(list_url(model)).status_code == 200, model
        row = model.objects.first()
        assert row is not None, model
        assert admin_client.get(page_url(row)).status_code == 200, model
        assert admin_client.get(list_url(model), {"q": "MES"}).status_code == 200, model


def test_a_list_asks_as_much_for_many_rows_as_for_few(day, admin_client):
    for model in OURS:
        admin_client.get(list_url(model))  # content types and the like are asked for once
        few = model.objects.order_by("pk").values_list("pk", flat=True)[:2]
        pks = ",".join(map(str, few))
        some = queries(admin_client, f"{list_url(model)}?pk__in={pks}")
        many = queries(admin_client, list_url(model))
        # Django counts a filtered list once more.
        assert many <= some + 1, model
        assert many < 25, model


def test_a_trades_page_asks_as_much_for_many_orders(day, admin_client):
    row = Trade.objects.first()
    admin_client.get(page_url(row))
    before = queries(admin_client, page_url(row))
    order = row.orders.first()
    for number in range(20):
        order.pk = f"{row.pk}-{number}"
        order.save(force_insert=True)
    assert queries(admin_client, page_url(row)) == before


def test_history_is_read_only(day, admin_client):
    for model in HISTORY:
        row = model.objects.first()
        meta = model._meta
        add, delete = (
            f"admin:{meta.app_label}_{meta.model_name}_{what}" for what in ("add", "delete")
        )
        assert admin_client.get(reverse(add)).status_code == 403, model
        gone = admin_client.post(reverse(delete, args=[row.pk]), {"post": "yes"})
        assert gone.status_code == 403, model
        assert admin_client.post(page_url(row), {}).status_code == 403, model
        action = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        admin_client.post(list_url(model), action)
        assert model.objects.filter(pk=row.pk).exists(), model


def test_a_trade_leads_to_its_signal_orders_and_fills(day, admin_client):
    row = Trade.objects.exclude(signal=None).first()
    page = admin_client.get(list_url(Trade)).content.decode()
    assert page_url(row.signal) in page
    for model in (Order, Fill):
        url = f"{list_url(model)}?trade__id__exact={row.pk}"
        assert url in page
        listed = admin_client.get(url).content.decode()
        assert row.orders.first().pk in listed
    assert row.orders.first().pk in admin_client.get(page_url(row)).content.decode()


def test_a_session_leads_to_its_rows(day, admin_client):
    page = admin_client.get(list_url(Session)).content.decode()
    links = re.findall(r'href="([^"]+session__id__exact=\d+)"', page)
    assert len(links) == 5
    assert all(admin_client.get(link).status_code == 200 for link in links)


@pytest.mark.parametrize(
    "question",
    [
        (Signal, {"pattern": "BUY_IMBALANCE"}), (Signal, {"approved__exact": "1"}),
        (Bar, {"regime": "RANGING"}), (Trade, {"exit_reason": "stop"}),
        (Trade, {"status__exact": "closed"}), (Session, {"day__year": "2024"}),
    ],
    ids=str,
)  # fmt: skip
def test_filters_answer(question, day, admin_client):
    model, query = question
    assert admin_client.get(list_url(model), query).status_code == 200


def test_prices_have_their_instruments_places_and_money_its_digits(day, admin_client):
    Account.objects.update(balance="1234567.5")
    assert "1,234,567.50 USD" in admin_client.get(list_url(Account)).content.decode()
    bar = Bar.objects.order_by("-start").first()
    assert f"{bar.close:,.2f}" in admin_client.get(list_url(Bar)).content.decode()


def test_a_command_is_given_in_the_name_of_who_gave_it(day, admin_client, admin_user):
    url = reverse("admin:trading_command_add")
    answer = admin_client.post(
        url, {"account": day.account_id, "kind": "flatten", "reason": "enough"}
    )
    assert answer.status_code == 302
    row = Command.objects.get(kind="flatten")
    assert (row.requested_by, row.status, row.reason) == (admin_user, "pending", "enough")
    assert admin_client.post(page_url(row), {"kind": "kill"}).status_code == 403


def test_a_tier_that_makes_no_sense_is_refused_with_words(admin_client):
    row = Tier.objects.get(name="ES 1")
    values = {
        "ladder": "index", "name": "ES 1", "min_balance": "3500", "instrument": "ES",
        "min_size": "3", "max_size": "1", "loss_limit": "400",
    }  # fmt: skip
    answer = admin_client.post(page_url(row), values)
    assert answer.status_code == 200
    assert "error" in answer.content.decode().lower()
    row.refresh_from_db()
    assert row.max_size == 1


def test_an_accounts_name_is_part_of_ids_and_stays(admin_client):
    row = session_row().account
    values = {"name": "other", "balance": "9000", "peak": "9000", "enabled": "on"}
    assert admin_client.post(page_url(row), values).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.balance) == ("paper-MES", 9000)


def test_every_page_is_in_the_admins_style():
    plain = [
        model.__name__
        for model, page in admin.site._registry.items()
        if not isinstance(page, ModelAdmin)
    ]
    assert plain == []


def test_users_and_scheduled_tasks_open(admin_client):
    libraries = (
        "auth_user", "auth_group", "django_celery_beat_periodictask",
        "django_celery_beat_crontabschedule", "django_celery_results_taskresult",
    )  # fmt: skip
    for name in libraries:
        assert admin_client.get(reverse(f"admin:{name}_changelist")).status_code == 200
    assert admin_client.get(reverse("admin:auth_user_add")).status_code == 200
    user = User.objects.get()
    assert admin_client.get(reverse("admin:auth_user_change", args=[user.pk])).status_code == 200
    add = reverse("admin:django_celery_beat_periodictask_add")
    assert admin_client.get(add).status_code == 200


def test_a_link_to_a_list_carries_no_markup() -> None:
    html = list_link(Trade, "trades", signal__id__exact='"><script>alert(1)</script>')
    assert "<script>" not in html
    assert html.count('"') == 4
