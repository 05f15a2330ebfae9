"""Database, channel layer, cache and tasks do the same embedded and on PostgreSQL and Redis."""

import threading

import pytest
from celery import shared_task
from channels.layers import get_channel_layer
from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import DatabaseError, connection, transaction


@shared_task
def double(number: int) -> int:
    return 2 * number


@pytest.mark.services
@pytest.mark.django_db
def test_the_second_pass_is_really_on_services():
    assert connection.vendor == "postgresql"
    assert settings.DATABASES["default"]["OPTIONS"]["pool"]
    assert "RedisPubSubChannelLayer" in settings.CHANNEL_LAYERS["default"]["BACKEND"]


async def test_a_group_message_reaches_every_member():
    layer = get_channel_layer()
    members = [await layer.new_channel() for _ in range(2)]
    for member in members:
        await layer.group_add("live", member)

    await layer.group_send("live", {"type": "bar.closed", "delta": -12})

    for member in members:
        assert await layer.receive(member) == {"type": "bar.closed", "delta": -12}
    await layer.flush()


@pytest.mark.django_db
def test_cache_keeps_what_it_is_given():
    cache.set("quote", {"bid": "5000.25"}, timeout=60)

    assert cache.get("quote") == {"bid": "5000.25"}
    cache.delete("quote")


@pytest.mark.django_db(transaction=True)
def test_a_task_runs_and_its_result_is_kept():
    from celery.contrib.testing.worker import start_worker

    from tradebot.celery import app

    if app.conf.task_always_eager:
        assert double.delay(21).get(timeout=10) == 42
        return
    with start_worker(app, perform_ping_check=False, shutdown_timeout=30):
        assert double.delay(21).get(timeout=20) == 42


@pytest.mark.django_db(transaction=True)
def test_writers_that_read_first_wait_for_each_other():
    """With SQLite's default transactions most of these would fail as locked."""
    user = User.objects.create(username="trader", first_name="0")
    failures: list[DatabaseError] = []

    def count():
        try:
            for _ in range(20):
                with transaction.atomic():
                    mine = User.objects.select_for_update().get(pk=user.pk)
                    mine.first_name = str(int(mine.first_name) + 1)
                    mine.save(update_fields=["first_name"])
        except DatabaseError as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    user.refresh_from_db()
    assert user.first_name == "80"
