"""The settings that the page edits: read, compared, checked, and saved as the next version.

An account's settings are the configuration that has the account's name (`docs/control.md`). They
count when a session starts, never while one runs. A sheet begins with what the next start would
use: the newest version if it was saved since the session began, else what the session runs with,
the command line's words included.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final

from django.contrib.auth.models import User
from django.db import IntegrityError

from engine.config import EngineConfig, engine_config
from engine.errors import ConfigError, Problem, SettingsError
from engine.names import Pattern, Regime
from engine.settings import Node, Tree
from engine.text import number_text
from trading.configuration import stored
from trading.configuration.writing import document_text
from trading.errors import ConfigurationError, ExplainError, SheetError
from trading.models import Account, AuditEvent, Configuration, Session
from trading.pipeline.options import INDEX_SYMBOLS
from trading.pipeline.start import stored_tiers
from trading.selectors import current_session
from trading.stored_session import config_of
from trading.wire import Json

NUMBERS: Final = ("bars.seconds", "risk.profit_target", "risk.loss_limit")
TIER_FIELDS: Final = ("max_size", "loss_limit")
REGIMES: Final = tuple(regime.name for regime in Regime if regime is not Regime.NO_TRADE)
PATTERNS: Final = tuple(pattern.name for pattern in Pattern)
PLACES: Final = re.compile(r"^: ([A-Z_]+)( is .*)$", re.DOTALL)
TIER: Final = re.compile(r"risk\.tiers\[(\d+)\]\.(\w+)")
LONGEST_NOTE: Final = 200


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """An account's settings for the next start. `base`: the newest version of its configuration, 0
    without one; `running`: what the session trades with."""

    account: Account
    session: Session
    symbol: str
    base: int
    label: str
    config: EngineConfig
    running: EngineConfig
    own_tiers: bool


@dataclass(frozen=True)
class Change:
    setting: str
    before: str
    after: str


def sheet(account: Account) -> Sheet:
    """What the next start would use; SheetError when nothing has been traded yet."""
    session = current_session(account)
    if session is None:
        raise SheetError("Nothing has been traded yet: there are no settings to change.")
    symbol = session.instrument_id
    try:
        running = config_of(symbol, session.config)
    except ExplainError as error:
        raise SheetError(f"The session's settings cannot be read: {error}.") from None
    tiers = stored_tiers("index" if symbol in INDEX_SYMBOLS else "single")
    row = stored.newest(account.name)
    label, config = session.config_name or "the defaults", running
    own_tiers = running.risk.tiers != tiers
    if row is not None and _saved_since(row, account):
        document = stored.document(row)
        if symbol in document.configs:
            label, config = str(row), document.configs[symbol]
            own_tiers = document.names(symbol, "risk", "tiers")
            if not own_tiers:
                config = replace(config, risk=replace(config.risk, tiers=tiers))
    return Sheet(
        account=account,
        session=session,
        symbol=symbol,
        base=row.version if row else 0,
        label=label,
        config=config,
        running=running,
        own_tiers=own_tiers,
    )


def _saved_since(row: Configuration, account: Account) -> bool:
    """Whether a version was saved after the account's last start."""
    starts = AuditEvent.objects.filter(kind="started", session__account=account)
    began = starts.order_by("-recorded_at").values_list("recorded_at", flat=True).first()
    return began is None or row.created_at > began


def values(config: EngineConfig) -> dict[str, Any]:
    """A configuration as the page edits it: text, and lists of regimes by pattern."""
    tree = config.as_tree()
    router = _section(tree, "router")
    return {
        "numbers": {name: _plain(_at(tree, name)) for name in NUMBERS},
        "multipliers": {
            name: _plain(_section(router, "size_multiplier")[name]) for name in REGIMES
        },
        "patterns": {
            pattern: list(_section(router, "matrix").get(pattern, ())) for pattern in PATTERNS
        },
        "tiers": [
            {
                "name": tier.name,
                "from": number_text(tier.min_balance, 0),
                "symbol": tier.symbol or config.instrument.symbol,
                "min_size": tier.min_size,
                "max_size": str(tier.max_size),
                "loss_limit": number_text(tier.loss_limit, 0),
            }
            for tier in config.risk.tiers
        ],
    }


