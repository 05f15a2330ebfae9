"""What the form asks for, checked: a plan, or what is wrong with which field, and what to do."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from backtests.asking import SESSIONS, TIERS, Asked, topped
from backtests.days import Found, find_days
from backtests.errors import BacktestError, PlanError
from backtests.models import Backtest
from backtests.pages.choices import accounts, fills, most_workers
from backtests.plan import Plan
from engine.config import EngineConfig, engine_config
from engine.errors import EngineError
from engine.instruments import INSTRUMENTS
from marketdata.errors import MarketDataError
from marketdata.store import the_store
from trading.configuration import stored
from trading.configuration.sources import Source, own_source
from trading.errors import TradingError
from trading.models import Account
from trading.pages.address import read_day
from trading.pipeline.options import INDEX_SYMBOLS, configured
from trading.pipeline.start import stored_tiers

WHICH: Final = {"all": "All stored days", "last": "The last days", "range": "From one to another"}
TIER_WORDS: Final = {"on": "As configured", "off": "Off"}
SESSION_WORDS: Final = {"rth": "Regular hours", "all": "All hours"}
AS_ACCOUNT: Final = "account:"
AS_RUN: Final = "run:"
NOTE: Final = 200
MOST_DAYS: Final = 5_000
FIELDS: Final = (
    "symbol", "which", "last_days", "from", "to", "config", "balance", "tiers", "fills", "session",
    "workers", "note",
)  # fmt: skip
USUAL: Final = {"which": "all", "last_days": "60", "tiers": "on", "session": "rth"}


@dataclass
class Filled:
    """The form as it was filled in, what is wrong with it by field ("" is the whole), and the days
    and the plan as far as they could be made out."""

    values: dict[str, str]
    problems: dict[str, str] = field(default_factory=dict)
    workers: int = 0
    found: Found | None = None
    plan: Plan | None = None

    @property
    def note(self) -> str:
        return self.values["note"]


def read(sent: Mapping[str, str]) -> Filled:
    """Check all fields; with `problems` empty there is a plan."""
    asked = Filled({name: sent.get(name, USUAL.get(name, "")).strip() for name in FIELDS})
    values, wrong = asked.values, asked.problems
    symbol = values["symbol"]
    if symbol not in INSTRUMENTS:
        wrong["symbol"] = f"“{symbol[:40]}” is no known symbol; choose a stored one."
    _choices(asked)
    if len(values["note"]) > NOTE:
        wrong["note"] = f"The note has {len(values['note'])} characters; {NOTE} fit."
    _workers(asked)
    if "symbol" in wrong:
        return asked
    _days(asked)
    config = _config(asked)
    if not wrong and asked.found is not None and config is not None:
        asked.plan = Plan(
            symbol=symbol,
            days=asked.found.days,
            config=config[0],
            config_name=config[1],
            session=values["session"],
            missing=asked.found.missing,
        )
    return asked


def again(row: Backtest) -> dict[str, str]:
    """The form that asks for the same once more; balance, tiers and fills are in the settings."""
    return {
        "symbol": row.symbol,
        "which": "range",
        "from": row.first.isoformat(),
        "to": row.last.isoformat(),
        "config": f"{AS_RUN}{row.pk}",
        "session": row.plan["session"],
        "note": row.note,
    }


def _choices(asked: Filled) -> None:
    for name, allowed in {
        "which": list(WHICH), "tiers": TIERS, "session": SESSIONS, "fills": ["", *fills()],
    }.items():  # fmt: skip
        value = asked.values[name]
        if value not in allowed:
            asked.problems[name] = f"“{value[:40]}” is none of {', '.join(filter(None, allowed))}."


def _workers(asked: Filled) -> None:
    """Where they are Celery's, nobody is asked how many."""
    text, most = asked.values["workers"], most_workers()
    if not text or not most:
        return
    if not text.isdecimal() or not 1 <= int(text[:9]) <= most:
        asked.problems["workers"] = f"“{text[:40]}” is no number of workers; write 1 to {most}."
    else:
        asked.workers = int(text)


