"""The short form of `make chaos`: some kills and faults at the local Rithmic and on paper."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_nothing_is_lost_when_the_process_is_killed_and_everything_around_it_fails():
    words = ["--worlds", "4", "--kills", "24", "--hours", "1", "--minutes", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    assert "decisions that differ" in done.stdout  # all was looked at
