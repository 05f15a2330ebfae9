"""`bars download`: a symbol's bars from Databento, after saying what they cost."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any, Final, TextIO

from marketdata.management.bars._options import add_interval, the_store
from marketdata.management.ticks._options import add_span
from marketdata.management.ticks.download import amount

HELP = "Download the bars of all of a symbol's contracts from Databento; says what they cost first."
REFUSED: Final = 1


def add_arguments(parser: ArgumentParser) -> None:
    add_span(parser, symbol_required=True)
    add_interval(parser, "1m")
    parser.add_argument("--yes", action="store_true", help="download without asking")
    parser.add_argument(
        "--max-cost", type=amount, metavar="DOLLARS", help="download nothing that costs more"
    )


def run(options: Mapping[str, Any], out: TextIO) -> int:
    """0; 1 when it was not confirmed."""
    from datetime import UTC, datetime
    from pathlib import Path

    from django.conf import settings

    from engine.instruments import instrument
    from marketdata.bars.downloading import download, names, plan
    from marketdata.errors import HistoryError
    from marketdata.history.api import HistoryApi
    from marketdata.history.download import dollars

    if options["first"] is None:
        raise HistoryError("--from is missing: the first day (of UTC), like 2025-11-03")
    symbol, store = instrument(options["symbol"]).symbol, the_store()
    api = HistoryApi(settings.DATABENTO_API_KEY, settings.DATABENTO_HISTORICAL_GATEWAY)
    last = options["last"] or datetime.now(UTC).date()
    planned = plan(api, store, symbol, options["interval"], options["first"], last)
    if planned.stored:
        out.write(f"Stored already: {names(planned.stored)}\n")
    if not planned.months:
        out.write("There is nothing to download.\n")
        return 0
    cost, most = planned.cost, options["max_cost"]
    out.write(
        f"{names([month.name for month in planned.months])}: {cost.records:,} bars, "
        f"{cost.size / 1e6:,.1f} MB, {dollars(cost.dollars)} by Databento's estimate\n"
    )
    if most is not None and cost.dollars > most:
        raise HistoryError(
            f"it costs {dollars(cost.dollars)}, above --max-cost {most}; nothing was spent"
        )
    if not options["yes"] and not _confirmed(out, dollars(cost.dollars)):
        out.write("Not confirmed; nothing was spent. Answer yes, or give --yes.\n")
        return REFUSED
    folder = Path(settings.DATA_DIR) / "downloads" / "bars"

    def tell(text: str) -> None:
        out.write(f"{text}\n")

    done = download(api, store, planned, folder, tell)
    out.write(f"{done.added:,} bars stored.\n")
    return 0


def _confirmed(out: TextIO, cost: str) -> bool:
    out.write(f"Type yes to download for {cost}:\n")
    try:
        return input().strip().lower() == "yes"
    except EOFError:
        return False