def _days(asked: Filled) -> None:
    values, wrong = asked.values, asked.problems
    which = values["which"]
    first: date | None = None
    last: date | None = None
    most: int | None = None
    if which == "range":
        ends: dict[str, date | None] = {}
        for name in ("from", "to"):
            ends[name], problem = read_day(name, values[name])
            if problem:
                wrong[name] = problem
        first, last = ends["from"], ends["to"]
        if first and last and last < first:
            wrong["to"] = f"to {last} is before from {first}; exchange them."
    elif which == "last":
        text = values["last_days"]
        if not text.isdecimal() or not 1 <= int(text[:9]) <= MOST_DAYS:
            wrong["last_days"] = f"“{text[:40]}” is no number of days; write 1 to {MOST_DAYS}."
        else:
            most = int(text)
    if wrong.keys() & {"which", "from", "to", "last_days"}:
        return
    try:
        asked.found = find_days(
            the_store(), values["symbol"], first, last, most=most, now=time.time_ns()
        )
    except (PlanError, MarketDataError) as error:
        wrong["symbol" if which == "all" else "which"] = f"{error}."


def _config(asked: Filled) -> tuple[EngineConfig, str] | None:
    """The configuration and its name; None with what is wrong said."""
    values, wrong = asked.values, asked.problems
    words = Asked(
        symbol=values["symbol"],
        start_balance=values["balance"].replace(",", ""),
        tiers=values["tiers"],
        fills=values["fills"],
    )
    try:
        given, label = _named(values["config"], values["symbol"])
    except (EngineError, TradingError, BacktestError) as error:
        wrong["config"] = f"{error}."
        return None
    if wrong.keys() & {"tiers", "fills"}:
        return None
    try:
        return topped(given, words, label)
    except (EngineError, PlanError) as error:  # of the words, only the balance is free text
        wrong["balance"] = f"{error}."
        return None


def _named(where: str, symbol: str) -> tuple[EngineConfig, str]:
    """A configuration: "" is the default, `account:NAME` as the account trades, `run:N` another
    run's, NAME or NAME@3 a stored one."""
    if not where:
        return engine_config(symbol), ""
    if where.startswith(AS_ACCOUNT):
        return _as_account(where.removeprefix(AS_ACCOUNT), symbol)
    if where.startswith(AS_RUN):
        return _as_run(where.removeprefix(AS_RUN), symbol)
    # Not `find_source`: it also opens files, and this text came from a browser.
    row = stored.find(where)
    if row is None:
        raise PlanError(f"there is no stored configuration {where[:60]!r}; choose one of the list")
    return configured(symbol, Source(str(row), stored.document(row))), str(row)


def _as_account(name: str, symbol: str) -> tuple[EngineConfig, str]:
    """The account's own configuration, balance and tiers, as its next session would have them; its
    peak and streak begin anew."""
    account = Account.objects.filter(name=name).first()
    if account is None:
        raise PlanError(f"there is no account {name[:60]!r}; there are {', '.join(accounts())}")
    _, source = own_source(name, symbol)
    config = configured(symbol, source)
    if source is None or not source.document.names(symbol, "risk", "tiers"):
        ladder = "index" if symbol in INDEX_SYMBOLS else "single"
        config = replace(config, risk=replace(config.risk, tiers=stored_tiers(ladder)))
    label = f"as {name} trades" + (f" ({source.label})" if source else "")
    rules = replace(config.account, balance=account.balance)
    return replace(config, account=rules), label


def _as_run(number: str, symbol: str) -> tuple[EngineConfig, str]:
    row = None
    if number.isdecimal() and len(number) < 19:
        row = Backtest.objects.filter(pk=int(number)).first()
    if row is None:
        raise PlanError(f"there is no backtest {number[:20]!r}; choose another configuration")
    if row.symbol != symbol:
        raise PlanError(
            f"the settings of backtest {row.pk} are for {row.symbol}, not {symbol}; choose another "
            "configuration"
        )
    return Plan.from_json(row.plan).config, row.config_name
