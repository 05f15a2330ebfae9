"""What the trader asked for, checked: the feed, the engine's configuration, the speed, the address.

Everything that can be refused without the database is refused here; only a stored configuration is
looked up there.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from django.conf import settings

from engine.config import EngineConfig, engine_config, fill_profile
from engine.instruments import instrument
from trading.configuration.sources import Source, find_source, own_source
from trading.errors import OptionError
from trading.pipeline import polygon
from trading.pipeline.stored import ORIGIN, open_stored
from trading.real_money.accounts import BrokerAccount, broker_account

if TYPE_CHECKING:
    from marketdata.calendars import CalendarSchedule
    from marketdata.feeds import Feed

DEFAULT_SYMBOL: Final = "MES"
FASTEST: Final = 100_000
ACCOUNT_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
INDEX_SYMBOLS: Final = ("ES", "MES")
LIVE: Final = "databento"
MODES: Final = ("paper", "live")


@dataclass(frozen=True, kw_only=True)
class Options:
    """The command line's words."""

    feed: str = "simulator"
    symbol: str | None = None
    contract: str | None = None
    date: str | None = None
    to: str | None = None
    mode: str = "paper"
    timeframe: str | None = None
    speed: str = "1"
    session: str = "rth"
    side: str | None = None
    timezone: str = "UTC"
    account: str | None = None
    broker_account: str | None = None
    seed: str = "1"
    fills: str | None = None
    config: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Options that make sense. `feed` is None for the simulator, whose start depends on what the
    account traded last. `config` has neither the account's figures nor the stored tiers yet."""

    symbol: str
    mode: str
    config: EngineConfig
    schedule: "CalendarSchedule"
    speed: float | None  # None: as fast as possible
    account: str
    ladder: str
    seed: int
    feed: "Feed | None"
    balance_given: bool
    config_name: str  # what results call the configuration; empty: the defaults
    tiers_given: bool  # by the configuration, which then count instead of the stored ones
    live: bool = False  # Databento's market, which is opened when a run is prepared
    contract: str | None = None  # of it
    own_version: int = 0  # of the account's own configuration, when this was planned
    origin: Mapping[str, Any] = field(default_factory=dict)  # of the ticks, for who replays them
    broker: BrokerAccount | None = None  # whose orders they are; None: nobody's, on paper

    @property
    def speed_name(self) -> str:
        return "max" if self.speed is None else f"{self.speed:g}"


def plan(options: Options, *, own: bool = False, after: Plan | None = None) -> Plan:
    """Check everything; OptionError and the engine's and feeds' own errors say what is wrong.

    `own`: without a --config, the account's own configuration counts, if one is stored. `after`:
    the plan that the process began with. If the account's own configuration was saved since then,
    it counts as it is, for it was made from what the words on the command line had given.
    """
    from marketdata.calendars import schedule

    if options.mode not in MODES:
        raise OptionError(f"--mode {options.mode!r} is not known; it is {' or '.join(MODES)}")
    speed = parse_speed(options.speed)
    broker = at_broker(options, speed)
    seed = whole("--seed", options.seed, 0)
    if options.session not in ("rth", "all"):
        raise OptionError(f"--session {options.session!r} is not known; it is rth or all")
    if options.symbol is not None:
        instrument(options.symbol)
    source = find_source(options.config) if options.config is not None else None
    feed = open_feed(options)
    symbol = feed.info.symbol if feed else options.symbol or _only_symbol(source)
    if "account.id" in options.settings:
        raise OptionError("--set account.id: name the account with --account")
    if broker is not None and "account.balance" in options.settings:
        raise OptionError("--set account.balance: in live mode the broker says what the balance is")
    account = options.account or f"{options.mode}-{symbol}"
    if not ACCOUNT_NAME.fullmatch(account):
        raise OptionError(
            f"--account {account!r} is no account name; use up to 40 letters, digits, - and _"
        )
    version, mine = own_source(account, symbol) if own else (0, None)
    saved = mine if after is not None and version > after.own_version else None
    source = saved or source or mine
    given = configured(symbol, source)
    config = given if saved else with_words(given, options)
    name = source.label if source else ""
    if source and config != given:
        name += ", with options on top"
    if broker is not None:
        config = with_margin_limits(config)
    return Plan(
        symbol=symbol,
        mode=options.mode,
        config=config,
        schedule=schedule(instrument(symbol), "all" if options.session == "all" else "rth"),
        speed=speed,
        account=account,
        ladder="index" if symbol in INDEX_SYMBOLS else "single",
        seed=seed,
        feed=feed,
        balance_given="account.balance" in options.settings and after is None,
        config_name=name,
        tiers_given=source is not None and source.document.names(symbol, "risk", "tiers"),
        live=options.feed == LIVE,
        contract=options.contract,
        own_version=version if after is None else after.own_version,
        origin=origin(options) if feed else {},
        broker=broker,
    )


def at_broker(options: Options, speed: float | None) -> BrokerAccount | None:
    """The broker's account in live mode, None on paper. OptionError for a feed or a speed that
    real orders must not follow; a test broker on this machine may."""
    if options.mode != "live":
        if options.broker_account is not None:
            raise OptionError("--broker-account is for --mode live; on paper there is no broker")
        return None
    broker = broker_account(options.broker_account)
    if broker.test:
        return broker
    if options.feed != LIVE:
        raise OptionError(
            f"--mode live: --feed {options.feed} is not the market as it is now; use --feed {LIVE}"
        )
    if speed != 1:
        raise OptionError(f"--mode live: --speed {options.speed} is not the market's; leave it out")
    return broker


