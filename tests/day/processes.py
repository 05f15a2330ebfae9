"""The product's processes, each started again when it dies, as an operating system's service
manager does it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
TO_END_S: Final = 60.0


class Supervised:
    """One process. `lives` counts its starts; `exits` are the codes that it ended with."""

    def __init__(
        self, name: str, words: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name, self.words, self.environment = name, words, environment
        self.log = folder / f"{name}.log"
        self.lives = 0
        self.exits: list[int] = []
        self.process: subprocess.Popen[bytes] | None = None
        self._pause_s = 0.0
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name=name, daemon=True)

    def start(self) -> None:
        self._begin()
        self._keeper.start()

    def kill(self, *, down_s: float = 0.5) -> None:
        """SIGKILL, to all that it started too; it comes back after `down_s`."""
        assert self.process is not None
        self._pause_s = down_s
        os.killpg(self.process.pid, signal.SIGKILL)

    def end(self) -> int:
        """SIGTERM, and the code that it ends with."""
        self._over.set()
        process = self.process
        assert process is not None
        process.send_signal(signal.SIGTERM)
        try:
            return process.wait(TO_END_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    def _begin(self) -> None:
        self.lives += 1
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.day.process", *self.words],
                cwd=ROOT,
                env=dict(self.environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _keep(self) -> None:
        while not self._over.is_set():
            assert self.process is not None
            code = self.process.wait()
            self.exits.append(code)
            if self._over.wait(self._pause_s):
                return
            self._pause_s = 0.5
            self._begin()


def until(true: object, what: str, within_s: float = 60.0) -> None:
    """Wait for a condition, which costs what it takes; `within_s` bounds a busy machine."""
    assert callable(true)
    give_up = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < give_up, f"waited in vain until {what}"
        time.sleep(0.05)
