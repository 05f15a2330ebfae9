"""A process that streams Parquet files to trades: `python -m bench.worker [core]`.

Each line on stdin is a list of files; the answer is a line with the digest of each file's trades
the CPU seconds that took, and the most memory that the process ever used (bytes).
"""

import hashlib
import json
import os
import resource
import sys
import time
from pathlib import Path

import pyarrow as pa

from engine.config import engine_config
from engine.engine import Engine
from engine.events import TradeClosed
from marketdata.calendars import schedule
from marketdata.feeds.files import open_file


def main() -> None:
    """Answer until stdin ends."""
    if len(sys.argv) > 1:
        os.sched_setaffinity(0, {int(sys.argv[1])})
    pa.set_cpu_count(1)
    for line in sys.stdin:
        before = time.process_time()
        digests = [digest(Path(name)) for name in json.loads(line)]
        spent = time.process_time() - before
        answer = {"digests": digests, "cpu": spent, "peak": peak_memory()}
        print(json.dumps(answer), flush=True)


def digest(path: Path) -> str:
    """Of the trades of a file, which is streamed."""
    feed, seen = open_file(path), hashlib.sha256()
    config = engine_config(feed.info.symbol)
    engine = Engine(config, schedule(config.instrument, "rth"), quiet=True)
    for block in feed.blocks():
        for event in engine.push_columns(block):
            if isinstance(event, TradeClosed):
                seen.update(repr(event).encode())
    return seen.hexdigest()


def peak_memory() -> int:
    """Bytes of physical memory at most. Linux's `ru_maxrss` would include the parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) << 10
    unit = 1 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main()
