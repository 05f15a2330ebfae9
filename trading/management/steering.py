"""What `halt`, `resume`, `flatten` and `kill` have in common: options in, exit code out."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any, ClassVar

from trading.management.parser import OneLineCommand, refusal


class SteeringCommand(OneLineCommand):
    """`kind` is the command's; `direct`: whether it may go to the broker past the pipeline."""

    kind: ClassVar[str]
    direct: ClassVar[bool] = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--account", default="", help="default: the one that was traded last")
        add("--reason", default="", help="kept in the audit trail")
        add("--wait", type=float, default=15.0, metavar="SECONDS", help="for the answer (15)")
        if self.direct:
            add(
                "--direct",
                action="store_true",
                help="live accounts: if no pipeline answers, close everything at the broker",
            )
            add("--yes", action="store_true", help="with --direct: do not ask")

    def handle(self, *args: Any, **options: Any) -> None:
        from django.db import Error as DatabaseError

        from trading.brokers.live import live_adapter
        from trading.errors import TradingError
        from trading.steering.steer import Wish, steer

        def sure(question: str) -> bool:
            if options["yes"]:
                return True
            if not sys.stdin.isatty():
                self.stdout.write("--direct needs --yes where no terminal is.")
                return False
            return input(f"{question} Type yes: ").strip().lower() == "yes"

        wish = Wish(
            kind=self.kind,
            account=options["account"],
            reason=options["reason"],
            wait_s=options["wait"],
            direct=options.get("direct", False),
            actor=f"{getpass.getuser()} at the command line",
        )
        try:
            code = steer(wish, connect=live_adapter, say=self.stdout.write, sure=sure)
        except (TradingError, DatabaseError) as error:
            raise refusal(error) from error
        if code:
            sys.exit(code)
