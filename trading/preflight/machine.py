"""This machine: disk, folders, memory, open files, clock."""

import ctypes
import os
import resource
import shutil
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.db import connection

from engine.ticks import NS
from trading.models import AuditEvent, Session
from trading.preflight.results import Result, failed, passed, warned

MB: Final = 1_000_000
LEAST_FREE: Final = 500 * MB
LITTLE_FREE: Final = 5_000 * MB
"""A day of ES with journals, ticks and rows is well under 200 MB."""
CLOCK_WARNS: Final = timedelta(seconds=2)
CLOCK_FAILS: Final = timedelta(seconds=30)
FEWEST_DAYS: Final = 20
"""So many days should fit, at what the last days took."""
RECENT_DAYS: Final = 10
LEAST_MEMORY: Final = 300 * MB
LITTLE_MEMORY: Final = 1_000 * MB
FEWEST_FILES: Final = 256
FEW_FILES: Final = 1024
TIME_ERROR: Final = 5
"""What adjtimex(2) returns for a clock that nothing keeps right."""
TIMEX_BYTES: Final = 512
"""More than the kernel's structure has; its first field, modes, is 0: it is only read."""
NTP: Final = "keep it right with NTP (timedatectl set-ntp true)"


def disk(folder: Path) -> Result:
    """There is room for a day's journals, ticks and rows."""
    free = shutil.disk_usage(folder).free
    text = f"{free // MB:,} MB free for {folder}"
    if free < LEAST_FREE:
        return failed("Disk", text, f"free at least {LEAST_FREE // MB} MB")
    if free < LITTLE_FREE:
        return warned("Disk", text, f"free some, to have {LITTLE_FREE // MB:,} MB")
    return passed("Disk", text)


def growth(data: Path) -> Result:
    """How many more days fit, if each takes what the last took in the store and the journals."""
    a_day = sum(_a_day(data / name) for name in ("ticks", "journal"))
    if not a_day:
        return passed("Growth", "no day is stored yet")
    days = shutil.disk_usage(data).free // a_day
    text = f"{a_day / MB:,.1f} MB a day: room for {days:,} more"
    if days < FEWEST_DAYS:
        return warned("Growth", text, "free some, or move old days away (manage.py ticks export)")
    return passed("Growth", text)


def _a_day(folder: Path) -> int:
    """Bytes of a day: the mean of the last, over all symbols and accounts."""
    total = 0
    for each in folder.iterdir() if folder.is_dir() else ():
        files = sorted(path for path in each.rglob("*") if path.is_file()) if each.is_dir() else []
        sizes = [path.stat().st_size for path in files[-RECENT_DAYS:]]
        total += sum(sizes) // max(1, len(sizes))
    return total


def memory(meminfo: Path = Path("/proc/meminfo"), group: Path = Path("/sys/fs/cgroup")) -> Result:
    """What is left of the machine's, or of the container's where it has less."""
    try:
        free = _available(meminfo)
    except (OSError, ValueError, KeyError):
        return warned("Memory", "this system does not say it", "look yourself: 1 GB should be free")
    left = _left_of_group(group)
    free = free if left is None else min(free, left)
    text = f"{free // MB:,} MB available"
    if free < LEAST_MEMORY:
        return failed("Memory", text, f"end something: at least {LEAST_MEMORY // MB} MB are needed")
    if free < LITTLE_MEMORY:
        return warned("Memory", text, f"have {LITTLE_MEMORY // MB:,} MB: end what is not needed")
    return passed("Memory", text)


def _available(meminfo: Path) -> int:
    told = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    return int(told["MemAvailable"].split()[0]) * 1024


def _left_of_group(folder: Path) -> int | None:
    """Of a container's limit (cgroup v2); None without one. Cached files can go at once."""
    try:
        limit = int((folder / "memory.max").read_text())  # "max" is none
        used = int((folder / "memory.current").read_text())
        stat = (folder / "memory.stat").read_text().split()
    except (OSError, ValueError):
        return None
    cached = dict(zip(stat[::2], map(int, stat[1::2]), strict=True)).get("inactive_file", 0)
    return max(0, limit - used + cached)


def open_files() -> Result:
    """A socket is a file too: pages, the feed, the broker, the database."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    unlimited = limit == resource.RLIM_INFINITY
    text = "no limit" if unlimited else f"at most {limit:,}"
    remedy = f"raise it: ulimit -n {FEW_FILES * 4}, or LimitNOFILE in the unit"
    if not unlimited and limit < FEWEST_FILES:
        return failed("Open files", text, remedy)
    if not unlimited and limit < FEW_FILES:
        return warned("Open files", text, remedy)
    return passed("Open files", text)


def ntp() -> Result:
    """Whether the kernel believes that something keeps its clock right."""
    kept = clock_kept()
    if kept is None:
        return warned("NTP", "this system does not say whether its clock is kept right", NTP)
    if not kept:
        return warned("NTP", "nothing keeps this machine's clock right", NTP)
    return passed("NTP", "the clock is kept right")


def clock_kept() -> bool | None:
    """None where that is not known."""
    timex = ctypes.create_string_buffer(TIMEX_BYTES)
    try:
        state = int(ctypes.CDLL(None, use_errno=True).adjtimex(timex))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != TIME_ERROR


def folder(name: str, path: Path) -> Result:
    """What is written there reaches the disk."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path, prefix=".preflight-") as file:
            file.write(b"1")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return failed(name, f"{path}: {error.strerror}", "let this user write there")
    return passed(name, f"{path} can be written")


def clock(
    now: datetime, day_time: datetime | None = None, *, heard: datetime | None = None
) -> Result:
    """Our clock is not behind what was recorded before, agrees with the database's, and is not
    behind the exchange nor `heard`, the newest time that the broker told. `day_time`: what the
    trading day's clock shows, where that is another."""
    remedy = f"set the clock, and {NTP}"
    newest = AuditEvent.objects.order_by("-recorded_at").values_list("recorded_at", flat=True)
    told = (
        ("what was recorded here", now, newest.first()),
        ("the exchange's last tick", day_time or now, _last_tick()),
        ("the broker's word", now, heard),
    )
    for what, ours, time in told:
        if time is not None and ours < time - CLOCK_WARNS:
            seconds = (time - ours).total_seconds()
            return failed("Clock", f"{seconds:.0f} s before {what}", remedy)
    apart = abs(now - database_time(now))
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    if apart > CLOCK_WARNS:
        text += f", {apart.total_seconds():.0f} s from the database's"
        return (failed if apart > CLOCK_FAILS else warned)("Clock", text, remedy)
    return passed("Clock", text)


def _last_tick() -> datetime | None:
    """Of the exchange's clock, as far as a session on a real market has heard it."""
    rows = Session.objects.filter(synthetic=False, last_tick_ns__gt=0)
    newest = rows.order_by("-last_tick_ns").values_list("last_tick_ns", flat=True).first()
    return None if newest is None else datetime.fromtimestamp(newest / NS, UTC)


def database_time(now: datetime) -> datetime:
    """What the database server's clock says; ours where it runs in this process."""
    if connection.vendor != "postgresql":
        return now
    with connection.cursor() as cursor:
        cursor.execute("select clock_timestamp()")
        row = cursor.fetchone()
    found: datetime = row[0]
    return found
