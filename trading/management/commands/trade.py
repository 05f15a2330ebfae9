"""`manage.py trade`: runs the pipeline, and the live page beside it when told to serve."""

import sys
from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any, TextIO, cast

from django.core.management.base import CommandError

from trading.management.market import add_market, asked, check_live
from trading.management.parser import OneLineCommand, refusal

if TYPE_CHECKING:
    from trading.pipeline.supervisor import Outcome


class Command(OneLineCommand):
    """Options are words; `trading.pipeline.options` says what they mean."""

    help = (
        "Trade: from a market to bars, signals, trades and the page; on paper, or with real money."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_market(parser, feed="simulator", mode="paper")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--serve", metavar="HOST:PORT", help="serve the live page there")
        where.add_argument("--headless", action="store_true", help="no page (default)")
        parser.add_argument(
            "--stay",
            action="store_true",
            help="run for good: outside trading hours wait, and start each day (docs/schedule.md)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        from engine.errors import EngineError
        from marketdata.errors import MarketDataError
        from trading.errors import TradingError
        from trading.pipeline import options as words
        from trading.pipeline.run import Staying, run

        try:
            told = asked(options)
            serve = words.parse_address(options["serve"]) if options["serve"] is not None else None
            plan = words.timed(words.plan(told, own=True))
            if not options["stay"]:
                check_live(plan)
            stays = options["stay"] or serve is not None
            outcome = run(
                plan,
                serve=serve,
                tell=self._tell,
                replan=lambda: words.timed(words.plan(told, own=True, after=plan)),
                staying=Staying(words=told, wait=options["stay"]) if stays else None,
            )
        except (EngineError, MarketDataError, TradingError) as error:
            raise refusal(error) from error
        except KeyboardInterrupt:
            sys.exit(130)
        if outcome is None:
            self.stdout.write("Nothing was traded.")
            return
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
        from trading.pipeline.supervisor import held_text

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
        if engine.position is not None:
            rows["Left open"] = f"[bold]{held_text(engine, closed=False)}[/bold]"
        for name, text in rows.items():
            table.add_row(name, text)
        Console(file=cast(TextIO, self.stdout), highlight=False).print(table)
