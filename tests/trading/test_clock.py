"""The trading day's clock: what it says, and that another one can take its place."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from trading import clock


class Standing:
    """Shows one time, and runs 60 times as fast."""

    speed = 60.0

    def now_ns(self) -> int:
        return 1_763_645_100_123_456_789


@pytest.fixture
def standing() -> Iterator[None]:
    clock.use(Standing())
    yield
    clock.use(clock.RealClock())


def test_it_is_the_machines_unless_another_is_put_in() -> None:
    before = time.time_ns()
    assert before <= clock.now_ns() <= time.time_ns()
    assert clock.real(2.5) == 2.5


@pytest.mark.usefixtures("standing")
def test_another_clock_says_the_time_and_how_long_pauses_really_are() -> None:
    assert clock.now_ns() == 1_763_645_100_123_456_789
    assert clock.now() == datetime(2025, 11, 20, 13, 25, 0, 123456, UTC)
    assert clock.real(30) == 0.5
