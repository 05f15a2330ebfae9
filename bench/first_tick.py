"""A process that starts, makes the engine ready and takes one tick: `python -m bench.first_tick`.

Its arguments are a symbol, the tick's time (UTC ns) and the folder that calendar months are kept
in; compiled code is kept in $NUMBA_CACHE_DIR. It prints when it had imported everything and when
the tick was through (ns of the monotonic clock, which all processes share), and the CPU time (ns)
that it had used then.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from engine.config import engine_config
from engine.engine import Engine
from engine.ticks import TICK
from engine.warm import compile_engine
from marketdata.calendars import keep_in, schedule


def main() -> None:
    """As a live process does: compile or load everything, then the first tick."""
    imported = time.monotonic_ns()
    symbol, ts, folder = sys.argv[1:]
    keep_in(Path(folder))
    config = engine_config(symbol)
    compile_engine(config)
    engine = Engine(config, schedule(config.instrument, "rth"))
    engine.push(np.array([(int(ts), 20_000, 1, 1)], TICK))
    through = {"through": time.monotonic_ns(), "cpu": time.process_time_ns()}
    print(json.dumps({"imported": imported, **through}), flush=True)


if __name__ == "__main__":
    main()
