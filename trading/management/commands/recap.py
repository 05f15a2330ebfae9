"""`manage.py recap`: a trading day as a document, and as a page that stands alone."""

import sys
from argparse import ArgumentParser
from typing import Any

from trading.management.output import expect_folder, write_text
from trading.management.parser import OneLineCommand, refusal


class Command(OneLineCommand):
    """Thin: `trading.recap` makes it, `trading.export` sends it."""

    help = (
        "Write the recap of a trading day to DATA_DIR/recaps and send it, with the day's ticks, to "
        "where EXPORT_TARGET says."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--date", metavar="DAY", help="the trading day; default: the last that was traded")
        add("--account", default="", help="what --json and --html are of; default: all accounts")
        add("--no-export", action="store_true", help="write it, send nothing")
        add("--json", metavar="OUT", help="write the document there too; - is standard output")
        add("--html", metavar="OUT", help="write a page that stands alone there")

    def handle(self, *args: Any, **options: Any) -> None:
        from marketdata.errors import MarketDataError
        from trading.errors import TradingError
        from trading.export.sending import send
        from trading.recap.asked import asked_day
        from trading.recap.document import document
        from trading.recap.writing import as_text, write

        out, page, account = options["json"], options["html"], options["account"]
        for option, where in (("--json", out), ("--html", page)):
            expect_folder(where, option=option)
        try:
            day = asked_day(options["date"], account)
            path = write(day)
        except (MarketDataError, TradingError) as error:
            raise refusal(error) from error
        made = document(day, account) if out or page else {}
        if out == "-":
            sys.stdout.write(as_text(made))
        elif out:
            write_text(as_text(made), out, option="--json")
        if page:
            from trading.recap.page import html

            write_text(html(made), page, option="--html")
        say = self.stderr.write if out == "-" else self.stdout.write
        say(f"Recap of {day}: {path}")
        if options["no_export"]:
            return
        try:
            sent = send(day)
        except TradingError as error:
            raise refusal(error) from error
        for line in sent.lines:
            say(line)
        if sent.failed:
            sys.exit(1)
