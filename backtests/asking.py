"""What somebody asks a backtest for, in words, made a `Plan`.

Words come from the command line, a form or the API; all that is wrong with them is said here, and
nothing is run for it. `--tiers off` trades one tier from the first dollar on: the feed's own
instrument in the sizes of the lowest tier, with the session's loss limit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from backtests.days import Found, find_days
from backtests.errors import PlanError
from backtests.plan import Plan
from engine.account_rules import Tier
from engine.config import EngineConfig, engine_config, fill_profile
from engine.instruments import instrument
from marketdata.store import TickStore

SESSIONS: Final = ("rth", "all")
TIERS: Final = ("on", "off")
ONE_TIER: Final = "tiers off"
"""The name of the only one."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Dates are trading days, both included; `days`: the last so many of them. `config` names a
    configuration as `--config` does. Empty text is what the configuration says."""

    symbol: str
    first: date | None = None
    last: date | None = None
    days: int | None = None
    config: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    start_balance: str = ""
    tiers: str = "on"
    fills: str = ""
    session: str = "rth"


def plan_of(asked: Asked, store: TickStore, *, now: int) -> tuple[Plan, Found]:
    """The plan and what was found of its days. `now`: UTC ns.

    PlanError, or the error of who knows better (engine, configuration, store), for what cannot be.
    """
    instrument(asked.symbol)
    if asked.session not in SESSIONS:
        raise PlanError(f"session {asked.session!r} is not known; it is {' or '.join(SESSIONS)}")
    config, name = configured(asked)
    found = find_days(store, asked.symbol, asked.first, asked.last, most=asked.days, now=now)
    plan = Plan(
        symbol=asked.symbol,
        days=found.days,
        config=config,
        config_name=name,
        session=asked.session,
        missing=found.missing,
    )
    return plan, found


def configured(asked: Asked) -> tuple[EngineConfig, str]:
    """The configuration with the words on top, and what results call it; "": the defaults."""
    from trading.configuration.sources import find_source
    from trading.pipeline.options import configured as given_by

    source = find_source(asked.config) if asked.config else None
    given = given_by(asked.symbol, source)
    return topped(given, asked, source.label if source else "")


def topped(given: EngineConfig, asked: Asked, label: str) -> tuple[EngineConfig, str]:
    """A configuration with the words on top, whatever `config` says, and its name with them. An
    empty label is the defaults'."""
    config = given if not asked.fills else replace(given, fills=fill_profile(asked.fills))
    config = config.override(asked.settings)
    if asked.start_balance:
        account = replace(config.account, balance=_amount(asked.start_balance), peak=None)
        config = replace(config, account=account)
    if asked.tiers not in TIERS:
        raise PlanError(f"tiers {asked.tiers!r} is not known; it is {' or '.join(TIERS)}")
    if asked.tiers == "off":
        config = without_tiers(config)
    if not label:
        return config, "" if config == engine_config(asked.symbol) else "defaults, with options"
    return config, label + (", with options on top" if config != given else "")


def without_tiers(config: EngineConfig) -> EngineConfig:
    """One tier for every balance: the feed's instrument, sizes of the lowest tier."""
    lowest = config.risk.tiers[0]
    only = Tier(
        name=ONE_TIER,
        min_balance=Decimal(0),
        symbol="",
        min_size=lowest.min_size,
        max_size=lowest.max_size,
        loss_limit=config.risk.loss_limit,
    )
    return replace(config, risk=replace(config.risk, tiers=(only,)))


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        raise PlanError(f"start balance {text!r} is no amount above 0; write it like 2500")
    return amount
