"""A Discord on a local port, a clock that is moved by hand, and what delivers to it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.servers.discord import DiscordServer

if TYPE_CHECKING:
    from trading.notify.delivery import Deliverer


class HandClock:
    """Seconds; `advance` moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def discord(clock: HandClock, settings, data_dir: Path) -> Iterator[DiscordServer]:  # type: ignore[no-untyped-def]
    """Configured, with a DATA_DIR of its own."""
    with DiscordServer(clock).running() as server:
        settings.DISCORD_WEBHOOK_URL = server.url
        yield server


@pytest.fixture
def deliverer(discord: DiscordServer, clock: HandClock) -> Iterator["Deliverer"]:
    from trading.notify.delivery import Deliverer

    made = Deliverer(clock=clock)
    yield made
    made.close()


@pytest.fixture
def deliver(deliverer: "Deliverer", clock: HandClock) -> Callable[..., None]:
    """Rounds of two seconds, as the thread makes them."""

    def rounds(count: int = 1) -> None:
        for _ in range(count):
            deliverer.deliver_once()
            clock.advance(2.0)

    return rounds
