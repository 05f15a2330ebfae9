"""One life of the trading process: begun with what is on disk, ended by SIGKILL or by the day.

It is the process that `manage.py trade` runs, forked from one that has loaded everything. Only
three things differ: the clock is the world's, the feed is looked after with less patience, and it
may be told to die right before or right after the n-th time that it takes a step.
"""

import ctypes
import functools
import importlib
import inspect
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PR_SET_PDEATHSIG: Final = 1


@dataclass(frozen=True)
class Step:
    """Something that the process does: where, how often in a short life, and whether only with a
    real broker."""

    module: str
    function: str
    often: int
    live: bool = False


STEPS: Final[Mapping[str, Step]] = {
    "a write to a journal": Step("marketdata.store.durable", "DurableFile._write", 60),
    "a journal put on disk": Step("marketdata.store.durable", "DurableFile.sync", 4),
    "an input": Step("trading.pipeline.core", "Core.act", 40),
    "rows written": Step("trading.pipeline.store", "Flush.run", 6),
    "an order placed": Step("trading.brokers.rithmic.ordering", "Ordering.place", 2, live=True),
    "a frame to the broker": Step(
        "trading.brokers.rithmic.plants", "OurPlant._send", 30, live=True
    ),
    "a word of the broker": Step("trading.brokers.real", "RealBroker._say", 6, live=True),
    "a look at the books": Step("trading.reconciliation.task", "Reconciliation.look", 3, live=True),
}
"""Where a life can end."""


@dataclass(frozen=True)
class Death:
    """Right before (or after) the `count`-th time that `step` is taken."""

    step: str
    count: int
    after: bool

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.step} {self.count}"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(death: Death) -> None:
    """Lay the trap."""
    step = STEPS[death.step]
    owner_name, _, function_name = step.function.rpartition(".")
    owner = getattr(importlib.import_module(step.module), owner_name)
    real: Callable[..., Any] = getattr(owner, function_name)
    left = death.count

    def due() -> bool:
        nonlocal left
        left -= 1
        return left == 0

    if inspect.iscoroutinefunction(real):

        @functools.wraps(real)
        async def trapped(*args: Any, **words: Any) -> Any:
            last = due()
            if last and not death.after:
                die()
            result = await real(*args, **words)
            if last:
                die()
            return result

    else:

        @functools.wraps(real)
        def trapped(*args: Any, **words: Any) -> Any:
            last = due()
            if last and not death.after:
                die()
            result = real(*args, **words)
            if last:
                die()
            return result

    setattr(owner, function_name, trapped)


def tell_when_it_trades(pipe: int) -> None:
    """Write to `pipe` each time the engine hears that entries are possible at the broker."""
    from trading.brokers.real import RealBroker

    real = RealBroker._tell_line

    async def told(self: Any, *, up: bool, reason: str) -> None:
        await real(self, up=up, reason=reason)
        if up:
            os.write(pipe, b".")

    RealBroker._tell_line = told  # type: ignore[method-assign]


def fill_the_disk(folder: Path, room: int) -> None:
    """No file may grow beyond the largest one of now and `room` bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("*.j*rn*") if path.is_file()]
    most = max(sizes, default=0) + room
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def begin(live: Callable[[], int], folder: Path, death: Death | None, pipe: int) -> int:
    """Fork; the child's pid. `live` is the child's whole life, and gives its exit status; `pipe`
    hears when it can trade."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # it does not outlive its world
        log = os.open(folder / "life.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        tell_when_it_trades(pipe)
        if death is not None:
            arm(death)
        status = live()
    except BaseException:  # noqa: BLE001 - whatever it was, the life is over
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