def changed(of: Sheet, sent: Mapping[str, Any]) -> EngineConfig:
    """The configuration with what was sent in place; SheetError names each field that is wrong."""
    tree, problems = _tree(of, sent)
    try:
        config = of.config.read(tree)
    except SettingsError as error:
        problems = dict(_placed(problem, of) for problem in error.problems) | problems
    except ConfigError as error:
        problems |= {"": str(error)}
    if problems:
        count = "One value" if len(problems) == 1 else f"{len(problems)} values"
        raise SheetError(f"{count} cannot be used. Nothing was saved.", problems)
    return config


def changes(before: EngineConfig, after: EngineConfig) -> list[Change]:
    """What differs in the sheet's settings, in its words."""
    old, new = _flat(values(before)), _flat(values(after))
    return [
        Change(name, old.get(name, ""), text) for name, text in new.items() if old[name] != text
    ]


def save(of: Sheet, config: EngineConfig, *, base: int, note: str, user: User) -> Configuration:
    """Store the next version of the account's configuration. SheetError when nothing differs, or
    when somebody else saved one since `base` was read."""
    newest = stored.newest(of.account.name)
    if newest is not None and newest.version != base:
        who = newest.created_by.get_username() if newest.created_by else "the command line"
        raise SheetError(
            f"{newest} was saved meanwhile by {who}. Close the sheet, look at it again, and "
            "repeat your change.",
            conflict=True,
        )
    if not changes(of.config, config):
        raise SheetError("Nothing was changed.")
    if len(note) > LONGEST_NOTE:
        words = f"has {len(note)} characters; use at most {LONGEST_NOTE}"
        raise SheetError("The note is too long. Nothing was saved.", {"note": words})
    others = stored.document(newest).configs if newest else {}
    text = document_text({**others, of.symbol: _kept(of, config)}, changed=True)
    try:
        return stored.save_version(of.account.name, text, note=note or "from the page", user=user)
    except (ConfigurationError, IntegrityError) as error:
        raise SheetError(f"{' '.join(str(error).split())}.", conflict=True) from None


def _kept(of: Sheet, config: EngineConfig) -> EngineConfig:
    """Without the account's figures, and without the ladder's tiers unless they were changed."""
    base = engine_config(of.symbol)
    kept = replace(config, account=base.account)
    if not of.own_tiers and config.risk.tiers == of.config.risk.tiers:
        kept = replace(kept, risk=replace(kept.risk, tiers=base.risk.tiers))
    return kept


# From what was sent to the engine's tree, and back to the field that is wrong


def _tree(of: Sheet, sent: Mapping[str, Any]) -> tuple[Tree, dict[str, str]]:
    problems: dict[str, str] = {}

    def text(field: str, value: object) -> str:
        if isinstance(value, str) or type(value) is int:
            return str(value).strip()
        problems[field] = f"is {value!r}; it must be text"
        return ""

    def part(name: str, known: tuple[str, ...]) -> dict[str, Any]:
        found = sent.get(name, {})
        if not isinstance(found, Mapping):
            problems[name] = "must be an object"
            return {}
        for key in found:
            if key not in known:
                problems[f"{name}.{key}"] = f"is unknown; known are {', '.join(known)}"
        return {key: value for key, value in found.items() if key in known}

    for name in sent:
        if name not in ("numbers", "multipliers", "patterns", "tiers"):
            problems[name] = "is no part of the settings"
    sections: dict[str, dict[str, Node]] = {"bars": {}, "risk": {}, "router": {}}
    for name, value in part("numbers", NUMBERS).items():
        section, _, setting = name.partition(".")
        sections[section][setting] = text(f"numbers.{name}", value)
    sections["router"]["size_multiplier"] = {
        regime: text(f"multipliers.{regime}", value)
        for regime, value in part("multipliers", REGIMES).items()
    }
    matrix: dict[str, Node] = {}
    for pattern, regimes in part("patterns", PATTERNS).items():
        if isinstance(regimes, list) and all(one in REGIMES for one in regimes):
            matrix[pattern] = [name for name in REGIMES if name in regimes]
        else:
            problems[f"patterns.{pattern}"] = f"must be a list of {', '.join(REGIMES)}"
    sections["router"]["matrix"] = matrix
    names = tuple(tier.name for tier in of.config.risk.tiers)
    if (tiers := part("tiers", names)) and not problems:
        sections["risk"]["tiers"] = _tiers(of, tiers, text, problems)
    return sections, problems


