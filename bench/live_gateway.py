"""A local Databento gateway in a process of its own, for `bench.live`: asked and answering in lines
of JSON. Its market are ticks of a file, which every client may replay, and bursts on request."""

import json
import os
import sys
import time

import numpy as np

from engine.instruments import NANO, instrument
from engine.ticks import NS, part
from marketdata.feeds.files import open_file
from tests.servers.databento_gateway import Gateway, Listed, Records, trades

NUMBER = 11
BURST_EVERY_S = 0.02


def main() -> None:
    """Arguments: symbol, contract, Parquet file, ticks, and the core to stay on (-1: any)."""
    symbol, contract, path, count, core = sys.argv[1:]
    if int(core) >= 0:
        os.sched_setaffinity(0, {int(core)})
    step = int(instrument(symbol).tick * NANO)
    ticks = next(iter(open_file(path, symbol).blocks(int(count))))
    ticks = part(ticks, slice(len(ticks.ts) // 2))  # so that the day goes on after them
    tape = trades(
        NUMBER, ticks.ts, ticks.price.astype(np.int64) * step, ticks.size,
        np.where(ticks.side > 0, ord("B"), ord("A")).astype(np.uint8).tobytes(),
        np.arange(len(ticks.ts)) + 1,
    )  # fmt: skip
    now = int(ticks.ts[-1]) + NS
    offset = now - time.time_ns()

    def clock() -> int:
        return time.time_ns() + offset

    with Gateway([Listed(NUMBER, contract, now + 10**16, step)], clock=clock) as gateway:
        gateway.publish(tape)
        say({"port": gateway.port, "offset": offset, "key": gateway.key, "ticks": len(tape)})
        for line in sys.stdin:
            asked = json.loads(line)
            started = gateway.started
            say({"ready": True})
            # What is published before the client's session has begun it would never hear of.
            while gateway.started == started:
                time.sleep(0.005)
            burst(gateway, tape[-1:], asked["bursts"], asked["size"])
            say({"done": True})


def burst(gateway: Gateway, like: Records, bursts: int, size: int) -> None:
    """So many trades at once, again and again; `ts_recv` is when each burst was published."""
    sequence = len(gateway.everything)
    for _ in range(bursts):
        block = np.repeat(like, size)
        block["sequence"] = sequence + np.arange(size) + 1
        sequence += size
        block["ts_event"] = block["ts_recv"] = gateway.clock()
        gateway.publish(block)
        time.sleep(BURST_EVERY_S)


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
