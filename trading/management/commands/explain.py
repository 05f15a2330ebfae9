"""`manage.py explain`: why a trade happened, from the ticks of its pattern to its result."""

import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from django.core.management.base import CommandError
from django.db import Error as DatabaseError

from trading.management.output import write_json
from trading.management.parser import OneLineCommand, add_settings, refusal

if TYPE_CHECKING:
    from trading.explain.document import Json

REPLAY: Final = (
    "date",
    "to",
    "seed",
    "symbol",
    "contract",
    "timeframe",
    "fills",
    "session",
    "side",
    "timezone",
    "config",
)


class Command(OneLineCommand):
    """A stored trade is found by its id; with options of a replay it is one of the file's."""

    help = "Explain a trade: replay to it and tell its story."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("trade", metavar="TRADE_ID", help="as the trade list, replay and the page name it")
        add("--file", help="the recording: of the session, or with the options below of a replay")
        add("--date", metavar="DAY", help="instead of a file, the day of a replay with --date")
        add("--to", metavar="DAY", help="its last day (the same)")
        add("--seed", help="of ticks that are made of minute bars (1)")
        add("--symbol", help="the instrument that the file holds (ES)")
        add("--contract", help="which contract of the file (ESH4)")
        add("--timeframe", metavar="SECONDS", help="length of a bar (300)")
        add("--fills", help="honest (default) or ideal")
        add("--session", help="rth (default): regular hours; all: around the clock")
        add("--side", help="tick-rule: infer the aggressor where the file does not say it")
        add("--timezone", help="of times in the file that name none (UTC)")
        add("--json", metavar="OUT", help="write the story there; - is standard output")
        add_settings(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        from engine.errors import EngineError
        from marketdata.errors import MarketDataError
        from trading.errors import TradingError
        from trading.explain.terminal import show

        try:
            story = self._story(options)
        except (EngineError, MarketDataError, TradingError) as error:
            raise refusal(error) from error
        except KeyboardInterrupt:
            sys.exit(130)
        if options["json"]:
            write_json(story, options["json"])
        if options["json"] != "-":
            show(story, cast(TextIO, self.stdout))

    def _story(self, options: dict[str, Any]) -> "Json":
        from trading.explain.finding import explain, explain_recorded
        from trading.pipeline import options as words
        from trading.pipeline.polygon import dated_feed

        trade, file = options["trade"], options["file"]
        asked = {name: options[name] for name in REPLAY if options[name] is not None}
        if not asked and not options["set"]:
            try:
                return explain(trade, file)
            except DatabaseError as error:
                said = str(error).strip().splitlines()[0]
                raise CommandError(f"the database does not answer: {said}") from error
        if (file is None) == ("date" not in asked):
            raise CommandError("options of a replay need --file, or --date and --symbol")
        settings = words.parse_settings(options["set"])
        feed = f"file:{file}" if file else dated_feed(asked.get("symbol"), asked["date"])
        plan = words.plan(words.Options(feed=feed, settings=settings, **asked))
        return explain_recorded(plan, trade)
