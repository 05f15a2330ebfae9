"""`manage.py export`: a day's ticks and recap to where EXPORT_TARGET says."""

import sys
from argparse import ArgumentParser
from datetime import date, timedelta
from typing import Any

from trading.management.parser import OneLineCommand, refusal


class Command(OneLineCommand):
    """Thin: `trading.export` sends. The exit code is 1 when a file did not arrive."""

    help = (
        "Send days to EXPORT_TARGET and prove that they arrived. What is there already is not sent "
        "again, so a command that was stopped can be given again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--date", metavar="DAY", help="the trading day; default: the last that was traded")
        add("--from", dest="first", metavar="DAY", help="the first of several days")
        add("--to", metavar="DAY", help="the last of them; default: the last that was traded")
        add("--dry-run", action="store_true", help="say what would be sent")

    def handle(self, *args: Any, **options: Any) -> None:
        from trading.errors import TradingError
        from trading.export.sending import send

        failed = False
        try:
            for day in days_of(options["date"], options["first"], options["to"]):
                done = send(day, dry_run=options["dry_run"])
                for line in done.lines:
                    self.stdout.write(line)
                failed = failed or bool(done.failed)
                if not done.target:
                    break
        except TradingError as error:
            raise refusal(error) from error
        if failed:
            sys.exit(1)


def days_of(given: str | None, first: str | None, last: str | None) -> list[date]:
    """The days that the options name; of a span those that have something."""
    from trading.errors import OptionError
    from trading.export.files import days_with_files
    from trading.pipeline.stored import day_of
    from trading.recap.asked import asked_day

    if first is None:
        if last is not None:
            raise OptionError("--to needs --from")
        return [day_of("--date", given) if given is not None else asked_day(None)]
    if given is not None:
        raise OptionError("--date names one day, --from several; give one of them")
    start = day_of("--from", first)
    end = day_of("--to", last) if last is not None else asked_day(None)
    if end < start:
        raise OptionError(f"--to {end} is before --from {start}")
    span = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    kept = days_with_files()
    return [day for day in span if day in kept]
