"""The local Rithmic as a process of its own.

    python -m tests.servers.rithmic --port 0 --control 0 --folder DIR

Its first line on standard output is JSON: `url`, `ca` (the file a client must trust) and `control`
(the port that takes commands, `control.py`). SIGTERM ends it and writes the state file.
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

from tests.servers.rithmic.book import Account, Contract
from tests.servers.rithmic.control import Control
from tests.servers.rithmic.server import ACCOUNT, MES, RithmicServer


def contract(text: str) -> Contract:
    """SYMBOL:PRODUCT:EXCHANGE:TICK:TICK_VALUE:COMMISSION:MARGIN, from the left as many as differ
    from the MES."""
    symbol, product, *more = text.split(":")
    names = ("exchange", "tick", "tick_value", "commission", "margin")
    given = {
        name: value if name == "exchange" else Decimal(value)
        for name, value in zip(names, more, strict=False)
    }
    return Contract(symbol=symbol, product=product, **given)  # type: ignore[arg-type]


def account(text: str) -> Account:
    """ID or ID:CASH."""
    name, _, cash = text.partition(":")
    return Account(name, Decimal(cash)) if cash else Account(name)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A local Rithmic with an exchange inside.")
    parser.add_argument("--port", type=int, default=0, help="0: any")
    parser.add_argument("--control", type=int, default=0, help="port for commands; 0: any")
    parser.add_argument("--folder", type=Path, help="keeps the certificates from start to start")
    parser.add_argument("--state", type=Path, help="file with what the exchange has")
    parser.add_argument("--seed", type=int, default=0, help="of troubles with a probability")
    parser.add_argument("--contract", type=contract, action="append", help=contract.__doc__)
    parser.add_argument("--account", type=account, action="append", help=account.__doc__)
    parser.add_argument("--market", choices=("last", "next"), default="last")
    parser.add_argument("--limit", choices=("through", "touch"), default="through")
    parser.add_argument("--slippage", type=int, default=0, help="ticks, of market orders and stops")
    parser.add_argument("--children", choices=("each", "one"), default="each")
    parser.add_argument("--tagged-children", action="store_true")
    parser.add_argument("--links-cancel", action="store_true")
    return parser.parse_args()


async def run(given: argparse.Namespace, folder: Path) -> None:
    """Serve until SIGTERM or SIGINT."""
    over = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, over.set)
    server = RithmicServer(
        given.contract or (MES,), given.account or (ACCOUNT,), port=given.port, folder=folder,
        state=given.state, seed=given.seed, market=given.market, limit=given.limit,
        slippage=given.slippage, children=given.children, tagged_children=given.tagged_children,
        links_cancel=given.links_cancel,
    )  # fmt: skip
    async with server, Control(server, given.control) as control:
        ready = {"url": server.url, "ca": str(server.ca), "control": control.port}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await over.wait()


def main() -> None:
    given = arguments()
    with tempfile.TemporaryDirectory(prefix="rithmic-") as scratch:
        asyncio.run(run(given, given.folder or Path(scratch)))


if __name__ == "__main__":
    main()
