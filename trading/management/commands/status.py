"""`manage.py status`: how everything is now; the exit code tells programs."""

import sys
from argparse import ArgumentParser
from typing import Any, TextIO, cast

from trading.management.output import write_json
from trading.management.parser import OneLineCommand


class Command(OneLineCommand):
    """Thin: `trading.status` looks and prints."""

    help = "How everything is now. Exit code: 0 healthy, 1 something is wrong, 2 nothing runs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--account", action="append", default=[], metavar="NAME",
            help="this one only; may be repeated",
        )  # fmt: skip
        parser.add_argument("--json", metavar="OUT", help="write it there; - is standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        from trading.status.gathering import gather
        from trading.status.terminal import show

        status = gather(options["account"])
        if options["json"]:
            write_json(status, options["json"])
        if options["json"] != "-":
            show(status, cast(TextIO, self.stdout))
        if status["exit_code"]:
            sys.exit(status["exit_code"])
