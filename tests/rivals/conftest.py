"""The rivals' process, for a module's tests. REQUIRE_RIVALS=1 makes its absence a failure."""

import os

import pytest

from bench.rivals.process import RivalError, Rivals


@pytest.fixture(scope="module")
def rivals():
    try:
        process = Rivals()
    except RivalError as error:
        if os.environ.get("REQUIRE_RIVALS") == "1":
            raise
        pytest.skip(str(error))
    with process:
        yield process