def with_margin_limits(config: EngineConfig) -> EngineConfig:
    """The limits of the environment (MES_MARGIN_LIMIT, ES_MARGIN_LIMIT), wherever the
    configuration has the default's."""
    limits, default = dict(config.risk.margin_limits), engine_config("MES").risk.margin_limits
    given = {"MES": settings.MES_MARGIN_LIMIT, "ES": settings.ES_MARGIN_LIMIT}
    limits |= {name: limit for name, limit in given.items() if limits.get(name) == default[name]}
    return replace(config, risk=replace(config.risk, margin_limits=limits))


def timed(plan: Plan) -> Plan:
    """The plan, if its bars are of time; OptionError for others, which only a replay makes."""
    if plan.config.bars.kind != "time":
        kind = plan.config.bars.kind
        raise OptionError(f"bars.kind is {kind}: the page shows bars of time; replay all")
    return plan


def origin(options: Options) -> dict[str, Any]:
    """Where the same ticks can be had again: `open_feed` with the same opens a file again."""
    if options.feed == "store":
        return dict(ORIGIN)
    if options.feed == polygon.KIND:
        return polygon.origin(whole("--seed", options.seed, 0))
    path = Path(options.feed.partition(":")[2]).expanduser().resolve()
    return {
        "kind": "file",
        "path": str(path),
        "contract": options.contract,
        "side": options.side,
        "timezone": options.timezone,
    }


def configured(symbol: str, source: Source | None) -> EngineConfig:
    """What the configuration gives the symbol; the defaults without one."""
    if source is None:
        return engine_config(symbol)
    configs = source.document.configs
    if symbol not in configs:
        raise OptionError(
            f"{source.label} says nothing about {symbol}, only about {', '.join(configs)}; add it "
            f"under `symbols:`, if only as `{symbol}: {{}}`"
        )
    return configs[symbol]


def with_words(config: EngineConfig, options: Options) -> EngineConfig:
    """What the command line says, on top of a configuration."""
    if options.timeframe is not None:
        seconds = whole("--timeframe", options.timeframe, 1)
        config = replace(config, bars=replace(config.bars, seconds=seconds))
    if options.fills is not None:
        config = replace(config, fills=fill_profile(options.fills))
    return config.override(options.settings)


def _only_symbol(source: Source | None) -> str:
    """What the simulator plays unless told: the configuration's symbol if it has just one."""
    if source is not None and len(source.document.configs) == 1:
        return next(iter(source.document.configs))
    return DEFAULT_SYMBOL


def open_feed(options: Options) -> "Feed | None":
    """The feed of a file, of stored days or of minute bars, or None for the simulator and a live
    market."""
    if options.feed == "store":
        return open_stored(options)
    if options.feed == polygon.KIND:
        return polygon.open_bars(options, whole("--seed", options.seed, 0))
    for name, value in (("--date", options.date), ("--to", options.to)):
        if value is not None:
            raise OptionError(f"{name} is for days by name: --feed store, or polygon")
    if options.feed == LIVE:
        check_live(options)
        return None
    if options.feed == "simulator":
        for name, value in (("--contract", options.contract), ("--side", options.side)):
            if value is not None:
                raise OptionError(f"{name} is for recorded files; the simulator has none")
        return None
    kind, _, path = options.feed.partition(":")
    if kind != "file" or not path:
        raise OptionError(
            f"--feed {options.feed!r} is not known; it is simulator, file:PATH, store, polygon or "
            "databento"
        )
    if options.side not in (None, "tick-rule"):
        raise OptionError(f"--side {options.side!r} is not known; it is tick-rule or left out")
    from marketdata.feeds.files import open_file

    side: Literal["tick-rule"] | None = "tick-rule" if options.side else None
    return open_file(
        Path(path).expanduser(), options.symbol, options.contract, side, options.timezone
    )


def check_live(options: Options) -> None:
    """OptionError for words that a live market has no use for, or a contract of another market."""
    from marketdata.errors import FeedError
    from marketdata.feeds.databento_live.symbols import symbols

    if options.speed != "1":
        raise OptionError(f"--speed {options.speed}: a live market goes at its own; leave it out")
    if options.side is not None:
        raise OptionError("--side is for recorded files; Databento says who was the aggressor")
    try:
        symbols(options.symbol or DEFAULT_SYMBOL, options.contract)
    except FeedError as error:
        raise OptionError(f"--contract: {error}") from None


def parse_speed(text: str) -> float | None:
    """Times as fast as real time; None for `max`."""
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = math.nan
    if not 0 < speed <= FASTEST:
        raise OptionError(
            f"--speed {text!r} is not a speed; it is a number above 0 and up to {FASTEST}, or max"
        )
    return speed


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of HOST:PORT; a bare port means this machine only."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    if not port.isdecimal() or not 0 <= int(port) <= 65535:
        raise OptionError(f"--serve {text!r} is no address; it is HOST:PORT, like 127.0.0.1:8000")
    return host, int(port)


def parse_settings(pairs: list[str]) -> dict[str, str]:
    """`["risk.stop_ticks=12"]` by name."""
    settings = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.strip():
            raise OptionError(f"--set {pair!r} is not KEY=VALUE, like risk.stop_ticks=12")
        settings[name.strip()] = value.strip()
    return settings


def whole(name: str, text: str, low: int) -> int:
    if not text.isdecimal() or int(text) < low:
        raise OptionError(f"{name} {text!r} is not a whole number of {low} or more")
    return int(text)


def with_account(
    config: EngineConfig, *, name: str, balance: Decimal, peak: Decimal, streak: int
) -> EngineConfig:
    """The configuration with an account's figures, as the session's row keeps it."""
    figures = replace(config.account, id=name, balance=balance, peak=peak, streak=streak)
    return replace(config, account=figures)
