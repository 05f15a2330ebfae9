"""The machine that the figures are of, and how this process keeps to one of its cores."""

import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa

from bench.timing import in_turns

COPIED_BYTES = 64 << 20
SCHEDULED = Path("/proc/self/schedstat")


def cores() -> list[int]:
    """The cores this process may use, by number; without numbers where none can be chosen."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return []


@contextmanager
def one_core(available: Sequence[int]) -> Iterator[None]:
    """Stay on the last core, with what is started from here. Parquet's decoder gets one thread."""
    threads = pa.cpu_count()
    pa.set_cpu_count(1)
    if available:
        os.sched_setaffinity(0, {available[-1]})
    try:
        yield
    finally:
        pa.set_cpu_count(threads)
        if available:
            os.sched_setaffinity(0, available)


def facts(available: Sequence[int]) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "cores": len(available) or os.cpu_count(),
        "pinned": bool(available),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "numba": version("numba"),
        "numpy": version("numpy"),
        "pyarrow": version("pyarrow"),
        "memcpy_gb_a_second": memcpy_speed(),
    }


def scheduled() -> tuple[int, int] | None:
    """Nanoseconds this process ran and waited for its core so far; None where nobody counts."""
    if not SCHEDULED.exists():
        return None
    ran, waited, _ = SCHEDULED.read_text().split()
    return int(ran), int(waited)


def memcpy_speed() -> float:
    """Bytes copied, in 1e9 a second; each is read once and written once."""
    source, target = np.ones(COPIED_BYTES, np.int8), np.empty(COPIED_BYTES, np.int8)

    def copy() -> None:
        target[:] = source

    (times,) = in_turns([copy], 9)
    return COPIED_BYTES / median(times) / 1e9
