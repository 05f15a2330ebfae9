"""Errors of the engine. Each message names the value that was wrong and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass


class EngineError(Exception):
    """Base of everything the engine refuses."""


class ConfigError(EngineError, ValueError):
    """A configuration value that cannot be used."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with the setting at a path like `risk.tiers[2].loss_limit`.

    `says` follows the path: " is -5; it must be above 0".
    """

    path: str
    says: str

    def __str__(self) -> str:
        return (self.path + self.says).removeprefix(": ")


class SettingsError(ConfigError):
    """Settings that cannot be used: all that is wrong with them, a line each."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class UnknownSymbolError(EngineError, LookupError):
    """A symbol that no instrument is known for."""


class OffGridError(EngineError, ValueError):
    """A price or quantity that is not a whole number of ticks or lots."""


class InputError(EngineError, ValueError):
    """An input to the engine (ticks, fill, command) that breaks its contract."""
