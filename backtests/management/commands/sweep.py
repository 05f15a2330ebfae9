"""`manage.py sweep`: many backtests that differ in a few settings, and what their best is worth."""

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO, cast

from django.core.management.base import CommandError

from backtests.management.words import INTERRUPTED, asked_to_stop, count, day
from trading.management.parser import OneLineCommand, add_settings, refusal


class Command(OneLineCommand):
    """Thin: `backtests.sweeps` does the work."""

    help = "Try settings on stored days, and say what the best of them is worth."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("--symbol", required=True, help="the instrument, like ES")
        add("--from", dest="first", type=day, metavar="DAY", help="first trading day")
        add("--to", dest="last", type=day, metavar="DAY", help="last trading day")
        add("--days", type=count, metavar="N", help="only the last N stored days of the range")
        add(
            "--param",
            action="append",
            default=[],
            metavar="NAME=VALUES",
            help="what is varied: risk.stop_ticks=8:24:4 or patterns.ratio=2.5,3,4; repeatable",
        )
        add("--method", default="grid", help="grid (default): every point; optuna: a search")
        add("--trials", type=count, default=100, metavar="N", help="points of a search (100)")
        add("--objective", default="sharpe", help="sharpe (default), expectancy, net or calmar")
        add("--seed", type=int, default=1, help="of the search (1)")
        add(
            "--walk-forward",
            type=count,
            default=0,
            metavar="FOLDS",
            help="choose on the days before, judge on the days after, so many times",
        )
        add("--rolling", action="store_true", help="train on the block before, not on all before")
        add("--purge", type=int, default=1, metavar="DAYS", help="left out before a test (1)")
        add("--embargo", type=int, default=0, metavar="DAYS", help="left out besides (0)")
        add("--start-balance", default="", metavar="AMOUNT", help="the account's (configuration)")
        add("--tiers", default="on", help="on (default); off: one tier, the feed's instrument")
        add("--fills", default="", help="honest (default) or ideal")
        add("--session", default="rth", help="rth (default): regular hours; all: around the clock")
        add(
            "--workers",
            type=count,
            metavar="N",
            help="processes; without it Celery's workers where some answer, else one process",
        )
        add("--json", metavar="OUT", help="write the result there; - is standard output")
        add("--html", metavar="OUT", help="write the report there: one file, opened from disk")
        add_settings(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        from django.db import Error as DatabaseError

        from backtests.asking import Asked, plan_of
        from backtests.errors import BacktestError
        from backtests.sweeps import running
        from backtests.sweeps.evaluating import SweepStopped
        from backtests.sweeps.spec import Spec
        from backtests.sweeps.text import points_line
        from engine.errors import EngineError
        from marketdata.errors import MarketDataError
        from marketdata.store import the_store
        from trading.errors import TradingError
        from trading.management.output import write_json, write_text
        from trading.pipeline.options import parse_settings

        out = options["json"]
        console_file = sys.stderr if out == "-" else cast(TextIO, self.stdout)
        began = time.monotonic()
        try:
            store = the_store()
            asked = Asked(
                config=options["config"] or "",
                settings=parse_settings(options["set"]),
                **{
                    name: options[name]
                    for name in (
                        "symbol", "first", "last", "days", "start_balance", "tiers", "fills",
                        "session",
                    )
                },
            )  # fmt: skip
            plan, _ = plan_of(asked, store, now=time.time_ns())
            spec = Spec(
                plan=plan,
                parameters=tuple(options["param"]),
                **{
                    name: options[name]
                    for name in (
                        "method", "objective", "trials", "seed", "walk_forward", "rolling",
                        "purge", "embargo",
                    )
                },
            )  # fmt: skip
            most = spec.check()
            with asked_to_stop() as stop, progress_bar(sys.stderr, most) as told:
                done = running.run(
                    spec,
                    store,
                    workers=options["workers"] or 1,
                    stop=stop,
                    told=told,
                    celery=options["workers"] is None and _on_celery(),
                )
            if out:
                write_json(done.study.result, out)
            if options["html"]:
                from backtests.sweeps.report import html  # loads what draws

                write_text(html(done.found), options["html"], option="--html")
        except SweepStopped:
            self.stderr.write("Stopped. What is done is kept: the same command goes on from there.")
            sys.exit(INTERRUPTED)
        except (BacktestError, EngineError, MarketDataError, TradingError) as error:
            raise refusal(error) from error
        except DatabaseError as error:
            reason = " ".join(str(error).split())
            raise CommandError(
                f"the database does not keep the sweep ({reason}); check DATABASE_URL, or run: "
                "python manage.py migrate"
            ) from error
        done.print(console_file)
        seconds = time.monotonic() - began
        console_file.write(f"Study {done.study.pk}: {points_line(done.done, done.kept, seconds)}\n")


def _on_celery() -> bool:
    """Whether there are workers that would do it."""
    from django.conf import settings

    if not settings.REDIS_URL:
        return False
    from kombu.exceptions import KombuError

    from backtests.sweeps.tasks import workers_answer

    try:
        return workers_answer() > 0
    except (KombuError, OSError):
        return False


@contextmanager
def progress_bar(file: TextIO, most: int) -> Iterator[Callable[[int, int], None]]:
    """Points on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(file=file)
    if not console.is_terminal:
        yield lambda done, kept: None
        return
    columns = (
        TextColumn("sweep"), BarColumn(), MofNCompleteColumn(), TextColumn("runs"),
        TextColumn("{task.fields[kept]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("sweep", total=most, kept="")

        def told(done: int, kept: int) -> None:
            bar.update(task, completed=done, kept=f"{kept:,} kept" if kept else "")

        yield told
