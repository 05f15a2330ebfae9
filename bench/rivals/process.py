"""The rivals' process: starting it, asking it, and handing it ticks."""

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np

from engine.ticks import TickColumns

ROOT = Path(__file__).resolve().parents[2]


class RivalError(Exception):
    """What was asked of the rivals failed; says how."""


def rivals_python() -> Path:
    """Where `make rivals` puts their Python: inside our environment."""
    return Path(sys.prefix) / "rivals" / "bin" / "python"


class Rivals:
    """The process; to be used in a `with`."""

    def __init__(self) -> None:
        python = rivals_python()
        if not python.exists():
            raise RivalError(f"{python} does not exist: make rivals installs it")
        self._process = subprocess.Popen(
            [python, "-m", "bench.rivals.worker"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def ask(self, call: str, **arguments: Any) -> Any:
        """What "module:function" of this package returns there; JSON types either way."""
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None:
            raise RivalError("the rivals' process has no pipes")
        sink.write(json.dumps({"call": call, "with": arguments}) + "\n")
        sink.flush()
        line = source.readline()
        if not line:
            raise RivalError(f"the rivals' process ended at {call}")
        answer = json.loads(line)
        if "raises" in answer:
            raise RivalError(f"{call}:\n{answer['raises']}")
        return answer["returns"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def hand_over(path: Path, ticks: Iterable[TickColumns]) -> None:
    """Write ticks, joined, where the rivals' process reads them."""
    blocks = list(ticks)
    arrays = [np.concatenate(column) for column in zip(*blocks, strict=True)]
    np.savez(path, **dict(zip(TickColumns._fields, arrays, strict=True)))
