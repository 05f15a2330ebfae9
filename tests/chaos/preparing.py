"""What a world does once, so that each of its lives is short."""

import gc
from collections.abc import Mapping
from importlib import import_module
from typing import Final
from urllib.parse import urlsplit

from tests.chaos.market import DAY, SYMBOL

RULES: Final[Mapping[str, str]] = {
    "risk.loss_limit": "5000",
    "risk.profit_target": "50000",
    "risk.max_drawdown": "50000",
    "risk.cooldown_bars": "0",
    "risk.max_rejects": "1000",
    "risk.stop_ticks": "8",
    "risk.target_ticks": "10",
    "risk.trail_ticks": "5",
    "risk.trail_after_ticks": "4",
    "router.min_strength": "0.1",
    "router.min_confidence": "0.1",
}
PORTS: Final = {"postgres": 5432, "redis": 6379}
LOADED: Final = (
    "databento",
    "pandas_market_calendars",
    "trading.pipeline.databento",
    "trading.pipeline.run",
    "marketdata.feeds.databento_live",
    "marketdata.quality.record",
    "tests.marketdata.databento.gateway",
)


def prepare() -> None:
    """Load everything that a life needs, so that forking it is quick."""
    import django

    django.setup()
    from django.core.management import call_command

    from engine.warm import compile_engine
    from trading.models import Tier
    from trading.pipeline import options as words

    call_command("migrate", verbosity=0)
    Tier.objects.update(loss_limit=50_000)  # the day shall have trades until its end
    plan = words.plan(words.Options(symbol=SYMBOL, settings=RULES))
    compile_engine(plan.config)
    plan.schedule.day(DAY)
    for module in LOADED:
        import_module(module)
    leave_database()
    gc.collect()
    gc.freeze()  # each life looks at its own garbage only


def leave_database() -> None:
    """No connection may be shared with a life, which would talk on the same line."""
    from django.db import connections

    connections.close_all()
    for each in connections.all(initialized_only=True):
        if each.vendor == "postgresql":
            each.close_pool()


def services(**urls: str) -> dict[str, tuple[str, int]]:
    """Host and port of each service that has a URL."""
    found = {}
    for name, url in urls.items():
        parts = urlsplit(url)
        if parts.hostname:
            found[name] = parts.hostname, parts.port or PORTS[name]
    return found


def through(url: str, port: int) -> str:
    """The URL, by way of a proxy."""
    parts = urlsplit(url)
    login, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{login}{at}127.0.0.1:{port}").geturl()
