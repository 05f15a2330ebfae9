"""An empty tick store."""

from pathlib import Path

import pytest

from marketdata.store import TickStore


@pytest.fixture
def store(tmp_path: Path) -> TickStore:
    return TickStore(tmp_path / "ticks")
