"""A server with the day of `days.py`."""

from collections.abc import Iterator

import pytest

from tests.marketdata.polygon.days import DAY, bars_of
from tests.servers.polygon import PolygonServer


@pytest.fixture
def server() -> Iterator[PolygonServer]:
    """Running, with a day of SPY from 08:00 to 17:00 New York."""
    made = PolygonServer()
    made.add("SPY", *bars_of(DAY))
    with made.running():
        yield made
