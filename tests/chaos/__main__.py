"""`make chaos`: several worlds at once, and one table of what happened and what was lost.

    python -m tests.chaos [--kills 1000] [--worlds 4] [--minutes 9] [--seed 1] [--hours 1]

Of four worlds three trade at the local Rithmic and one in paper mode; every other one uses
PostgreSQL and Redis, where they are found. The exit status is 1 when anything was lost.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.chaos.check import LOSSES
from tests.chaos.world import Words
from tests.services import Service, Unavailable, closing_all, find_postgres, find_redis

AT_ONCE: Final = 4


@dataclass
class Running:
    words: Words
    process: subprocess.Popen[bytes]
    said: Path
    log: Path


def plans(asked: argparse.Namespace, folder: Path, opened: list[Service]) -> list[Words]:
    """What each world is told; `opened` gets the services that it uses."""
    return [
        Words(
            folder=str(folder / f"world-{number}"),
            seed=asked.seed + number,
            kills=-(-asked.kills // asked.worlds),
            mode="paper" if number % 4 == 3 else "live",
            hours=asked.hours,
            minutes=asked.minutes * min(AT_ONCE, asked.worlds) / asked.worlds,
            postgres=found(find_postgres, opened) if number % 2 else "",
            redis=found(find_redis, opened) if number % 2 else "",
        )
        for number in range(asked.worlds)
    ]


def found(find: Callable[[Mapping[str, str]], Service], opened: list[Service]) -> str:
    """The address of a service of its own; "" when there is none here."""
    try:
        service = find(os.environ)
    except Unavailable as error:
        print(f"not used: {error}", file=sys.stderr)
        return ""
    opened.append(service)
    return service.url


def start(words: Words) -> Running:
    log, said = (Path(words.folder).with_suffix(ending) for ending in (".log", ".json"))
    command = [sys.executable, "-m", "tests.chaos.world", json.dumps(asdict(words))]
    with log.open("w") as errors, said.open("w") as answer:
        process = subprocess.Popen(command, stdout=answer, stderr=errors)
    return Running(words, process, said, log)


def run(everything: Sequence[Words]) -> list[dict[str, Any]]:
    """The results, in order."""
    waiting, running = list(everything), []
    results: list[dict[str, Any]] = []
    while waiting or running:
        while waiting and len(running) < AT_ONCE:
            running.append(start(waiting.pop(0)))
        time.sleep(0.2)
        for each in [each for each in running if each.process.poll() is not None]:
            running.remove(each)
            said = each.said.read_text().strip()
            if each.process.returncode or not said:
                tail = "\n".join(each.log.read_text().splitlines()[-15:])
                raise SystemExit(f"world {each.words.folder} failed:\n{tail}")
            results.append(json.loads(said.splitlines()[-1]) | {"words": asdict(each.words)})
    return results


def table(results: Sequence[dict[str, Any]]) -> tuple[Table, int]:
    """The counts, and how much was lost in all."""
    happened: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    lost: Counter[str] = Counter(dict.fromkeys(LOSSES, 0))
    for each in results:
        happened.update(each["counts"])
        failed.update(each["faults"])
        lost.update(each["lost"])
    shown = Table("what", "count", title="Chaos")
    for name, count in sorted(happened.items()):
        shown.add_row(name, str(count))
    shown.add_section()
    for name, count in sorted(failed.items()):
        shown.add_row(name, str(count))
    shown.add_section()
    for name, count in lost.items():
        shown.add_row(name, f"[green]{count}" if not count else f"[red]{count}")
    return shown, sum(lost.values())


def main() -> None:
    parser = argparse.ArgumentParser(prog="make chaos")
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--worlds", type=int, default=4)
    parser.add_argument("--minutes", type=float, default=9.0, help="at most, in all")
    parser.add_argument("--hours", type=float, default=0, help="of the day; 0: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", help="leave the worlds' folders")
    asked = parser.parse_args()
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    os.environ.setdefault("ENV_FILE", "")
    opened: list[Service] = []
    with closing_all(opened):
        results = run(plans(asked, folder, opened))
    for each in results:
        for line in each["notes"]:
            console.print(f"{each['words']['mode']} {each['words']['seed']}: {line}")
    shown, lost = table(results)
    console.print(shown)
    if lost or asked.keep:
        console.print(f"Their folders are in {folder}")
    sys.exit(1 if lost else 0)


if __name__ == "__main__":
    main()
