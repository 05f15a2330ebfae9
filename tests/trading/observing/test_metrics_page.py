"""Who may read the figures beside the pages, and on a port of their own."""

import asyncio

import httpx
import pytest
from django.contrib.auth.models import User
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from trading.observing.serving import application, observable
from trading.pipeline.server import bind

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "open-sesame-0123456789"


def get(client=None, **headers):
    return (client or Client()).get("/metrics", headers=headers)


def logged_in(**about):
    client = Client()
    client.force_login(User.objects.create_user("ana", **about))
    return client


def test_nobody_learns_that_there_are_figures(settings):
    settings.METRICS_TOKEN = ""
    assert get().status_code == 404
    assert get(authorization=f"Bearer {TOKEN}").status_code == 404
    assert get(authorization="Bearer ").status_code == 404
    assert get(logged_in()).status_code == 404  # a user, but no admin


def test_an_admin_reads_them_without_a_token(settings):
    settings.METRICS_TOKEN = ""
    answer = get(logged_in(is_staff=True))

    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in answer["Cache-Control"]
    names = {family.name for family in text_string_to_metric_families(answer.content.decode())}
    assert {"process_resident_memory_bytes", "tradebot_database_up"} <= names


def test_the_token_opens_and_nothing_like_it(settings):
    settings.METRICS_TOKEN = TOKEN
    assert get(authorization=f"Bearer {TOKEN}").status_code == 200
    assert get(authorization=f"bearer {TOKEN}").status_code == 200
    for wrong in (f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer é"):
        refused = get(authorization=wrong)
        assert refused.status_code == 401, wrong
        assert refused["WWW-Authenticate"].startswith("Bearer")
        assert TOKEN not in refused.content.decode()
    assert get().status_code == 404


def test_only_reading_is_possible(settings):
    settings.METRICS_TOKEN = TOKEN
    assert (
        Client().post("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 405
    )


async def served(path="/metrics", **headers):
    transport = httpx.ASGITransport(app=application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(path, headers=headers)


async def test_the_port_of_its_own_wants_the_token_where_there_is_one(settings):
    settings.METRICS_TOKEN = TOKEN
    assert (await served()).status_code == 401
    assert (await served(authorization=f"Bearer {TOKEN}")).status_code == 200
    settings.METRICS_TOKEN = ""
    assert (await served()).status_code == 200
    assert (await served("/")).status_code == 404


async def test_it_listens_while_the_process_trades_and_not_after(settings):
    listener = bind("127.0.0.1", 0)
    port = listener.getsockname()[1]
    listener.close()
    settings.METRICS_ADDRESS = ("127.0.0.1", port)
    settings.METRICS_TOKEN = ""
    async with httpx.AsyncClient() as client:
        async with observable():
            while True:
                try:
                    answer = await client.get(f"http://127.0.0.1:{port}/metrics", timeout=30)
                    break
                except httpx.ConnectError:
                    await asyncio.sleep(0.01)
        assert "tradebot_database_up 1.0" in answer.text
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{port}/metrics")


async def test_a_port_that_is_taken_keeps_nobody_from_trading(settings, caplog):
    taken = bind("127.0.0.1", 0)
    settings.METRICS_ADDRESS = taken.getsockname()[:2]
    async with observable():
        pass
    taken.close()

    said = [record.msg for record in caplog.records if record.name == "trading.observing.serving"]
    assert [line["event"] for line in said] == ["metrics_not_served"]
    assert "METRICS_ADDRESS" in said[0]["remedy"]
