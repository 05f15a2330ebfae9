"""`manage.py schedule`: the day's jobs, and one of them by hand."""

import sys
from argparse import ArgumentParser
from typing import Any, TextIO, cast

from django.core.management.base import CommandError

from trading.management.parser import OneLineCommand, refusal


class Command(OneLineCommand):
    """Thin: `trading.schedule.listing` says and does it."""

    help = "The day's jobs: what was done today, and what comes next; or do one now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", metavar="run", parser_class=type(parser))
        run = actions.add_parser("run", help="do one job now, in this process")
        run.add_argument("job", help="like recap; without `run` they are listed")
        run.add_argument("--day", metavar="DAY", help="the trading day; default: today's, or last")
        run.add_argument("--again", action="store_true", help="also when it was done")

    def handle(self, *args: Any, **options: Any) -> None:
        from trading.errors import TradingError

        try:
            if options["action"] == "run":
                self._run(options["job"], options["day"], again=options["again"])
            else:
                self._list()
        except TradingError as error:
            raise refusal(error) from error

    def _run(self, job: str, day: str | None, *, again: bool) -> None:
        from trading import clock
        from trading.pipeline.stored import day_of
        from trading.schedule.listing import Refused, run_now, traded_last
        from trading.schedule.table import TABLE

        if job not in TABLE:
            raise CommandError(f"{job!r} is no job; they are {', '.join(TABLE)}")
        wanted = day_of("--day", day) if day is not None else traded_last(clock.now())
        said = ""
        try:
            for said in run_now(job, wanted, again=again):
                self.stdout.write(said)
        except Refused as error:
            raise CommandError(str(error)) from error
        if said.startswith("failed"):
            sys.exit(1)

    def _list(self) -> None:
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        from trading import clock
        from trading.schedule.listing import lines, local, state
        from trading.schedule.table import TABLE

        table = Table(box=None, pad_edge=False)
        for title in ("Job", "New York", "Today", "Next", "What"):
            table.add_column(title)
        for line in lines():
            run = line.run
            today = "-" if run is None else escape(f"{state(run)}: {run.result}".rstrip(": "))
            if line.next is not None:
                comes = local(line.next.due_at)
            else:
                comes = "-" if line.job.enabled else "disabled"
            what = TABLE[line.job.name].what
            table.add_row(line.job.name, f"{line.job.at:%H:%M}", today, comes, what)
        console = Console(file=cast(TextIO, self.stdout), highlight=False)
        console.print(f"It is {local(clock.now())} in New York.")
        console.print(table)
