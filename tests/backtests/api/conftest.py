"""Fixtures of both APIs' tests."""

from tests.backtests.pages.conftest import running, store
from tests.trading.api.conftest import ask, nobody_asked_before

__all__ = ["ask", "nobody_asked_before", "running", "store"]
