"""Settings as a tree of text, read into dataclasses; `engine.written` writes them.

>>> tree = {"risk": {"stop_ticks": "12"}, "router": {"matrix": {"UNFINISHED_LOW": ["RANGING"]}}}
>>> changes(read(engine_config("ES"), tree), engine_config("ES")) == tree
True

A tree has mappings, lists and text, so that no Decimal passes through a float. It names what is to
be different: in mappings what is not named stays, and `none` takes an entry out; lists replace.
Nothing here knows a setting by name: what the dataclasses declare can be set. All that is wrong is
said at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Any,
    Final,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from engine.errors import ConfigError, EngineError, Problem, SettingsError
from engine.scalars import Window, scalar
from engine.times import read_time

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Node: TypeAlias = "str | Sequence[Node] | Mapping[str, Node]"
Tree: TypeAlias = Mapping[str, Node]
Config = TypeVar("Config", bound="DataclassInstance")

GIVEN: Final = "instrument"
"""The section that is no setting: it follows from the symbol."""
NONE: Final = "none"
_NONES: Final = (NONE, "null", "~")


def read(config: Config, tree: Tree) -> Config:
    """A copy with what the tree names replaced; SettingsError holds everything that is wrong."""
    made: Config = _Reader(config).fields(config, tree, "")
    return made


def settings(config: "DataclassInstance") -> dict[str, object]:
    """Every setting's dotted name with its type."""
    return {
        f"{section.name}.{name}": kind
        for section in fields(config)
        if section.name != GIVEN
        for name, kind in kinds_of(type(getattr(config, section.name))).items()
    }


def is_text(kind: object) -> bool:
    """Whether a setting of this type is one value, written in one word."""
    return scalar(optional(kind) or kind) is not None


def merged(below: Tree, above: Tree) -> dict[str, Node]:
    """Both trees; where they meet the one above counts, mapping by mapping."""
    both = dict(below)
    for key, node in above.items():
        old = both.get(key)
        if isinstance(old, Mapping) and isinstance(node, Mapping):
            both[key] = merged(old, node)
        elif not (isinstance(old, Mapping) and node == ""):
            both[key] = node
    return both


def kinds_of(rules: type) -> dict[str, Any]:
    """A dataclass's fields with their types."""
    return get_type_hints(rules, include_extras=True)


def optional(kind: object) -> object:
    """The X of `X | None`; None for other types."""
    if get_origin(kind) not in (Union, UnionType):
        return None
    return next(item for item in get_args(kind) if item is not NoneType)


class _Reader:
    """Reads nodes by type. `known` are all dotted names, to guess what was meant."""

    def __init__(self, config: "DataclassInstance") -> None:
        self.known = settings(config)

    def fields(self, old: Any, node: Node, path: str) -> Any:
        """A dataclass of which the node names some fields."""
        kinds, values = kinds_of(type(old)), {}
        problems: list[Problem] = []
        for key, item in _mapping(node, path).items():
            place = f"{path}.{key}" if path else key
            try:
                if place == GIVEN or key not in kinds:
                    raise self._unknown(path, key, kinds)
                values[key] = self.value(item, kinds[key], getattr(old, key), place)
            except SettingsError as error:
                problems += error.problems
        made, wrong = _replaced(old, values, path)
        if problems or wrong:
            raise SettingsError([*problems, *wrong])
        return made

    def value(self, node: Node, kind: Any, old: Any, place: str) -> Any:
        """Any type; `old` is what the setting is now, None where it is new."""
        if is_dataclass(kind):
            return (
                self.fields(old, node, place) if old is not None else self._new(kind, node, place)
            )
        if kind == Window:
            return _window(node, place)
        if wanted := optional(kind):
            if isinstance(node, str) and node.lower() in _NONES:
                return None
            return self.value(node, wanted, old, place)
        arguments = get_args(kind)
        if get_origin(kind) is tuple:
            return tuple(self._items(node, arguments[0], place))
        if get_origin(kind) is Mapping:
            return self._entries(node, arguments, old or {}, place)
        return _scalar(node, kind, place)

    def _items(self, node: Node, kind: Any, place: str) -> list[Any]:
        if isinstance(node, str | Mapping):
            raise _wrong(place, node, "it must be a list")
        items = []
        problems: list[Problem] = []
        for number, item in enumerate(node):
            try:
                items.append(self.value(item, kind, None, f"{place}[{number}]"))
            except SettingsError as error:
                problems += error.problems
        if problems:
            raise SettingsError(problems)
        return items

    def _entries(
        self, node: Node, kinds: tuple[Any, ...], old: Mapping[Any, Any], place: str
    ) -> dict[Any, Any]:
        key_kind, kind = kinds
        entries = dict(old)
        problems: list[Problem] = []
        names = getattr(key_kind, "__members__", None)
        for name, item in _mapping(node, place).items():
            try:
                if names is not None and name not in names:
                    raise self._unknown(place, name, names)
                key = _scalar(name, key_kind, place)
                if isinstance(item, str) and item.lower() in _NONES:
                    entries.pop(key, None)
                else:
                    entries[key] = self.value(item, kind, None, f"{place}.{name}")
            except SettingsError as error:
                problems += error.problems
        if problems:
            raise SettingsError(problems)
        return entries

    def _new(self, kind: Any, node: Node, place: str) -> Any:
        """A dataclass of which the node names all fields."""
        kinds, values = kinds_of(kind), {}
        problems: list[Problem] = []
        tree = _mapping(node, place)
        for key, item in tree.items():
            try:
                if key not in kinds:
                    raise self._unknown(place, key, kinds)
                values[key] = self.value(item, kinds[key], None, f"{place}.{key}")
            except SettingsError as error:
                problems += error.problems
        missing = [name for name in kinds if name not in tree]
        if missing:
            problems.append(Problem(place, f" lacks {', '.join(missing)}"))
        if problems:
            raise SettingsError(problems)
        try:
            return kind(**values)
        except EngineError as error:
            raise SettingsError([_problem(error, kind, place)]) from None

    def _unknown(self, path: str, key: str, here: Mapping[str, object]) -> SettingsError:
        if not path and key == GIVEN:
            return SettingsError([Problem(key, " is no setting; it follows from the symbol")])
        names = [name for name in here if path or name != GIVEN]
        last = {name.partition(".")[2]: name for name in self.known}
        meant = [last[key]] if key in last else get_close_matches(key, names, n=2)
        meant = meant or [last[name] for name in get_close_matches(key, last, n=2, cutoff=0.8)]
        place = f"{path}.{key}" if path else key
        hint = f"did you mean {' or '.join(meant)}?" if meant else f"known are {', '.join(names)}"
        return SettingsError([Problem(place, f" is unknown; {hint}")])


