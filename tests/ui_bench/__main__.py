"""`make bench-ui`: how fast the live page is, in headless Chromium against a real server.

One topic each: `frames` (a second, panning and zooming), `opening` (until the page is interactive),
`live` (from the server's update to its picture) and `memory` (over an accelerated day). Figures are
of this machine and this run; nothing fails when a goal is missed. The exit status is 1 when
something could not be measured.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import sync_playwright
from rich.console import Console

from bench.table import Row, as_table
from tests.chromium import launched
from tests.ui_bench import frames, live, memory, opening
from tests.ui_bench.page import Setup, logged_in, serving

TOPICS: Final[Mapping[str, Any]] = {
    "frames": frames.rows,
    "opening": opening.rows,
    "live": live.rows,
    "memory": memory.rows,
}
NOTES: Final = """\
Frames are made as fast as they can be, not at a screen's rate; drawing is done by the processor, \
as in a browser without a graphics card. An update is published 10 times a second: a tick waits up \
to 100 ms for it, and that is not in the figure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print the table; the exit status."""
    options = parsed(arguments)
    console = Console()
    topics: list[tuple[str, list[Row]]] = []
    failed = False
    with sync_playwright() as playwright, serving("1") as server:
        setup = Setup(playwright, server, logged_in(playwright, server), options.quick)
        with launched(playwright) as browser:
            console.print(f"Chromium {browser.version}, headless, 1440 x 900\n", highlight=False)
        for name in options.only:
            with console.status(name):
                try:
                    topics.append((name, TOPICS[name](setup)))
                except Exception:  # noqa: BLE001 - whatever it was, it is said and counted
                    console.print_exception()
                    failed = True
    console.print(as_table(topics))
    console.print()
    console.print(NOTES, highlight=False)
    if options.json:
        figures = {name: [row.as_dict() for row in rows] for name, rows in topics}
        options.json.write_text(json.dumps(figures, indent=1) + "\n")
    return 1 if failed else 0


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Options; `only` is the list of topics, in the order given."""
    parser = argparse.ArgumentParser(
        prog="make bench-ui",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", type=topic_names, default=list(TOPICS), help="topics, separated by commas (all)"
    )
    parser.add_argument("--quick", action="store_true", help="shorter: under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure there too")
    return parser.parse_args(arguments)


def topic_names(text: str) -> list[str]:
    """Known topics of a list like `frames,memory`."""
    names = text.split(",")
    for name in names:
        if name not in TOPICS:
            raise argparse.ArgumentTypeError(f"no topic {name!r}; there are {', '.join(TOPICS)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
