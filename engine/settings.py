"""Settings from text and back, driven by the dataclasses that hold them.

Nothing here knows a section or a setting by name: what a dataclass declares can be set.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from decimal import Decimal, InvalidOperation
from enum import Enum
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, TypeVar, get_type_hints

from engine.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Config = TypeVar("Config", bound="DataclassInstance")

GIVEN: Final = "instrument"
"""The section that is no setting: it follows from the symbol."""


def override(config: Config, values: Mapping[str, str]) -> Config:
    """A copy with dotted settings replaced, parsed by the type of each ("risk.stop_ticks")."""
    for key, text in values.items():
        section, _, name = key.partition(".")
        rules = getattr(config, section, None)
        hints = get_type_hints(type(rules)) if is_dataclass(rules) else {}
        if section == GIVEN or name not in hints:
            raise ConfigError(f"unknown setting {key!r}; known are {', '.join(settings(config))}")
        value = _parse(key, text, hints[name])
        config = replace(config, **{section: replace(rules, **{name: value})})  # type: ignore[type-var]
    return config


def settings(config: "DataclassInstance") -> list[str]:
    """The dotted names that `override` takes."""
    return [
        f"{section.name}.{item.name}"
        for section in fields(config)
        if section.name != GIVEN
        for item in fields(getattr(config, section.name))
        if get_type_hints(type(getattr(config, section.name)))[item.name] in _PARSERS
    ]


def plain(value: Any) -> Any:
    """A value of a configuration as JSON types: Decimals as text, names for enums."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Enum):
        return value.name
    return str(value) if isinstance(value, Decimal) else value


def _bool(text: str) -> bool:
    return {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}[
        text.lower()
    ]


_PARSERS: Final[Mapping[object, Any]] = {
    int: int, float: float, str: str, Decimal: Decimal, bool: _bool,
}  # fmt: skip


def _parse(key: str, text: str, kind: object) -> object:
    parser = _PARSERS.get(kind)
    if parser is None:
        raise ConfigError(f"{key} cannot be set from text")
    try:
        value = parser(text)
    except (ValueError, KeyError, InvalidOperation):
        name = getattr(kind, "__name__", str(kind))
        raise ConfigError(f"{key}={text!r} is not a valid {name}") from None
    if isinstance(value, float | Decimal) and not isfinite(value):
        raise ConfigError(f"{key}={text!r} is not a number")
    return value
