"""What a configuration says: its frame, and the engine's settings for each of its symbols.

    version: 1
    name: scalper            # optional
    defaults: {...}          # optional; for all symbols
    symbols: {ES: {...}}     # what is traded with it, and what differs for each

Everything that is wrong with one is said at once, each with its line (`ConfigurationError`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from engine.config import EngineConfig, config_from
from engine.errors import Problem, SettingsError
from engine.instruments import INSTRUMENTS
from engine.settings import Node, Tree, merged
from trading.configuration.reading import YamlError, read_yaml
from trading.errors import ConfigurationError

VERSION: Final = "1"
KEYS: Final = ("version", "name", "defaults", "symbols")
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
NAME_WORDS: Final = "up to 40 letters, digits, - and _"


@dataclass(frozen=True)
class Document:
    """A configuration that holds: what it gives each of its symbols, and in which words (`trees`,
    the defaults under them). `name` may be empty."""

    name: str
    configs: Mapping[str, EngineConfig]
    trees: Mapping[str, Tree]

    @property
    def digests(self) -> dict[str, str]:
        """What names each symbol's rules in results."""
        return {symbol: config.rules_digest for symbol, config in self.configs.items()}

    def names(self, symbol: str, section: str, setting: str) -> bool:
        """Whether it says what a setting is, be it the default."""
        return setting in _section(self.trees[symbol].get(section, ""))


def parse(text: str, source: str) -> Document:
    """The document in a text; ConfigurationError names `source` and says all that is wrong."""
    try:
        tree, lines = read_yaml(text)
    except YamlError as error:
        raise ConfigurationError(source, [str(error)]) from None
    problems = list(_frame(tree))
    symbols = tree.get("symbols")
    configs: dict[str, EngineConfig] = {}
    trees: dict[str, Tree] = {}
    if isinstance(symbols, Mapping):
        defaults = tree.get("defaults", {})
        for symbol, node in symbols.items():
            if symbol in INSTRUMENTS and _is_section(node) and _is_section(defaults):
                trees[symbol] = merged(_section(defaults), _section(node))
                try:
                    configs[symbol] = _config(symbol, trees[symbol])
                except SettingsError as error:
                    problems += [_placed(one, symbol, lines) for one in error.problems]
    if problems:
        raise ConfigurationError(source, _said(problems, lines))
    return Document(str(tree.get("name", "")), configs, trees)


def _frame(tree: Tree) -> Iterator[Problem]:
    """What is wrong around the settings."""
    for key in tree:
        if key not in KEYS:
            meant = get_close_matches(key, KEYS, n=1)
            hint = f"did you mean {meant[0]}?" if meant else f"known are {', '.join(KEYS)}"
            yield Problem(key, f" is unknown; {hint}")
    version, name = tree.get("version"), tree.get("name", "")
    if version is None:
        yield Problem("version", " is missing; begin with `version: 1`")
    elif version != VERSION:
        yield Problem("version", f" is {_short(version)}; this tradebot reads version {VERSION}")
    if "name" in tree and not (isinstance(name, str) and NAME.fullmatch(name)):
        yield Problem("name", f" is {_short(name)}; use {NAME_WORDS}")
    if not _is_section(tree.get("defaults", {})):
        yield Problem("defaults", " must be a mapping, like {risk: {stop_ticks: 12}}")
    symbols = tree.get("symbols")
    if not isinstance(symbols, Mapping) or not symbols:
        yield Problem("symbols", " must name at least one, like {ES: {}}")
        return
    for symbol, node in symbols.items():
        if symbol not in INSTRUMENTS:
            meant = get_close_matches(symbol.upper(), INSTRUMENTS, n=2)
            known = f"did you mean {' or '.join(meant)}? " if meant else ""
            yield Problem(
                f"symbols.{symbol}", f" is unknown; {known}known are {', '.join(INSTRUMENTS)}"
            )
        elif not _is_section(node):
            yield Problem(f"symbols.{symbol}", " must be a mapping, like {risk: {stop_ticks: 12}}")


def _config(symbol: str, tree: Tree) -> EngineConfig:
    account = tree.get("account")
    if isinstance(account, Mapping) and "id" in account:
        says = " is no part of a configuration; name the account with --account"
        raise SettingsError([Problem("account.id", says)])
    return config_from(symbol, tree)


def _is_section(node: Node) -> bool:
    return isinstance(node, Mapping) or node == ""


def _section(node: Node) -> Tree:
    return node if isinstance(node, Mapping) else {}


def _short(node: Node) -> str:
    return repr(node[:60]) if isinstance(node, str) else "not one value"


def _placed(problem: Problem, symbol: str, lines: Mapping[str, int]) -> Problem:
    """The problem where it was written: under the symbol, or under the defaults."""
    for part in _and_parents(problem.path):
        for top in (f"symbols.{symbol}", "defaults"):
            if f"{top}.{part}" in lines:
                return Problem(f"{top}.{problem.path}", problem.says)
    top = f"symbols.{symbol}"
    return Problem(f"{top}.{problem.path}" if problem.path else top, problem.says)


def _and_parents(path: str) -> Iterator[str]:
    """ "risk.tiers[0].name", "risk.tiers[0]", "risk.tiers", "risk"."""
    while path:
        yield path
        path = path[: max(path.rfind("."), path.rfind("["), 0)]


def _said(problems: list[Problem], lines: Mapping[str, int]) -> list[str]:
    """Each problem once, with its line, in the order of the lines."""
    placed = {
        (next((lines[part] for part in _and_parents(one.path) if part in lines), 0), str(one))
        for one in problems
    }
    return [f"line {line}: {says}" if line else says for line, says in sorted(placed)]
