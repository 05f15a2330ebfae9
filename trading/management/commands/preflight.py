"""`manage.py preflight`: whether everything that trading needs is there."""

import getpass
import sys
from argparse import ArgumentParser
from typing import Any, TextIO, cast

from trading.management.market import add_market, asked
from trading.management.output import expect_folder, write_json
from trading.management.parser import OneLineCommand, refusal


class Command(OneLineCommand):
    """Thin: `trading.preflight` looks. It takes the words of the `trade` that is to follow."""

    help = "Look at everything before trading: give it the options of the trade that follows."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_market(parser, feed="databento", mode="live")
        parser.add_argument(
            "--json", metavar="FILE", help="the results for programs; - is standard output"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from engine.errors import EngineError
        from marketdata.errors import MarketDataError
        from trading.brokers.live import live_adapter
        from trading.errors import TradingError
        from trading.pipeline import options as words
        from trading.preflight.looking import look
        from trading.preflight.table import document, show

        expect_folder(options["json"], option="--json")
        try:
            plan = words.timed(words.plan(asked(options), own=True))
            row = look(plan, connect=live_adapter, actor=getpass.getuser())
        except (EngineError, MarketDataError, TradingError) as error:
            raise refusal(error) from error
        if options["json"] != "-":
            show(row, cast(TextIO, self.stdout))
        if options["json"]:
            write_json(document(row), options["json"])
        if not row.passed:
            sys.exit(1)
