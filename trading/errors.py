"""Errors of trading. Each message is one line: what was wrong with which value, what to do."""


class TradingError(Exception):
    """Base of everything trading refuses."""


class OptionError(TradingError, ValueError):
    """An option or setting that cannot be used."""


class StartError(TradingError):
    """Something outside prevents the start: the database, the port, another process."""


class ExplainError(TradingError):
    """A trade that cannot be found, or not be replayed."""