def _wrong(place: str, node: Node, must: str) -> SettingsError:
    if isinstance(node, str):
        said = f" is {node[:60]!r}" if node else " has no value"
    else:
        said = " is a mapping" if isinstance(node, Mapping) else " is a list"
    return SettingsError([Problem(place, f"{said}; {must}")])


def _mapping(node: Node, place: str) -> Tree:
    """Nothing at all counts as an empty mapping: a section whose lines are all commented out."""
    if node == "":
        return {}
    if not isinstance(node, Mapping):
        raise _wrong(place, node, "it must be a mapping, like {name: value}")
    return node


def _scalar(node: Node, kind: object, place: str) -> Any:
    reader = scalar(kind)
    if reader is None:
        raise TypeError(f"{place}: settings of type {kind} cannot be read")
    if not isinstance(node, str):
        raise _wrong(place, node, f"it must be {reader.what}")
    try:
        return reader.read(node)
    except ValueError:
        raise _wrong(place, node, f"it must be {reader.what}") from None


def _window(node: Node, place: str) -> tuple[int, int]:
    tree = _mapping(node, place)
    if set(tree) != {"from", "to"}:
        raise _wrong(place, node, "it must be {from: TIME, to: TIME}")
    times = []
    problems: list[Problem] = []
    for name in ("from", "to"):
        item = tree[name]
        try:
            if not isinstance(item, str):
                raise ValueError("it must be a time")
            times.append(read_time(item))
        except ValueError as error:
            problems += _wrong(f"{place}.{name}", item, str(error)).problems
    if problems:
        raise SettingsError(problems)
    return times[0], times[1]


def _replaced(old: Any, values: Mapping[str, Any], path: str) -> tuple[Any, list[Problem]]:
    """`old` with the values that its rules allow, and what they said of the others.

    Rules say one thing at a time. The value without which they no longer complain of the same
    setting is the one that they mean; without it they are asked again. No single one: that is all
    that can be said.
    """
    left, problems = dict(values), []
    while (problem := _refusal(old, left, path)) is not None:
        problems.append(problem)
        for name in sorted(left, key=lambda name: not problem.path.endswith(name)):
            without = {key: value for key, value in left.items() if key != name}
            rest = _refusal(old, without, path)
            if rest is None or rest.path != problem.path:
                left = without
                break
        else:
            return old, problems
    return replace(old, **left), problems


def _refusal(old: Any, values: Mapping[str, Any], path: str) -> Problem | None:
    try:
        replace(old, **values)
    except EngineError as error:
        return _problem(error, type(old), path)
    return None


def _problem(error: EngineError, kind: type, path: str) -> Problem:
    """What a dataclass said of itself, with the path to it.

    It begins with "Class.field" when it is about one: "RiskRules.stop_ticks is 0; ...".
    """
    text = str(error)
    named = text.removeprefix(f"{kind.__name__}.")
    if named == text:
        return Problem(path, f": {text}")
    name = named.split(" ")[0].rstrip(":")
    return Problem(f"{path}.{name}" if path else name, named.removeprefix(name))


def nested(values: Mapping[str, str]) -> dict[str, Node]:
    """Dotted names as a tree: {"risk.stop_ticks": "12"} is {"risk": {"stop_ticks": "12"}}."""
    tree: dict[str, dict[str, Node]] = {}
    for name, text in values.items():
        section, _, key = name.partition(".")
        tree.setdefault(section, {})[key] = text
    return dict(tree)


def overrides(config: "DataclassInstance", values: Mapping[str, str]) -> dict[str, Node]:
    """The tree of dotted settings; ConfigError for one that is unknown or not a single value."""
    kinds = settings(config)
    for name in values:
        if name not in kinds:
            meant = get_close_matches(name, kinds, n=1, cutoff=0.8)
            guess = f"did you mean {meant[0]}? " if meant else ""
            raise ConfigError(f"unknown setting {name!r}; {guess}known are {', '.join(kinds)}")
        if not is_text(kinds[name]):
            raise ConfigError(f"{name} cannot be set from text; write it in a configuration file")
    return nested(values)
