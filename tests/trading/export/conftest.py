"""A day with ticks and a recap, and no waiting between attempts."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import stamina


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    with stamina.set_testing(True, attempts=4, cap=True):
        yield


@pytest.fixture
def day_info() -> Any:
    from marketdata.store import DayInfo
    from tests.trading.days import DAY

    return DayInfo(
        symbol="MES", day=DAY, contract="MESM4", tick=Decimal("0.25"), lot=Decimal(1),
        source="databento live", side="aggressor", synthetic=False,
    )  # fmt: skip


@pytest.fixture
def stored_day(data_dir: Path, day_info: Any) -> Path:
    """DATA_DIR with both files of the day."""
    from marketdata.feeds import stored
    from marketdata.store import TickStore
    from tests.trading.days import DAY, ticks
    from trading.recap.writing import path_of

    TickStore(data_dir / "ticks").write(day_info, [stored(ticks())])
    path_of(DAY).parent.mkdir()
    path_of(DAY).write_text('{"version": 1}\n')
    return data_dir
