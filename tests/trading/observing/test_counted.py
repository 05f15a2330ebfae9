"""Requests, sockets, log lines and tasks, counted where they happen."""

import io
import logging

import pytest
from asgiref.testing import ApplicationCommunicator
from django.test import Client

from tradebot.celery import app
from tradebot.logging import configure
from trading.observing import tasks
from trading.observing.lag import Lag
from trading.observing.metrics import REGISTRY
from trading.observing.sockets import SocketCounts, route_of

SCOPE = {"type": "websocket", "path": "/ws/live/"}


def value(name, **labels):
    return REGISTRY.get_sample_value(name, labels) or 0.0


@pytest.mark.django_db
def test_requests_are_counted_by_route_and_never_by_path():
    names = {"route": "health", "method": "GET", "status": "200"}
    before = value("tradebot_http_requests_total", **names)
    unknown = {"route": "other", "method": "GET", "status": "404"}
    lost = value("tradebot_http_requests_total", **unknown)

    Client().get("/health/")
    Client().get("/no/such/page/4711/")

    assert value("tradebot_http_requests_total", **names) == before + 1
    assert value("tradebot_http_requests_total", **unknown) == lost + 1
    assert value("tradebot_http_request_seconds_count", route="health") >= 1
    told = {s.labels["route"] for m in REGISTRY.collect() for s in m.samples if "route" in s.labels}
    assert not any("4711" in route for route in told)


async def test_a_socket_counts_while_it_is_open():
    async def page(scope, receive, send):
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    before = value("tradebot_sockets_open", route="live")
    socket = ApplicationCommunicator(SocketCounts(page), SCOPE)
    await socket.send_input({"type": "websocket.connect"})
    await socket.receive_output()
    assert value("tradebot_sockets_open", route="live") == before + 1
    await socket.send_input({"type": "websocket.disconnect"})
    await socket.wait()
    assert value("tradebot_sockets_open", route="live") == before


async def test_a_socket_that_is_refused_never_counts():
    async def page(scope, receive, send):
        await send({"type": "websocket.close"})

    before = value("tradebot_sockets_open", route="live")
    socket = ApplicationCommunicator(SocketCounts(page), SCOPE)
    await socket.send_input({"type": "websocket.connect"})
    await socket.receive_output()
    await socket.wait()
    assert value("tradebot_sockets_open", route="live") == before


@pytest.mark.parametrize(
    ("path", "route"),
    [("/ws/live/", "live"), ("/ws/replay/12/", "replay"), ("/ws/../etc", "other"), ("/", "other")],
)
def test_routes_of_sockets_are_few(path, route):
    assert route_of(path) == route


def test_warnings_and_errors_are_counted_by_logger():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        configure(style="json", stream=io.StringIO(), environ={})
        logger = logging.getLogger("somewhere")
        logger.info("fine")
        logger.warning("hm")
        logger.error("no")
        logger.error("no")
    finally:
        root.handlers[:], root.level = handlers, level

    assert value("tradebot_log_lines_total", logger="somewhere", level="warning") == 1
    assert value("tradebot_log_lines_total", logger="somewhere", level="error") == 2
    assert value("tradebot_log_lines_total", logger="somewhere", level="info") == 0


def test_tasks_are_counted_from_begin_to_end():
    name = "observed.some_task"

    def nothing():
        """A task that does nothing."""

    task = app.task(nothing, name=name)
    before = value("tradebot_tasks_total", task=name, state="failure")

    tasks.begun(task_id="1", task=task)
    assert value("tradebot_tasks_running", task=name) == 1
    tasks.over(task_id="1", task=task, state="FAILURE")
    tasks.over(task_id="1", task=task, state="FAILURE")  # said twice, it counts once

    assert value("tradebot_tasks_running", task=name) == 0
    assert value("tradebot_tasks_total", task=name, state="failure") == before + 1
    assert value("tradebot_task_seconds_count", task=name) == before + 1


async def test_the_loops_lag_is_what_a_sleep_takes_longer():
    times, naps = iter([0, 260_000_000, 260_000_000, 500_000_000, 0]), iter([1, 2])

    async def sleep(seconds):
        if next(naps, None) is None:
            raise TimeoutError

    lag = Lag(lambda: next(times), sleep)
    with pytest.raises(TimeoutError):
        await lag.run()

    assert lag.tally.count == 2
    assert lag.tally.total == 10_000_000  # the second was early: that is no lag
