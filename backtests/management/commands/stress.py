"""`manage.py stress RUN`: what else could have happened with what a run found."""

import sys
from argparse import SUPPRESS, ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TextIO, cast

from django.core.management.base import CommandError

from trading.management.parser import OneLineCommand, refusal

INTERRUPTED = 130


class Command(OneLineCommand):
    """Thin: `backtests.stress.study` asks and keeps, `backtests.stress.terminal` shows."""

    help = "Stress a finished backtest: random paths, streaks, hours, costs, worse fills."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("run", metavar="RUN", help="the backtest's number, or last for the newest")
        asked = parser.add_argument_group("what is asked (without any of these: all of it)")
        part = asked.add_argument
        part(
            "--monte-carlo", nargs="?", type=int, const=None, default=SUPPRESS, metavar="PATHS",
            help="random paths of the run's days and trades (1000)",
        )  # fmt: skip
        part("--loss-streaks", action="store_true", help="losses in a row, and what they do")
        part("--time-of-day", action="store_true", help="what each hour contributes")
        part("--day-of-week", action="store_true", help="what each weekday contributes")
        part("--costs", action="store_true", help="other fees, and which the run could bear")
        part("--outliers", action="store_true", help="the run without its best trades and days")
        part(
            "--slippage", nargs="?", type=int, const=None, default=SUPPRESS, metavar="TICKS",
            help="up to so many more ticks on each market and stop fill (4)",
        )  # fmt: skip
        part("--latency", action="store_true", help="orders that arrive later")
        add("--seed", type=int, default=1, help="another seed draws other paths (1)")
        add("--block", type=int, default=1, metavar="DAYS", help="days drawn in a row (1)")
        add("--days", type=int, default=0, help="how far paths go (as far as the run)")
        add("--ruin", default="", metavar="BALANCE", help="at which the account is over")
        add("--workers", type=int, default=1, metavar="N", help="processes of the re-runs (1)")
        add("--json", metavar="OUT", help="write the result there; - is standard output")
        add("--html", metavar="OUT", help="write a report with plots there")

    def handle(self, *args: Any, **options: Any) -> None:
        from django.db import Error as DatabaseError
        from rich.console import Console

        from backtests.errors import BacktestError
        from backtests.runner import run
        from backtests.stress.page import html
        from backtests.stress.study import ask, carry_out, find_run
        from backtests.stress.terminal import show
        from engine.errors import EngineError
        from marketdata.errors import MarketDataError
        from trading.management.output import write_json, write_text

        if options["workers"] < 1:
            raise CommandError(f"--workers is {options['workers']}; it must be at least 1")
        out = options["json"]
        file = sys.stderr if out == "-" else cast(TextIO, self.stdout)
        try:
            spec = _spec(options)
            row = find_run(options["run"])
            study = ask(row, spec)
            with _progress(len(spec.parts)) as told:
                result = carry_out(
                    study,
                    rerun=partial(run, workers=options["workers"]),
                    told=told,
                )
            if out:
                write_json(result, out)
            if options["html"]:
                write_text(html(result), options["html"], option="--html")
        except (BacktestError, EngineError, MarketDataError) as error:
            raise refusal(error) from error
        except DatabaseError as error:
            reason = " ".join(str(error).split())
            raise CommandError(
                f"the database does not answer ({reason}); check DATABASE_URL, or run: "
                "python manage.py migrate"
            ) from error
        except KeyboardInterrupt:
            sys.exit(INTERRUPTED)
        console = Console(file=file, highlight=False)
        show(result, console)
        console.print(f"\nStudy {study.pk}, seed {spec.seed}")


def _spec(options: dict[str, Any]) -> Any:
    from backtests.stress.study import PARTS, Spec

    asked = tuple(part for part in PARTS if part in options and options[part] is not False)
    given = {
        "paths": options.get("monte_carlo"),
        "ticks": options.get("slippage"),
    }
    return Spec(
        parts=asked or PARTS,
        **{name: options[name] for name in ("seed", "block", "days", "ruin")},
        **{name: value for name, value in given.items() if value is not None},
    )


@contextmanager
def _progress(parts: int) -> Iterator[Callable[[str], None]]:
    """Parts that are done, on a terminal; nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with RichProgress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task("stress", total=parts)
        yield lambda part: bar.update(task, advance=1, description=part.replace("_", " "))
