"""A long file needs no more memory than a short one."""

from pathlib import Path

import pytest

from bench.files import write_dbn
from bench.imports import peak, repeated
from bench.market import FIRST_DAY
from engine.instruments import instrument
from marketdata.feeds.simulator import Simulator


@pytest.mark.slow
def test_five_times_the_ticks_in_the_same_memory(tmp_path: Path) -> None:
    feed = Simulator("ES", seed=1, ticks_per_day=100_000).history(FIRST_DAY, 2)
    days = [feed.simulator.day(day) for day in feed.days]
    peaks = []
    for size in (1_000_000, 5_000_000):
        path = tmp_path / f"{size}.dbn.zst"
        write_dbn(path, repeated(days, size), instrument("ES"))
        peaks.append(peak(path, tmp_path / "ticks", size))
        path.unlink()
    # Four million more of them, 29 bytes each when stored, are half of what the smaller one needs.
    assert peaks[1] < 1.3 * peaks[0]
