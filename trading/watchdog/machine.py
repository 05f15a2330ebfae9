"""What this machine says of itself: memory, disk, clock, processes. None where it does not say.

Read from the kernel; inside a container its own limit counts where there is one.
"""

import ctypes
import shutil
from pathlib import Path
from typing import Final

from trading.heartbeat.figures import machine, process_start
from trading.wire import Json

MB: Final = 1_000_000
TIME_ERROR: Final = 5
"""What adjtimex(2) returns for a clock that nothing keeps right."""
TIMEX_BYTES: Final = 512
"""More than the kernel's structure has on any machine; its first field, modes, is 0: only read."""


def memory_percent(meminfo: Path = Path("/proc/meminfo"), group: Path | None = None) -> float:
    """How much is used of what there is: of the machine's or of the container's, what is more."""
    kilobytes = {}
    for line in meminfo.read_text().splitlines():
        name, _, rest = line.partition(":")
        kilobytes[name] = int(rest.split()[0])
    used = 100 * (1 - kilobytes["MemAvailable"] / kilobytes["MemTotal"])
    return max(used, group_percent(group or Path("/sys/fs/cgroup")))


def group_percent(folder: Path) -> float:
    """The same of a container's limit (cgroup v2); 0 without one. Cached files that can go at once
    are not used."""
    try:
        limit = int((folder / "memory.max").read_text())
        current = int((folder / "memory.current").read_text())
        stat = (folder / "memory.stat").read_text().split()
    except (OSError, ValueError):  # no limit reads "max"
        return 0.0
    figures = dict(zip(stat[::2], map(int, stat[1::2]), strict=True))
    return 100 * (current - figures.get("inactive_file", 0)) / limit


def disk_free(folder: Path) -> int:
    """Bytes."""
    return shutil.disk_usage(folder).free


def clock_kept() -> bool | None:
    """Whether the kernel believes that something keeps its clock right (NTP)."""
    timex = ctypes.create_string_buffer(TIMEX_BYTES)
    try:
        state = int(ctypes.CDLL(None, use_errno=True).adjtimex(timex))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != TIME_ERROR


def alive(document: Json) -> bool | None:
    """Whether the process that made a heartbeat still runs; None when that cannot be seen from
    here, as from another machine or container."""
    if document.get("machine") != machine():
        return None
    began: str = document["process_start"]
    return process_start(document["pid"]) == began
