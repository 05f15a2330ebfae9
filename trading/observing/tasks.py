"""Counts Celery's tasks, and serves a worker's figures.

A worker's processes count together in PROMETHEUS_MULTIPROC_DIR, which its own process serves on
METRICS_WORKER_ADDRESS. Without that folder the worker's own process knows of no task of its pool,
which is said.
"""

import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import structlog
from celery.signals import task_postrun, task_prerun, worker_process_shutdown, worker_ready
from django.conf import settings
from prometheus_client import MetricsHandler
from prometheus_client.multiprocess import mark_process_dead

from trading.observing import metrics
from trading.observing.access import token_fits

log = structlog.get_logger(__name__)

_began: dict[str, float] = {}


def connect() -> None:
    """Hear Celery's signals from now on."""
    task_prerun.connect(begun, dispatch_uid="observing")
    task_postrun.connect(over, dispatch_uid="observing")
    worker_ready.connect(serve, dispatch_uid="observing")
    worker_process_shutdown.connect(gone, dispatch_uid="observing")


def begun(task_id: str, task: Any, **_: Any) -> None:
    _began[task_id] = time.perf_counter()
    metrics.TASKS_RUNNING.labels(task.name).inc()


def over(task_id: str, task: Any, state: str | None = None, **_: Any) -> None:
    began = _began.pop(task_id, None)
    if began is None:
        return
    metrics.TASKS_RUNNING.labels(task.name).dec()
    metrics.TASKS.labels(task.name, (state or "unknown").lower()).inc()
    metrics.TASK_SECONDS.labels(task.name).observe(time.perf_counter() - began)


def serve(**_: Any) -> None:
    """The worker is there."""
    if settings.METRICS_WORKER_ADDRESS is None:
        return
    if not os.environ.get(metrics.FOLDER):
        log.warning("metrics_of_one_process", remedy=f"set {metrics.FOLDER} to an empty folder")
    host, port = settings.METRICS_WORKER_ADDRESS
    try:
        server = _Server((host, port), _handler())
    except OSError as error:
        remedy = "set METRICS_WORKER_ADDRESS to a free port"
        log.error("metrics_not_served", reason=error.strerror, remedy=remedy)  # noqa: TRY400
        return
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    log.info("metrics_served", host=host, port=server.server_port)


class _Server(ThreadingHTTPServer):
    daemon_threads = True


def _handler() -> type[BaseHTTPRequestHandler]:
    class Guarded(MetricsHandler.factory(metrics.whole())):  # type: ignore[misc]
        """With METRICS_TOKEN for who has it alone."""

        def do_GET(self) -> None:
            if settings.METRICS_TOKEN and not token_fits(self.headers.get("Authorization", "")):
                self.send_error(401)
                return
            super().do_GET()

    return Guarded


def gone(pid: int, **_: Any) -> None:
    """A process of the pool ended: what it alone had is over."""
    if os.environ.get(metrics.FOLDER):
        mark_process_dead(pid)  # type: ignore[no-untyped-call]
