"""`manage.py backtest`: stored days through the engine, with a summary, JSON and a report."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TextIO, cast

from django.core.management.base import CommandError

from backtests.management.words import INTERRUPTED, asked_to_stop, count, day
from backtests.outcome import Progress
from trading.management.parser import OneLineCommand, add_settings, refusal

if TYPE_CHECKING:
    from backtests.asking import Asked
    from backtests.models import Backtest
    from backtests.outcome import Outcome
    from backtests.plan import Plan

MOMENTS: Final = 200


class Command(OneLineCommand):
    """Thin: `backtests.asking` reads the words, `backtests.runner` runs, `backtests.storing`
    keeps."""

    help = "Backtest stored days: the trades that would have been made, and what they made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--symbol", required=True, help="the instrument, like ES")
        add("--from", dest="first", type=day, metavar="DAY", help="first trading day")
        add("--to", dest="last", type=day, metavar="DAY", help="last trading day")
        add("--days", type=count, metavar="N", help="only the last N stored days of the range")
        add("--start-balance", default="", metavar="AMOUNT", help="the account's (configuration)")
        add("--tiers", default="on", help="on (default); off: one tier, the feed's instrument")
        add("--fills", default="", help="honest (default) or ideal")
        add("--session", default="rth", help="rth (default): regular hours; all: around the clock")
        add("--workers", type=count, default=1, metavar="N", help="processes that analyse (1)")
        add("--json", metavar="OUT", help="write everything there; - is standard output")
        add("--html", metavar="OUT", help="write the report there, a file that stands alone")
        add("--fresh", action="store_true", help="analyse all days anew, whatever is cached")
        add("--note", default="", help="a line that the list of runs shows")
        add(
            "--check-lookahead",
            nargs="?",
            type=count,
            const=MOMENTS,
            metavar="MOMENTS",
            help=f"take the future away at so many moments ({MOMENTS}): nothing may change",
        )
        add_settings(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        from django.db import Error as DatabaseError

        from backtests import storing
        from backtests.asking import plan_of
        from backtests.document import document
        from backtests.errors import BacktestError
        from backtests.management.summary import print_summary
        from backtests.metrics import Figures
        from backtests.models import Backtest
        from engine.errors import EngineError
        from marketdata.errors import MarketDataError
        from marketdata.store import the_store
        from trading.errors import TradingError
        from trading.management.output import expect_folder, write_json, write_text

        out = options["json"]
        for option in ("json", "html"):
            expect_folder(options[option], option=f"--{option}")
        console_file = sys.stderr if out == "-" else cast(TextIO, self.stdout)
        try:
            plan, found = plan_of(_asked(options), the_store(), now=time.time_ns())
            row = storing.create(
                plan,
                asked_from=Backtest.Asked.COMMAND,
                note=options["note"],
                workers=options["workers"],
            )
            outcome, last = _run(row, plan, options)
            figures = Figures.from_json(row.figures)
            if out:
                write_json(document(outcome, figures, number=row.pk), out)
            if options["html"]:
                from backtests.report import html  # loads what draws

                report = html(outcome, figures, title=f"Backtest {row.pk}", note=row.note)
                write_text(report, options["html"], option="--html")
        except (BacktestError, EngineError, MarketDataError, TradingError) as error:
            raise refusal(error) from error
        except DatabaseError as error:
            reason = " ".join(str(error).split())
            raise CommandError(
                f"the database does not keep the run ({reason}); check DATABASE_URL, or run: "
                "python manage.py migrate"
            ) from error
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        print_summary(outcome, figures, found, last, row, console_file)
        if outcome.stopped:
            sys.exit(INTERRUPTED)
        if options["check_lookahead"]:
            _check(row, plan, options["check_lookahead"], console_file)


def _check(row: "Backtest", plan: "Plan", moments: int, file: TextIO) -> None:
    """1 is what the command ends with when anything moved."""
    from backtests.management.checking import check_and_keep, print_findings
    from marketdata.store import the_store

    with asked_to_stop() as stop:
        findings = check_and_keep(row, plan, the_store(), moments=moments, stop=stop)
    print_findings(findings, file)
    if findings.stopped:
        sys.exit(INTERRUPTED)
    if not findings.ok:
        sys.exit(1)


def _run(row: "Backtest", plan: "Plan", options: dict[str, Any]) -> "tuple[Outcome, Progress]":
    """Run it and keep what comes of it, also when somebody stops it or it fails."""
    from backtests import storing
    from backtests.control import alone
    from backtests.runner import run

    last = Progress(days=len(plan.days))
    with asked_to_stop() as stop, progress_bar(sys.stderr, len(plan.days)) as show:

        def told(progress: Progress) -> None:
            nonlocal last
            last = progress
            show(progress)

        storing.begin(row)
        with alone(row) as stopped_on_page:
            try:
                outcome = run(
                    plan,
                    workers=options["workers"],
                    fresh=options["fresh"],
                    progress=told,
                    stop=lambda: stop() or stopped_on_page(),
                )
            except BaseException as error:
                storing.fail(row, error)
                raise
            storing.finish(row, outcome)
    return outcome, last


def _asked(options: dict[str, Any]) -> "Asked":
    from backtests.asking import Asked
    from trading.pipeline.options import parse_settings

    names = (
        "symbol", "first", "last", "days", "start_balance", "tiers", "fills", "session",
    )  # fmt: skip
    return Asked(
        config=options["config"] or "",
        settings=parse_settings(options["set"]),
        **{name: options[name] for name in names},
    )


@contextmanager
def progress_bar(file: TextIO, days: int) -> Iterator[Callable[[Progress], None]]:
    """Days, ticks a second and time left on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    console = Console(file=file)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("days"),
        TextColumn("{task.fields[speed]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with RichProgress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("backtest", total=days, speed="")
        began = time.monotonic()

        def told(progress: Progress) -> None:
            took = max(time.monotonic() - began, 1e-9)
            speed = f"{progress.ticks / took / 1e6:,.1f} M ticks/s"
            name = f"{progress.day}" if progress.day else "backtest"
            bar.update(task, completed=progress.done, description=name, speed=speed)

        yield told
