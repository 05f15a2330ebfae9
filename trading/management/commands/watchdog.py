"""`manage.py watchdog`: looks after the trading process, the machine and the services."""

import signal
import sys
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from trading.management.parser import OneLineCommand, refusal


class Command(OneLineCommand):
    """Thin: `trading.watchdog` looks and says."""

    help = "Watch the trading process, this machine and the services, and tell what is wrong."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--account",
            action="append",
            default=[],
            metavar="NAME",
            help="watch this one only; may be repeated. Default: every account that was heard of "
            "within a day and has not ended in order",
        )
        parser.add_argument(
            "--expect",
            action="append",
            default=[],
            metavar="NAME=HH:MM-HH:MM",
            help="on trading days this account is to run within these hours (New York); may be "
            "repeated",
        )
        parser.add_argument(
            "--once", action="store_true", help="look once; exit code 1 when something is wrong"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from django.conf import settings

        from trading.errors import TradingError
        from trading.watchdog.hours import hours
        from trading.watchdog.looking import Looker
        from trading.watchdog.watching import Watchdog, only_watchdog

        try:
            expected = [hours(text) for text in options["expect"]]
            looker = Looker(options["account"], expected)
            with only_watchdog(Path(settings.DATA_DIR)):
                watchdog = Watchdog(looker)
                if options["once"]:
                    self._once(watchdog)
                else:
                    watchdog.run(self._stopped())
        except TradingError as error:
            raise refusal(error) from error

    def _once(self, watchdog: Any) -> None:
        found = watchdog.look()
        for one in found:
            self.stdout.write(f"{one.rule.level}: {one.title}: {one.found.text}")
        if any(one.wrong for one in found):
            sys.exit(1)
        self.stdout.write("all well")

    def _stopped(self) -> threading.Event:
        stop = threading.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *_: stop.set())
        return stop
