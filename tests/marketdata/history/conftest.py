"""What the tests of Databento's history share."""

from collections.abc import Iterator

import pytest
import stamina

from marketdata.history.api import HistoryApi
from tests.servers.databento_history import KEY, HistoryServer


@pytest.fixture
def server() -> Iterator[HistoryServer]:
    with HistoryServer() as running:
        yield running


@pytest.fixture
def api(server: HistoryServer) -> HistoryApi:
    return HistoryApi(KEY, server.url)


@pytest.fixture(autouse=True)
def no_waits() -> Iterator[None]:
    """What is asked again is asked again at once."""
    with stamina.set_testing(True, attempts=4, cap=True):
        yield
