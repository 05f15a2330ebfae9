"""`manage.py parity`: whether a stored day is what the backtest of its ticks gives."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from trading.management.output import write_json
from trading.management.parser import OneLineCommand, refusal


class Command(OneLineCommand):
    """Thin: `trading.parity.report` compares. The exit code is 1 when anything differs."""

    help = (
        "Compare a stored session with the backtest of the ticks that it recorded: decisions must "
        "be the same; a broker's fills are set against simulated ones."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--date", metavar="DAY", help="the trading day; default: the last that was traded")
        add("--account", default="", help="only this account's session")
        add("--json", metavar="OUT", help="write everything there; - is standard output")

    def handle(self, *args: Any, **options: Any) -> None:
        from trading.errors import TradingError
        from trading.models import Session
        from trading.parity.report import lines, parity_of
        from trading.pipeline.stored import day_of

        try:
            if options["date"] is not None:
                day = day_of("--date", options["date"])
            else:
                sessions = Session.objects.order_by("day")
                if options["account"]:
                    sessions = sessions.filter(account__name=options["account"])
                last = sessions.last()
                if last is None:
                    raise CommandError("no session is stored; trade one: manage.py trade --help")
                day = last.day
            found = parity_of(day, options["account"])
        except TradingError as error:
            raise refusal(error) from error
        if not found:
            whose = options["account"] or "any account"
            raise CommandError(f"no session of {whose} is stored for {day}")
        out = options["json"]
        if out:
            write_json([each.as_json() for each in found], out)
        if out != "-":
            for each in found:
                for line in lines(each):
                    self.stdout.write(line)
        if not all(each.agrees for each in found):
            sys.exit(1)
