"""Errors of the engine. Each message names the value that was wrong and what to do about it."""


class EngineError(Exception):
    """Base of everything the engine refuses."""


class ConfigError(EngineError, ValueError):
    """A configuration value that cannot be used."""


class UnknownSymbolError(EngineError, LookupError):
    """A symbol that no instrument is known for."""


class OffGridError(EngineError, ValueError):
    """A price or quantity that is not a whole number of ticks or lots."""


class InputError(EngineError, ValueError):
    """An input to the engine (ticks, fill, command) that breaks its contract."""