def _tiers(of: Sheet, sent: dict[str, Any], text: Any, problems: dict[str, str]) -> Node:
    found: list[Node] = []
    for tier in of.config.risk.tiers:
        written: dict[str, Node] = {
            "name": tier.name,
            "min_balance": f"{tier.min_balance:f}",
            "symbol": tier.symbol,
            "min_size": str(tier.min_size),
            "max_size": str(tier.max_size),
            "loss_limit": f"{tier.loss_limit:f}",
        }
        given = sent.get(tier.name, {})
        if not isinstance(given, Mapping):
            problems[f"tiers.{tier.name}"] = "must be an object"
            continue
        for name, value in given.items():
            field = f"tiers.{tier.name}.{name}"
            if name in TIER_FIELDS:
                written[name] = text(field, value)
            else:
                problems[field] = f"cannot be changed here; only {' and '.join(TIER_FIELDS)}"
        found.append(written)
    return found


def _placed(problem: Problem, of: Sheet) -> tuple[str, str]:
    """The sheet's field of an engine's problem, and what is said of it."""
    path, says = problem.path, problem.says
    if found := TIER.match(path):
        field = "max_size" if found[2] == "min_size" else found[2]
        tier = of.config.risk.tiers[int(found[1])]
        if found[2] == "min_size":
            says = f" must be at least the tier's smallest size, {tier.min_size}"
        return f"tiers.{tier.name}.{field}", says.strip()
    if path == "router.size_multiplier" and (found := PLACES.match(says)):
        return f"multipliers.{found[1]}", found[2].strip()
    if path.startswith("router.size_multiplier."):
        return f"multipliers.{path.rpartition('.')[2]}", says.strip()
    if path in NUMBERS:
        return f"numbers.{path}", says.strip()
    return "", str(problem)


def _flat(shown: Mapping[str, Any]) -> dict[str, str]:
    flat = {f"numbers.{name}": text for name, text in shown["numbers"].items()}
    flat |= {f"multipliers.{name}": text for name, text in shown["multipliers"].items()}
    flat |= {
        f"patterns.{name}": ", ".join(regimes) or "nowhere"
        for name, regimes in shown["patterns"].items()
    }
    for tier in shown["tiers"]:
        flat |= {f"tiers.{tier['name']}.{name}": tier[name] for name in TIER_FIELDS}
    return flat


def _plain(written: Node) -> str:
    """A number without zeros that say nothing: 500.0 is 500."""
    return number_text(Decimal(str(written)), 0)


def _section(tree: Tree, name: str) -> dict[str, Any]:
    node = tree.get(name, {})
    return dict(node) if isinstance(node, Mapping) else {}


def _at(tree: Tree, dotted: str) -> Node:
    section, _, name = dotted.partition(".")
    node: Node = _section(tree, section)[name]
    return node


def effect(of: Sheet) -> str:
    """When saved settings count, in words."""
    words = "Counts from the next start of a session; a session that runs keeps what it began with."
    name = of.session.config_name
    if name and not name.startswith(f"{of.account.name}@"):
        first = name.partition(",")[0]
        words += f" A new process that is started with --config reads {first} again."
    return words


def sheet_to_wire(of: Sheet) -> Json:
    """The sheet as the page is sent it."""
    return {
        "account": of.account.name,
        "symbol": of.symbol,
        "base": of.base,
        "label": of.label,
        "running_label": of.session.config_name or "the defaults",
        "running": of.session.status == Session.Status.RUNNING,
        "effect": effect(of),
        "values": values(of.config),
        "running_values": values(of.running),
        "pending": [vars(change) for change in changes(of.running, of.config)],
    }
