"""`manage.py replay`: a recorded file through the engine, with a summary and the JSON of it."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

from django.core.management.base import CommandError

from trading.management.output import write_json
from trading.management.parser import OneLineCommand, add_settings, refusal

if TYPE_CHECKING:
    from trading.replay import Report


class Command(OneLineCommand):
    """Thin: options are words, `trading.replay` does the work."""

    help = "Replay a recorded file, stored days or minute bars, without the database."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--file", help="DBN, Parquet, CSV or a Binance socket recording")
        source.add_argument(
            "--date",
            metavar="DAY",
            help="a trading day of the tick store; of a stock that is not stored, Polygon's",
        )
        add("--to", metavar="DAY", help="the last day of several (the same)")
        add("--symbol", help="the instrument (ES); found in files that name it")
        add("--contract", help="which contract of a file (ESH4); default: the busiest")
        add("--timeframe", metavar="SECONDS", help="length of a bar (300)")
        add("--fills", help="honest (default) or ideal")
        add("--session", default="rth", help="rth (default): regular hours; all: around the clock")
        add("--side", help="tick-rule: infer the aggressor where a file does not say it")
        add("--timezone", default="UTC", help="of times in the file that name none (UTC)")
        add("--speed", default="max", help="times as fast as real time, or max (default)")
        add("--seed", default="1", help="of ticks that are made of minute bars (1)")
        add("--json", metavar="OUT", help="write everything there; - is standard output")
        add_settings(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        from engine.errors import EngineError
        from marketdata.errors import MarketDataError
        from trading.errors import TradingError
        from trading.pacing import Paced
        from trading.pipeline import options as words
        from trading.pipeline.polygon import dated_feed
        from trading.replay import replay

        out = options["json"]
        console_file = sys.stderr if out == "-" else cast(TextIO, self.stdout)
        try:
            asked = words.Options(
                feed=dated_feed(options["symbol"], options["date"])
                if options["date"] is not None
                else f"file:{options['file']}",
                settings=words.parse_settings(options["set"]),
                **{
                    name: options[name]
                    for name in (
                        "symbol", "contract", "timeframe", "session", "side", "timezone", "fills",
                        "config", "date", "to", "speed", "seed",
                    )
                },
            )  # fmt: skip
            plan = words.plan(asked)
            if plan.feed is None:
                raise CommandError("--file is missing")
            feed = plan.feed if plan.speed is None else Paced(plan.feed, plan.speed)
            with progress_bar(console_file, options["file"] or options["symbol"]) as advance:
                report = replay(
                    feed, plan.config, plan.schedule, options["session"], advance,
                    plan.config_name,
                )  # fmt: skip
            if out:
                write_json(report.as_json(), out)
        except (EngineError, MarketDataError, TradingError) as error:
            raise refusal(error) from error
        except KeyboardInterrupt:
            sys.exit(130)
        print_summary(report, console_file)


@contextmanager
def progress_bar(file: TextIO, name: str) -> Iterator[Callable[[float, int], None]]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(file=file)
    columns = (
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"),
        TextColumn("{task.fields[ticks]:,} ticks"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(Path(name).name, total=1.0, ticks=0)
        yield lambda fraction, ticks: bar.update(task, completed=fraction, ticks=ticks)


def print_summary(report: "Report", file: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table

    from engine.text import price_text

    total, info, config = report.summary(), report.feed.info, report.config
    console = Console(file=file, highlight=False)
    table = Table(show_header=False, box=None, pad_edge=False)
    contract = f" {info.contract}" if info.contract else ""
    label = " [yellow](synthetic ticks)[/yellow]" if info.synthetic else ""
    label += "" if info.side == "aggressor" else " [yellow](aggressor side inferred)[/yellow]"
    high = max(bar.high for bar in report.bars)
    low = min(bar.low for bar in report.bars)
    dropped = ", ".join(f"{n:,} {reason}" for reason, n in report.dropped.items())
    rows = {
        "Source": f"{info.source}{label}",
        "Market": f"{config.instrument.name} ({info.symbol}{contract})",
        "Time": f"{_new_york(report.first_ts)} to {_new_york(report.last_ts)}, New York",
        "Ticks": f"{report.ticks:,} used of {report.read:,}"
        + (f"; dropped {dropped}" if dropped else ""),
        "Bars": f"{len(report.bars):,} of {config.bars.seconds} s, "
        f"{price_text(low, config.instrument)} to {price_text(high, config.instrument)}, "
        f"volume {total['volume']:,}",
        "Signals": f"{total['signals']:,}, {total['approved']:,} approved by the router",
        "Trades": f"{total['trades']} ({total['wins']} won, {total['losses']} lost)"
        + "".join(f", {n} by {reason}" for reason, n in total["exits"].items()),
        "Trade ids": _ids(report),
        "Net": f"{total['pnl_net']} {total['currency']} "
        f"(gross {total['pnl_gross']}, fees {total['fees']})",
        "Balance": f"{total['start_balance']} to {total['end_balance']}, "
        f"deepest drawdown {total['max_drawdown']}",
        "Fills": _assumptions(report),
        "Config": f"{report.config_name or 'defaults'}, rules {config.rules_digest}, with the "
        f"account {config.digest}",
    }
    for name, text in rows.items():
        table.add_row(f"[bold]{name}[/bold]", text)
    console.print(table)
    for warning in info.warnings:
        console.print(f"[yellow]Note:[/yellow] {warning}")


def _ids(report: "Report") -> str:
    """For `manage.py explain`."""
    ids = [trade.id for trade in report.trades]
    if len(ids) <= 2:
        return ", ".join(ids) or "-"
    return f"{ids[0]} to {ids[-1]}"


def _assumptions(report: "Report") -> str:
    fills = report.config.fills
    if fills.exact:
        return f"{fills.profile}: no latency, slippage or fees; exact prices. Not attainable."
    return (
        f"{fills.profile}: latency {fills.latency_ms} ms, slippage {fills.slippage_ticks} ticks on "
        f"market and stop orders, target filled on {fills.target}, "
        f"fees {'charged' if fills.fees else 'not charged'}"
    )


def _new_york(ts: int | None) -> str:
    from marketdata.calendars import NEW_YORK

    if ts is None:
        return "-"
    from datetime import datetime

    return f"{datetime.fromtimestamp(ts // 10**9, NEW_YORK):%Y-%m-%d %H:%M:%S}"
