"""A live pipeline's entries: from the tick that causes one to the order on the broker's socket.

The pipeline is the product's, in a process of its own (`bench.order_desk`); the broker is the local
Rithmic in another one, on another core, over TLS and through the real client library. Times are
wall time from when the feed handed the tick over; a stage is from the end of the one before it.

- What the network and the client of the feed take comes before: that is the topic `live`.
- The acknowledgement comes after: it is the broker's, and here that of a stand-in on this machine.
- Journal on disk and margin are both waited for before the order leaves. Entries that leave one of
  them out, or both, take turns with the others, and say what they cost.
- The disk is that of the folder for temporary files (TMPDIR).
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from bench.fresh import Fresh, FreshError
from bench.setup import Setup
from bench.table import Row
from bench.timing import percentiles, quartiles

ENTRIES: Final = 600
QUICK_ENTRIES: Final = 90
FEWEST: Final = 18
CONTRACT: Final = "MESZ6:MES:CME:0.25:1.25:0.62:40"
"""The last is its margin, which must not be above our limit."""
STAGES: Final = (
    ("the engine's turn", "received", "taken"),
    ("in the journal", "taken", "journalled"),
    ("engine", "journalled", "decided"),
    ("rows and page", "decided", "ordered"),
    ("dispatcher and guards", "ordered", "guarded"),
    ("on disk, margin asked", "guarded", "cleared"),
    ("to the socket", "cleared", "written"),
)
LEFT_OUT: Final = (("margin",), ("disk",), ("margin", "disk"))

Entry = Mapping[str, Any]


def rows(setup: Setup) -> list[Row]:
    """The whole, its stages with their share of the median, and what the two waits cost."""
    if len(setup.cores) < 2:
        return [Row(what="tick to socket", missing="needs two cores")]
    count = QUICK_ENTRIES if setup.quick else ENTRIES
    return as_rows(entries(max(min(count, setup.rounds * 60), FEWEST), setup.cores))


def as_rows(found: Sequence[Entry]) -> list[Row]:
    """The first entry of each kind is not counted."""
    found = [{**each, "cleared": max(each["on_disk"], each["margin"])} for each in found]
    kinds = {
        without: [each for each in found if tuple(each["without"]) == without][1:]
        for without in ((), *LEFT_OUT)
    }
    whole = kinds[()]
    total = spent(whole, "received", "written")
    p50, p99, _ = percentiles(total)
    made = [
        Row(
            what=f"tick to socket ({len(whole)}), p50", value=p50, unit=" us", spread=within(total)
        ),
        Row(what="tick to socket, p99", value=p99, unit=" us"),
    ]
    made += [
        Row(what=f"{name}, share of p50", value=100 * median / p50, unit=" %")
        for name, median in stages(whole)
    ]
    made += [
        Row(what=f"{name}, p50", value=percentiles(spent(whole, "guarded", ends))[0], unit=" us")
        for name, ends in (("journal on disk", "on_disk"), ("margin asked", "margin"))
    ]
    answered = percentiles(spent(whole, "written", "answered"))
    made.append(Row(what="socket to acknowledged, p50", value=answered[0], unit=" us"))
    for without in LEFT_OUT:
        less = percentiles(spent(kinds[without], "received", "written"))
        name = f"without {' and '.join(without)}"
        made += [
            Row(what=f"{name}, p50", value=less[0], unit=" us"),
            Row(what=f"{name}, p99", value=less[1], unit=" us"),
        ]
    return made


def stages(whole: Sequence[Entry]) -> list[tuple[str, float]]:
    """Each stage's median in microseconds."""
    return [(name, percentiles(spent(whole, begins, ends))[0]) for name, begins, ends in STAGES]


def spent(found: Sequence[Entry], begins: str, ends: str) -> list[int]:
    """Nanoseconds from one stamp to another."""
    return [each[ends] - each[begins] for each in found]


def within(times: Sequence[int]) -> tuple[float, float]:
    """Quartiles in microseconds."""
    low, high = quartiles(np.array(times) / 1000)
    return low, high


def entries(count: int, cores: Sequence[int]) -> list[Entry]:
    """So many entries of a pipeline, with their stamps."""
    with (
        tempfile.TemporaryDirectory(prefix="tradebot-orders-") as folder,
        rithmic(folder, cores[-2]) as broker,
    ):
        asked = json.dumps({**broker, "entries": count, "folder": folder})
        with Fresh("bench.order_desk", asked, **environment(folder)) as desk:
            try:
                found: list[Entry] = desk.answer()
            except FreshError as error:
                log = Path(folder) / "orders.log"
                said = log.read_text().splitlines()[-20:] if log.exists() else []
                raise FreshError("\n".join([*said, str(error)])) from None
    return found


def environment(folder: str) -> dict[str, str]:
    """Nothing of the installation's: its own database, journals and settings."""
    return {
        "ENV_FILE": "",
        "DATA_DIR": folder,
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "SECRET_KEY": "only-for-the-bench-" + "x" * 40,
        "DJANGO_SETTINGS_MODULE": "tradebot.settings",
    }


@contextmanager
def rithmic(folder: str, core: int) -> Iterator[Mapping[str, Any]]:
    """The local Rithmic on a core: where it is, its certificate, and the port for its commands."""
    command = ["-m", "tests.servers.rithmic", "--folder", folder, "--contract", CONTRACT]
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    try:
        os.sched_setaffinity(process.pid, {core})
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise FreshError(f"the local Rithmic ended with {process.wait()}")
        yield json.loads(line)
    finally:
        process.terminate()
        process.communicate()
