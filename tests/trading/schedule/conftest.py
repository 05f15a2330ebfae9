"""Fixtures of the day's jobs."""

from collections.abc import Iterator

import pytest

from tests.trading.schedule.desk import Jobs, SetClock, at


@pytest.fixture
def clock() -> Iterator[SetClock]:
    """New York's clock; it is before anything is due."""
    with at("2024-06-12 02:00") as made:
        yield made


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Jobs:
    return Jobs(monkeypatch)
