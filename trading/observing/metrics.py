"""The registry, and what several threads or processes count: log lines, requests, sockets, tasks.

Counters of prometheus-client: with PROMETHEUS_MULTIPROC_DIR set, the processes of one service count
together in that folder (docs/observability.md). Labels are few by design: a route's name and never
a path, a logger's name and never a message.
"""

import os
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.multiprocess import MultiProcessCollector

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY: Final = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)
PlatformCollector(registry=REGISTRY)
GCCollector(registry=REGISTRY)

LOGGED: Final = Counter(
    "tradebot_log_lines", "Warnings and errors that were logged.", ["logger", "level"],
    registry=REGISTRY,
)  # fmt: skip

REQUESTS: Final = Counter(
    "tradebot_http_requests", "Requests answered.", ["route", "method", "status"],
    registry=REGISTRY,
)  # fmt: skip
REQUEST_SECONDS: Final = Histogram(
    "tradebot_http_request_seconds", "From a request to its answer.", ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10), registry=REGISTRY,
)  # fmt: skip
SOCKETS: Final = Gauge(
    "tradebot_sockets_open", "WebSockets that are open.", ["route"],
    multiprocess_mode="livesum", registry=REGISTRY,
)  # fmt: skip

TASKS: Final = Counter(
    "tradebot_tasks", "Celery tasks that ended.", ["task", "state"], registry=REGISTRY
)
TASK_SECONDS: Final = Histogram(
    "tradebot_task_seconds", "How long Celery tasks took.", ["task"],
    buckets=(0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14400), registry=REGISTRY,
)  # fmt: skip
TASKS_RUNNING: Final = Gauge(
    "tradebot_tasks_running", "Celery tasks that run now.", ["task"],
    multiprocess_mode="livesum", registry=REGISTRY,
)  # fmt: skip
BACKTEST_DAYS: Final = Counter(
    "tradebot_backtest_days", "Days that were analysed for backtests.", registry=REGISTRY
)


def whole() -> CollectorRegistry:
    """What is to be shown: of all processes of this service, where they count together."""
    if not os.environ.get(FOLDER):
        return REGISTRY
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    ProcessCollector(registry=together)
    return together
