"""The day comes first: it takes minutes and little of the processor; other tests run beside it."""

from pathlib import Path

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: Path(__file__).parent not in item.path.parents)
