"""Settings as text: the tree that `engine.settings` reads back, and JSON types for results."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, get_args, get_origin

from engine.scalars import Window, decimal_text, scalar
from engine.settings import GIVEN, NONE, Node, Tree, kinds_of, optional
from engine.times import time_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def as_tree(config: "DataclassInstance", base: "DataclassInstance") -> dict[str, Node]:
    """All settings; read on top of `base` they give `config` again."""
    return _written(config, base, everything=True)


def changes(config: "DataclassInstance", base: "DataclassInstance") -> dict[str, Node]:
    """What differs from `base`; read on top of it they give `config` again."""
    return _written(config, base, everything=False)


def flat(tree: Tree) -> dict[str, str]:
    """A tree's text by path: {"risk.tiers[0].name": "ES 1"}; nothing is `[]` or `{}`."""
    found: dict[str, str] = {}

    def walk(node: Node, path: str) -> None:
        if isinstance(node, str):
            found[path] = node
        elif not node:
            found[path] = "{}" if isinstance(node, Mapping) else "[]"
        elif isinstance(node, Mapping):
            for key, item in node.items():
                walk(item, f"{path}.{key}")
        else:
            for number, item in enumerate(node):
                walk(item, f"{path}[{number}]")

    for key, node in tree.items():
        walk(node, key)
    return found


def plain(value: Any) -> Any:
    """A value of a configuration as JSON types: Decimals as text, names for enums. Equal values
    are written alike."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, float):
        return value + 0.0
    return decimal_text(value) if isinstance(value, Decimal) else value


def _written(config: Any, base: Any, *, everything: bool) -> dict[str, Node]:
    tree: dict[str, Node] = {}
    for name, kind in kinds_of(type(config)).items():
        value, old = getattr(config, name), getattr(base, name)
        if name == GIVEN:
            continue
        if is_dataclass(kind):
            section = _written(value, old, everything=everything)
            if section:
                tree[name] = section
        elif everything or value != old:
            tree[name] = _node(value, kind, old, everything)
    return tree


def _node(value: Any, kind: Any, old: Any, everything: bool) -> Node:
    if is_dataclass(kind):
        kinds = kinds_of(kind)  # type: ignore[arg-type]
        return {name: _node(getattr(value, name), kinds[name], None, True) for name in kinds}
    if kind == Window:
        return {"from": time_text(value[0]), "to": time_text(value[1])}
    if wanted := optional(kind):
        return NONE if value is None else _node(value, wanted, None, True)
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        return [_node(item, arguments[0], None, True) for item in value]
    if get_origin(kind) is Mapping:
        return _entries_of(value, arguments, old or {}, everything)
    writer = scalar(kind)
    if writer is None:
        raise TypeError(f"settings of type {kind} cannot be written")
    return writer.write(value)


def _entries_of(
    value: Mapping[Any, Any], kinds: tuple[Any, ...], old: Mapping[Any, Any], everything: bool
) -> dict[str, Node]:
    key_kind, kind = kinds
    names = scalar(key_kind)
    if names is None:
        raise TypeError(f"settings by {key_kind} cannot be written")
    written: dict[str, Node] = {
        names.write(key): _node(item, kind, None, True)
        for key, item in value.items()
        if everything or key not in old or old[key] != item
    }
    return written | {names.write(key): NONE for key in old if key not in value}
