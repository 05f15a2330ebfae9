"""`ticks download`: trades from Databento, after saying what they cost."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, TextIO

from marketdata.management.ticks._options import add_span, the_store

if TYPE_CHECKING:
    from rich.console import Console

    from marketdata.history.download import Done, Plan

HELP = "Download trades from Databento; says what they cost first."
REFUSED: Final = 1


def amount(text: str) -> Decimal:
    """US dollars."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or value < 0:
        raise ArgumentTypeError(f"{text!r} is no amount of dollars; write it like 2.50")
    return value


def add_arguments(parser: ArgumentParser) -> None:
    add_span(parser, symbol_required=True)
    parser.add_argument("--contract", help="one outright, like MESZ5 (the front month of each day)")
    parser.add_argument("--yes", action="store_true", help="download without asking")
    parser.add_argument(
        "--max-cost", type=amount, metavar="DOLLARS", help="download nothing that costs more"
    )


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0; 1 when it was not confirmed."""
    from datetime import UTC, datetime
    from pathlib import Path

    from django.conf import settings
    from rich.console import Console

    from marketdata.calendars import calendar_date
    from marketdata.errors import HistoryError
    from marketdata.history.api import HistoryApi
    from marketdata.history.download import dollars, download, plan
    from marketdata.management.ticks._bar import Bar

    console = Console(file=out, highlight=False, soft_wrap=True)
    if options["first"] is None:
        raise HistoryError("--from is missing: the first trading day, like 2025-11-03")
    today = calendar_date(int(datetime.now(UTC).timestamp()) * 10**9)
    store, folder = the_store(), Path(settings.DATA_DIR) / "downloads"
    api = HistoryApi(settings.DATABENTO_API_KEY, settings.DATABENTO_HISTORICAL_GATEWAY)
    planned = plan(
        api,
        store,
        options["symbol"],
        options["first"],
        min(options["last"] or today, today),
        contract=options["contract"],
        folder=folder,
    )
    _show(console, planned)
    if not planned.days:
        console.print("There is nothing to download.")
        return 0
    cost, most = planned.cost.dollars, options["max_cost"]
    if most is not None and cost > most:
        raise HistoryError(f"it costs {dollars(cost)}, above --max-cost {most}; nothing was spent")
    if not options["yes"] and not _confirmed(console, dollars(cost)):
        console.print("Not confirmed; nothing was spent. Answer yes, or give --yes.")
        return REFUSED
    with Bar(console, planned) as bar:
        done = download(api, store, planned, folder=folder, progress=bar, most=most)
    _report(console, done)
    return 0


def _show(console: "Console", plan: "Plan") -> None:
    from marketdata.history.download import dollars

    for days, what in (
        (plan.stored, "stored already"),
        (plan.not_yet, "not over yet, or not offered yet"),
        (plan.again, "half downloaded by a run that was stopped: from the start again"),
    ):
        if days:
            console.print(f"{len(days)} {_days(len(days))} {what}: {_few([f'{d}' for d in days])}")
    contracts: dict[str, int] = {}
    for each in plan.days:
        contracts[each.contract] = contracts.get(each.contract, 0) + 1
    for contract, count in contracts.items():
        console.print(f"{contract}: {count} {_days(count)}")
    if plan.days:
        cost = plan.cost
        console.print(
            f"{plan.days[0].day} to {plan.days[-1].day}: {cost.records:,} trades, "
            f"{cost.size / 1e6:,.1f} MB, {dollars(cost.dollars)} by Databento's estimate"
        )


def _confirmed(console: "Console", cost: str) -> bool:
    console.print(f"Type yes to download for {cost}:")
    try:
        return input().strip().lower() == "yes"
    except EOFError:
        return False


def _report(console: "Console", done: "Done") -> None:
    console.print(f"{len(done.days)} {_days(len(done.days))} stored, {done.ticks:,} ticks.")
    if done.empty:
        console.print(f"Without trades: {_few([f'{day}' for day in done.empty])}.")
    dropped = [f"{count:,} {why}" for why, count in done.dropped.dropped.items() if count]
    if dropped:
        console.print(f"Dropped: {', '.join(dropped)}.")
    for text in done.warnings:
        console.print(f"Warning: {text}.")


def _days(count: int) -> str:
    return "day" if count == 1 else "days"


def _few(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
