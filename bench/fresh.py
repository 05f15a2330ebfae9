"""Work in fresh processes, which say what they found as one line of JSON."""

import json
import os
import subprocess
import sys
from typing import Any

TIMEOUT_S = 300


class FreshError(Exception):
    """A process that was started ended without an answer."""


class Fresh:
    """`python -m <module> <arguments>`, asked line by line; a context manager that ends it."""

    def __init__(self, module: str, *arguments: str, **environment: str) -> None:
        self.module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            # Bytecode is kept, as it is where the product runs.
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment},
        )

    def ask(self, question: Any) -> None:
        """Send a line of JSON and do not wait."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        """Wait for the next line of JSON."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise FreshError(f"{self.module} ended with {self._process.wait(TIMEOUT_S)}")
        return json.loads(line)

    def __enter__(self) -> "Fresh":
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._process.communicate(timeout=TIMEOUT_S)
        finally:
            self._process.kill()
