"""A process that backtests: `python -m bench.backtest_worker STORE [core]`.

Each line on stdin is how many of the store's first days to run; the answer is a line with the
digest of the outcome, the CPU seconds that took, and the most memory that the process ever used.
"""

import hashlib
import json
import os
import sys
import time
from pathlib import Path

import pyarrow as pa

from backtests.cache import AnalysisCache
from bench.worker import peak_memory
from bench.year import plan_of
from marketdata.store import TickStore


def main() -> None:
    """Answer until stdin ends."""
    from backtests.runner import run

    store = TickStore(Path(sys.argv[1]))
    if len(sys.argv) > 2:
        os.sched_setaffinity(0, {int(sys.argv[2])})
    pa.set_cpu_count(1)
    for line in sys.stdin:
        first, last = json.loads(line)
        before = time.process_time()
        outcome = run(
            plan_of(store, which=slice(first, last)), store=store, cache=AnalysisCache(None)
        )
        spent = time.process_time() - before
        seen = hashlib.sha256(repr(outcome.days).encode()).hexdigest()
        print(json.dumps({"digest": seen, "cpu": spent, "peak": peak_memory()}), flush=True)


if __name__ == "__main__":
    main()
