"""The words that say what is traded, shared by the commands that trade it and that look first."""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from trading.management.parser import add_settings

if TYPE_CHECKING:
    from trading.pipeline.options import Options, Plan

WORDS = (
    "feed", "symbol", "contract", "mode", "timeframe", "speed", "session", "side", "account",
    "broker_account", "seed", "fills", "config", "date", "to",
)  # fmt: skip


def add_market(parser: ArgumentParser, *, feed: str, mode: str) -> None:
    """The options of WORDS, and `--set`; `feed` and `mode` are what counts without them."""
    add = parser.add_argument
    add(
        "--feed",
        default=feed,
        help=f"simulator, file:PATH, store, polygon, or databento (live); default: {feed}",
    )
    add("--symbol", help="what the feed holds; MES for the simulator, found in a file")
    add("--contract", help="which contract of a file (ESH4) or of databento (MES.v.0)")
    add("--date", metavar="DAY", help="the trading day of store or polygon, like 2025-11-20")
    add("--to", metavar="DAY", help="the last one of several (the same)")
    add("--mode", default=mode, help=f"paper, or live: real money; default: {mode}")
    add("--timeframe", metavar="SECONDS", help="length of a bar (300)")
    add("--speed", default="1", help="times as fast as real time, or max (1)")
    add("--session", default="rth", help="rth (default): regular hours; all: around the clock")
    add("--side", help="tick-rule: infer the aggressor where a file does not say it")
    add("--account", help="default: the mode and the symbol, like paper-MES")
    add("--broker-account", help="live: the account's id at the broker; default: RITHMIC_ACCOUNT")
    add("--seed", default="1", help="of the simulated market, or of ticks made of bars (1)")
    add("--fills", help="honest (default) or ideal")
    add_settings(parser)


def asked(options: Mapping[str, Any]) -> "Options":
    """What was asked for; OptionError for what is no setting."""
    from trading.pipeline.options import Options, parse_settings

    words = {name: options[name] for name in WORDS}
    return Options(settings=parse_settings(options["set"]), **words)


def check_live(plan: "Plan", *, ask: Callable[[str], str] = input) -> None:
    """Return when real money may be traded: today's preflight passed, and somebody confirms it."""
    from django.conf import settings

    from trading.pipeline.run import check_database
    from trading.pipeline.start import with_tiers
    from trading.real_money.confirming import confirm
    from trading.real_money.demands import passed_preflight

    if plan.broker is None:
        return
    check_database()
    passed_preflight(plan, plan.broker, with_tiers(plan))
    terminal = sys.stdin is not None and sys.stdin.isatty()
    confirm(plan.broker, environment=settings.CONFIRM_LIVE, ask=ask if terminal else None)
