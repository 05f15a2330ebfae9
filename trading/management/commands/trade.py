"""`manage.py trade`: runs the pipeline, and the live page beside it when told to serve."""

import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any, TextIO, cast

from django.core.management.base import CommandError

from trading.management.parser import OneLineCommand, add_settings, refusal

if TYPE_CHECKING:
    from trading.pipeline.supervisor import Outcome

WORDS = (
    "feed", "symbol", "contract", "mode", "timeframe", "speed", "session", "side", "account",
    "seed", "fills", "config", "date", "to",
)  # fmt: skip


class Command(OneLineCommand):
    """Options are words; `trading.pipeline.options` says what they mean."""

    help = "Trade: from a simulated or recorded market to bars, signals, paper trades and the page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add(
            "--feed",
            default="simulator",
            help="simulator (default), file:PATH, store, polygon, or databento (live)",
        )
        add("--symbol", help="what the feed holds; MES for the simulator, found in a file")
        add("--contract", help="which contract of a file (ESH4) or of databento (MES.v.0)")
        add("--date", metavar="DAY", help="the trading day of store or polygon, like 2025-11-20")
        add("--to", metavar="DAY", help="the last one of several (the same)")
        add("--mode", default="paper", help="paper (default)")
        add("--timeframe", metavar="SECONDS", help="length of a bar (300)")
        add("--speed", default="1", help="times as fast as real time, or max (1)")
        add("--session", default="rth", help="rth (default): regular hours; all: around the clock")
        add("--side", help="tick-rule: infer the aggressor where a file does not say it")
        add("--account", help="default: the mode and the symbol, like paper-MES")
        add("--seed", default="1", help="of the simulated market, or of ticks made of bars (1)")
        add("--fills", help="honest (default) or ideal")
        add_settings(parser)
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--serve", metavar="HOST:PORT", help="serve the live page there")
        where.add_argument("--headless", action="store_true", help="no page (default)")

    def handle(self, *args: Any, **options: Any) -> None:
        from engine.errors import EngineError
        from marketdata.errors import MarketDataError
        from trading.errors import TradingError
        from trading.pipeline import options as words
        from trading.pipeline.run import run

        try:
            asked = words.Options(
                settings=words.parse_settings(options["set"]),
                **{name: options[name] for name in WORDS},
            )
            serve = words.parse_address(options["serve"]) if options["serve"] is not None else None
            plan = words.timed(words.plan(asked, own=True))
            outcome = run(
                plan,
                serve=serve,
                tell=self._tell,
                replan=lambda: words.timed(words.plan(asked, own=True, after=plan)),
            )
        except (EngineError, MarketDataError, TradingError) as error:
            raise refusal(error) from error
        except KeyboardInterrupt:
            sys.exit(130)
        self._summarise(outcome)
        if outcome.error:
            raise CommandError(" ".join(outcome.error.split()))

    def _tell(self, base: str, link: str) -> None:
        from rich.console import Console

        console = Console(file=cast(TextIO, self.stdout), soft_wrap=True, highlight=False)
        console.print(f"[bold]tradebot[/bold] is at [cyan]{base}/[/cyan]")
        console.print(f"Log in once, within 15 minutes: [cyan]{link}[/cyan]")
        console.print("Ctrl-C stops it.")

    def _summarise(self, outcome: "Outcome") -> None:
        from rich.console import Console
        from rich.table import Table

        from engine.money import to_decimal

        session, engine, stored = outcome.session, outcome.engine, outcome.writer
        table = Table(show_header=False, box=None, pad_edge=False)
        rows = {
            "Session": f"{session.account.name}, {session.day}, {session.source}"
            + (" [yellow](synthetic ticks)[/yellow]" if session.synthetic else ""),
            "Status": outcome.status.value,
            "Ticks": f"{engine.ticks:,}",
            "Dropped": ", ".join(f"{n} {why}" for why, n in engine.dropped.items()) or "none",
            "Bars": f"{engine.bars:,} on the last day",
            "Trades": f"{session.trades_closed} in the session, "
            f"{session.wins} won, {session.losses} lost",
            "Net": f"{session.net:,.2f} {session.account.currency} "
            f"(gross {session.gross:,.2f}, fees {session.fees:,.2f})",
            "Balance": f"{to_decimal(engine.balance):,} {session.account.currency}",
            "Stored": f"{stored.rows:,} rows"
            + (f", {stored.refused} refused" if stored.refused else "")
            + (f", {stored.lost} lost" if stored.lost else ""),
        }
        for name, text in rows.items():
            table.add_row(name, text)
        Console(file=cast(TextIO, self.stdout), highlight=False).print(table)
