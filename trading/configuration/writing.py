"""Configurations as YAML that reads well and is read back: a line a setting, short lists in one."""

from typing import Any

import yaml
from yaml.emitter import Emitter
from yaml.representer import SafeRepresenter
from yaml.resolver import BaseResolver
from yaml.serializer import Serializer

from engine.config import EngineConfig
from engine.settings import Node, Tree


class _Dumper(Emitter, Serializer, SafeRepresenter, BaseResolver):
    """Knows text alone, so that numbers need no quotes."""

    def __init__(self, stream: Any, **options: Any) -> None:
        Emitter.__init__(self, stream, allow_unicode=True, width=1000)
        Serializer.__init__(self)
        SafeRepresenter.__init__(self, sort_keys=False)
        BaseResolver.__init__(self)

    def ignore_aliases(self, data: Any) -> bool:
        return True


class _Entry(dict[str, Any]):
    """A mapping inside a list: on one line."""


def _list(dumper: _Dumper, items: list[Any]) -> yaml.Node:
    words = all(isinstance(item, str) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=words)


_Dumper.add_representer(list, _list)
_Dumper.add_representer(
    dict,
    lambda dumper, tree: dumper.represent_mapping(
        "tag:yaml.org,2002:map", tree.items(), flow_style=not tree
    ),
)
_Dumper.add_representer(
    _Entry,
    lambda dumper, tree: dumper.represent_mapping(
        "tag:yaml.org,2002:map", tree.items(), flow_style=True
    ),
)


def yaml_text(tree: Tree) -> str:
    """A tree of text as YAML; `reading.read_yaml` gives the same tree again."""
    text: str = yaml.dump(_styled(tree), Dumper=_Dumper)
    return text


def document_text(
    configs: dict[str, EngineConfig], *, changed: bool = False, name: str = ""
) -> str:
    """A configuration file for these symbols: every setting, or what differs from the defaults."""
    tree: dict[str, Node] = {"version": "1"}
    if name:
        tree["name"] = name
    tree["symbols"] = {symbol: _settings(config, changed) for symbol, config in configs.items()}
    return yaml_text(tree)


def _settings(config: EngineConfig, changed: bool) -> Tree:
    """Without the account's name, which is not a configuration's to say."""
    tree = dict(config.as_tree(changed=changed))
    account = tree.pop("account", {})
    if isinstance(account, dict):
        kept = {key: value for key, value in account.items() if key != "id"}
        if kept:
            tree["account"] = kept
    return tree


def _styled(node: Node) -> Any:
    if isinstance(node, str):
        return node
    if isinstance(node, dict):
        return {key: _styled(item) for key, item in node.items()}
    return [_Entry(item) if isinstance(item, dict) else item for item in node]
